import net from 'node:net'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/database/knex-pool.js'
import { subscribe } from '../../src/database/listener.js'
import { openTickets, type ShowDetails, type Tickets } from '../../src/index.js'
import { watchShow } from '../../src/shows/watch-show.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { isStatement, openProxy } from '../support/proxy.js'
import { insertShow } from '../support/shows.js'
import { until } from '../support/until.js'

let db: TestDatabase
let tickets: Tickets
const opened: Tickets[] = []
beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((box) => box.close()))
})

/** Somebody who looks at a house, from a box office of their own. */
function look(show: string, options: { database?: string; signal?: AbortSignal } = {}) {
  const box = openTickets({ database: options.database ?? db.url })
  opened.push(box)
  return box.watchShow(show, options)
}

const next = async (houses: AsyncGenerator<ShowDetails>): Promise<ShowDetails> =>
  (await houses.next()).value

/** Sees houses until one is as expected. */
async function sees(houses: AsyncGenerator<ShowDetails>, isIt: (house: ShowDetails) => boolean) {
  while (!isIt(await next(houses)));
}

/**
 * The regular look of a watch that begins now: it alone shows a change that causes no wake-up. A
 * watch that begins later, and has nothing else to make it look, looks later.
 */
async function nextRegularLook() {
  const core = openCore(db)
  const [renamed, kept] = [await insertShow(db), await insertShow(db)]
  // Keeps the listener open, so that its start wakes no watch that comes later.
  const subscription = subscribe(core, kept, () => {})
  await until(() => subscription.isLive)
  const ending = new AbortController()
  const houses = watchShow(core, renamed, { signal: ending.signal })
  await next(houses)
  const look = { hasCome: false, core, end: () => Promise.resolve() }
  await db.sql(`update shows set name = 'Renamed' where id = $1`, [renamed])
  const seen = houses.next().then(() => {
    look.hasCome = true
  })
  look.end = async () => {
    ending.abort()
    await seen
    subscription.close()
    await core.close()
  }
  return look
}

/**
 * Repeats the work until it ends before the next regular look. A busy machine may be late at times; a
 * watch that is woken by nothing is late each time.
 */
async function beforeRegularLook(work: (core: Database) => Promise<void>): Promise<void> {
  for (let isBefore = false; !isBefore; ) {
    const regular = await nextRegularLook()
    try {
      await work(regular.core)
      isBefore = !regular.hasCome
    } finally {
      await regular.end()
    }
  }
}

/**
 * Returns when a watch that was asked for its next house before now waits for a wake-up: until then
 * it rests, for as long as the one here does.
 */
async function untilRested(core: Database): Promise<void> {
  const show = await insertShow(db)
  const houses = watchShow(core, show)
  await next(houses)
  await tickets.book(show, { seats: '1' })
  await next(houses)
  await houses.return(undefined)
}

const listeners = () =>
  db.sql(`select pid from pg_stat_activity where datname = current_database()
          and query ilike 'listen %'`)

/** Waits until so many connections listen. */
async function listening(count: number): Promise<void> {
  await until(async () => (await listeners()).length === count)
}

it('shows the house at once, and every sale, hold and release before the next regular look', () =>
  beforeRegularLook(async (core) => {
    const show = await insertShow(db)
    const houses = watchShow(core, show)
    expect(await next(houses)).toMatchObject({ id: show, totalSeats: 10 })
    const sold = sees(houses, (house) => house.booked.has(5))
    await untilRested(core)
    await tickets.book(show, { seats: '5' })
    await sold
    const { booking } = await tickets.book(show, { seats: '6', hold: 'forever' })
    await sees(houses, (house) => house.held.has(6))
    await tickets.cancelBooking(booking.reference)
    await sees(houses, (house) => !house.held.has(6))
    await houses.return(undefined)
  }))

it('every sale, hold, confirmation, move and release wakes those who watch the show, and no others', async () => {
  const core = openCore(db)
  const [show, other] = [await insertShow(db), await insertShow(db)]
  const wakes = { show: 0, other: 0 }
  const subscriptions = [
    subscribe(core, show, () => wakes.show++),
    subscribe(core, other, () => wakes.other++),
  ]
  await until(() => subscriptions[0]!.isLive)
  const wokenBefore = wakes.other
  const { booking } = await tickets.book(show, { seats: '1', hold: 'forever' })
  const changes = [
    () => tickets.confirmBooking(booking.reference),
    () => tickets.moveBooking(booking.reference, { to: '2' }),
    () => tickets.cancelBooking(booking.reference),
    () => tickets.book(show, { seats: '1' }),
  ]
  // That of the hold may come late: it must not be taken for the next one's.
  await until(() => wakes.show === 2)
  for (const [i, change] of changes.entries()) {
    await change()
    await until(() => wakes.show === i + 3)
  }
  expect(wakes.other).toBe(wokenBefore)
  for (const each of subscriptions) each.close()
  await core.close()
})

it('shows before the next regular look that a hold has expired, though nothing wakes it', () =>
  beforeRegularLook(async (core) => {
    const show = await insertShow(db)
    await tickets.book(show, { seats: '1', hold: 'forever' })
    const houses = watchShow(core, show)
    expect((await next(houses)).held.has(1)).toBe(true)
    // Without the triggers, no notification is sent, as when a hold expires.
    await db.sql(
      `set session_replication_role = replica;
       update bookings set held_until = now() where show_id = '${show}';
       reset session_replication_role`,
    )
    await sees(houses, (house) => !house.held.has(1))
    await houses.return(undefined)
  }))

it('every step of a booking wakes the watches of its show, and a move those of the show that it leaves', async () => {
  const [here, there] = [await insertShow(db), await insertShow(db)]
  const { booking: hold } = await tickets.book(here, { seats: '1-3', hold: 'forever' })
  const steps: [() => Promise<unknown>, string[]][] = [
    [() => tickets.book(here, { seats: '9' }), [here]],
    [() => tickets.book(here, { seats: '8', hold: 60_000 }), [here]],
    [() => tickets.confirmBooking(hold.id, { seats: '3' }), [here]],
    [() => tickets.confirmBooking(hold.id), [here]],
    [() => tickets.cancelBooking(hold.id, { seats: '2' }), [here]],
    [() => tickets.moveBooking(hold.id, { to: '5' }), [here]],
    [() => tickets.moveBooking(hold.id, { to: '6', toShow: there }), [here, there]],
    [() => tickets.cancelBooking(hold.id), [there]],
  ]
  const listener = new pg.Client(db.url)
  await listener.connect()
  const woken: (string | undefined)[] = []
  listener.on('notification', ({ payload }) => woken.push(payload))
  await listener.query('listen tickets_seats')
  for (const [step, shows] of steps) {
    await step()
    await db.sql(`select pg_notify('tickets_seats', 'end')`)
    await until(() => woken.includes('end'))
    const heard = new Set(woken.splice(0))
    expect(heard, String(step)).toEqual(new Set([...shows, 'end']))
  }
  await listener.end()
})

it('shows many sales as few houses, the last of them complete', async () => {
  const show = await insertShow(db, { seats: 200 })
  const houses = look(show)
  await next(houses)
  await listening(1)
  const bookings = Array.from({ length: 200 }, () => tickets.book(show, { count: 1 }))
  let seen = 0
  await sees(houses, ({ booked }) => {
    seen++
    return booked.size === 200
  })
  await Promise.all(bookings)
  expect(seen).toBeLessThan(20)
  await houses.return(undefined)
})

it('says nothing while nothing changes, and ends when it is stopped', async () => {
  const show = await insertShow(db)
  const other = await insertShow(db)
  const ending = new AbortController()
  const houses = look(show, { signal: ending.signal })
  await next(houses)
  await listening(1)
  let hasSeen = false
  const end = houses.next().then((result) => {
    hasSeen = true
    return result
  })
  // A sale elsewhere, and a refusal here: the house stays as it is.
  await tickets.book(other, { seats: '1' })
  await tickets.book(show, { seats: '11' }).catch(() => {})
  const watched = look(other)
  await next(watched)
  await watched.return(undefined)
  expect(hasSeen).toBe(false)
  ending.abort()
  expect(await end).toEqual({ done: true, value: undefined })
  await listening(0)
})

it('goes on when its connection is lost, before it listens again', async () => {
  const show = await insertShow(db)
  const proxy = await openProxy(db.url)
  let looks = 0
  proxy.decide(({ from, type, text }) => {
    if (from === 'server' && type === 'D' && text.includes(show)) looks++
    return 'pass'
  })
  const box = openTickets({ database: proxy.url })
  opened.push(box)
  const houses = box.watchShow(show)
  await next(houses)
  await listening(1)
  const looksBefore = looks
  const sold = sees(houses, (house) => house.booked.has(1))
  await db.sql('select pg_terminate_backend($1)', [(await listeners())[0]!.pid])
  // The loss itself makes it look. What is sold after that, it sees because it goes on to look.
  await until(() => box.connections.listening === 0 && looks > looksBefore)
  await tickets.book(show, { seats: '1' })
  await sold
  expect(box.connections.listening).toBe(0)
  await listening(1)
  await houses.return(undefined)
  await proxy.close()
})

it('twenty watches of one box office share one listener, and all of them survive its loss', async () => {
  const box = openTickets({ database: db.url })
  opened.push(box)
  const shows = await Promise.all(Array.from({ length: 20 }, () => insertShow(db)))
  const watches = shows.map((show) => box.watchShow(show))
  await Promise.all(watches.map(next))
  await listening(1)
  await db.sql('select pg_terminate_backend($1)', [(await listeners())[0]!.pid])
  await Promise.all(shows.map((show) => tickets.book(show, { seats: '1' })))
  await Promise.all(watches.map((watch) => sees(watch, (house) => house.booked.has(1))))
  await listening(1)
  await Promise.all(shows.map((show) => tickets.book(show, { seats: '2' })))
  await Promise.all(watches.map((watch) => sees(watch, (house) => house.booked.has(2))))
  expect(box.connections.listening).toBe(1)
  await Promise.all(watches.slice(1).map((watch) => watch.return(undefined)))
  expect(box.connections.listening).toBe(1)
  await watches[0]!.return(undefined)
  await listening(0)
  expect(box.connections.listening).toBe(0)
})

it('a sale between the first look and its answer is seen before the next regular look', () =>
  beforeRegularLook(async () => {
    const proxy = await openProxy(db.url)
    const core = openCore({ ...db, url: proxy.url })
    const [kept, sold] = [await insertShow(db), await insertShow(db)]
    // Keeps the listener open, so that its start wakes no watch that comes later.
    const subscription = subscribe(core, kept, () => {})
    await until(() => subscription.isLive)
    let answer = () => {}
    let rows = 0
    proxy.decide(({ from, type, text }) => {
      // The first row with this id is its house.
      if (from !== 'server' || type !== 'D' || !text.includes(sold) || ++rows !== 1) return 'pass'
      return new Promise((resolve) => {
        answer = resolve
      })
    })
    const watch = watchShow(core, sold)
    const house = next(watch)
    await until(() => rows === 1)
    await tickets.book(sold, { seats: '1' })
    answer()
    expect((await house).booked.size).toBe(0)
    await sees(watch, ({ booked }) => booked.has(1))
    await watch.return(undefined)
    subscription.close()
    await core.close()
    await proxy.close()
  }))

it('a listener that gets no answer tries again on another connection', async () => {
  const proxy = await openProxy(db.url)
  let swallowed = 0
  proxy.decide((message) => {
    if (!isStatement(message, 'listen') || swallowed > 0) return 'pass'
    swallowed++
    return new Promise(() => {})
  })
  const core = openCore({ ...db, url: proxy.url })
  const subscription = subscribe(core, await insertShow(db), () => {})
  await until(() => subscription.isLive)
  expect(swallowed).toBe(1)
  subscription.close()
  await core.close()
  await proxy.close()
})

it('polls behind a pooler that drops notifications', async () => {
  const pooler = await mutePooler(db.url)
  await beforeRegularLook(async () => {
    const show = await insertShow(db)
    const houses = look(show, { database: pooler.url })
    await next(houses)
    await listening(2)
    for (const seat of ['1', '2']) {
      const sold = sees(houses, (house) => house.booked.has(Number(seat)))
      await tickets.book(show, { seats: seat })
      await sold
    }
    await houses.return(undefined)
    await listening(1)
  })
  expect(pooler.withheld).toBeGreaterThan(0)
  pooler.close()
})

it('throws for a show that does not exist', async () => {
  await expect(next(look('no such show'))).rejects.toMatchObject({ code: 'SHOW_NOT_FOUND' })
})

/** A proxy that takes every NotificationResponse out of what the server sends. */
async function mutePooler(url: string) {
  const { searchParams, username, pathname } = new URL(url.replace('@/', '@x/'))
  const path = `${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`
  const sockets = new Set<net.Socket>()
  const pooler = { withheld: 0, url: '', close: () => {} }
  const server = net.createServer((client) => {
    const upstream = net.connect(path)
    sockets.add(client).add(upstream)
    client.on('error', () => {}).on('close', () => upstream.destroy())
    upstream.on('error', () => {}).on('close', () => client.destroy())
    client.pipe(upstream)
    let rest = Buffer.alloc(0)
    upstream.on('data', (data) => {
      rest = Buffer.concat([rest, data])
      for (let size = 0; rest.length >= 5; rest = rest.subarray(size)) {
        size = 1 + rest.readInt32BE(1)
        if (rest.length < size) return
        if (rest[0] === 'A'.charCodeAt(0)) pooler.withheld++
        else client.write(rest.subarray(0, size))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  pooler.url = `postgresql://${username}@127.0.0.1:${port}${pathname}?sslmode=disable`
  pooler.close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return pooler
}
