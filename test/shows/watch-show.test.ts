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

/** Watches a show in a separate box office. */
function watch(show: string, options: { database?: string; signal?: AbortSignal } = {}) {
  const box = openTickets({ database: options.database ?? db.url })
  opened.push(box)
  return box.watchShow(show, options)
}

const next = async (houses: AsyncGenerator<ShowDetails>): Promise<ShowDetails> =>
  (await houses.next()).value

/** Reads houses until one is as expected. */
async function untilHouse(
  houses: AsyncGenerator<ShowDetails>,
  isIt: (house: ShowDetails) => boolean,
) {
  while (!isIt(await next(houses)));
}

/**
 * Starts a watch whose next poll alone shows a change that causes no wake-up. A watch that begins
 * later, and is not woken, polls later.
 */
async function nextPoll() {
  const core = openCore(db)
  const [renamed, kept] = [await insertShow(db), await insertShow(db)]
  // Keep the listener open, so that its start wakes no later watch.
  const subscription = subscribe(core, kept, () => {})
  await until(() => subscription.isLive)
  const ending = new AbortController()
  const houses = watchShow(core, renamed, { signal: ending.signal })
  await next(houses)
  const poll = { hasCome: false, core, end: () => Promise.resolve() }
  await db.sql(`update shows set name = 'Renamed' where id = $1`, [renamed])
  const seen = houses.next().then(() => {
    poll.hasCome = true
  })
  poll.end = async () => {
    ending.abort()
    await seen
    subscription.close()
    await core.close()
  }
  return poll
}

/**
 * Repeats the work until it ends before the next poll. A busy machine may be late now and then; a
 * watch that nothing wakes is late each time.
 */
async function beforePoll(work: (core: Database) => Promise<void>): Promise<void> {
  for (let isBefore = false; !isBefore; ) {
    const regular = await nextPoll()
    try {
      await work(regular.core)
      isBefore = !regular.hasCome
    } finally {
      await regular.end()
    }
  }
}

/**
 * Returns when a watch that was asked for its next house before this call waits for a wake-up:
 * until then, it rests as long as this one does.
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

/** Waits until `count` connections listen. */
async function listening(count: number): Promise<void> {
  await until(async () => (await listeners()).length === count)
}

it('shows the house at once, and every sale, hold and release before the next poll', () =>
  beforePoll(async (core) => {
    const show = await insertShow(db)
    const houses = watchShow(core, show)
    expect(await next(houses)).toMatchObject({ id: show, totalSeats: 10 })
    const sold = untilHouse(houses, (house) => house.booked.has(5))
    await untilRested(core)
    await tickets.book(show, { seats: '5' })
    await sold
    const { booking } = await tickets.book(show, { seats: '6', hold: 'forever' })
    await untilHouse(houses, (house) => house.held.has(6))
    await tickets.cancelBooking(booking.reference)
    await untilHouse(houses, (house) => !house.held.has(6))
    await houses.return(undefined)
  }))

it('every sale, hold, confirmation, move and release wakes the watches of the show, and no others', async () => {
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
  // The wake-up of the hold may come late: it must not be counted as the next one.
  await until(() => wakes.show === 2)
  for (const [i, change] of changes.entries()) {
    await change()
    await until(() => wakes.show === i + 3)
  }
  expect(wakes.other).toBe(wokenBefore)
  for (const each of subscriptions) each.close()
  await core.close()
})

it('shows an expired hold before the next poll, although no wake-up is sent', () =>
  beforePoll(async (core) => {
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
    await untilHouse(houses, (house) => !house.held.has(1))
    await houses.return(undefined)
  }))

it('every step of a booking wakes the watches of its show, and a move also those of the show that it leaves', async () => {
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
  const houses = watch(show)
  await next(houses)
  await listening(1)
  const bookings = Array.from({ length: 200 }, () => tickets.book(show, { count: 1 }))
  let seen = 0
  await untilHouse(houses, ({ booked }) => {
    seen++
    return booked.size === 200
  })
  await Promise.all(bookings)
  expect(seen).toBeLessThan(20)
  await houses.return(undefined)
})

it('yields nothing while nothing changes, and ends when it is stopped', async () => {
  const show = await insertShow(db)
  const other = await insertShow(db)
  const ending = new AbortController()
  const houses = watch(show, { signal: ending.signal })
  await next(houses)
  await listening(1)
  let hasSeen = false
  const end = houses.next().then((result) => {
    hasSeen = true
    return result
  })
  // A sale in another show, and a refusal in this one: the house stays the same.
  await tickets.book(other, { seats: '1' })
  await tickets.book(show, { seats: '11' }).catch(() => {})
  const watched = watch(other)
  await next(watched)
  await watched.return(undefined)
  expect(hasSeen).toBe(false)
  ending.abort()
  expect(await end).toEqual({ done: true, value: undefined })
  await listening(0)
})

it('continues when its connection is lost, before it listens again', async () => {
  const show = await insertShow(db)
  const proxy = await openProxy(db.url)
  let polls = 0
  proxy.decide(({ from, type, text }) => {
    if (from === 'server' && type === 'D' && text.includes(show)) polls++
    return 'pass'
  })
  const box = openTickets({ database: proxy.url })
  opened.push(box)
  const houses = box.watchShow(show)
  await next(houses)
  await listening(1)
  const pollsBefore = polls
  const sold = untilHouse(houses, (house) => house.booked.has(1))
  await db.sql('select pg_terminate_backend($1)', [(await listeners())[0]!.pid])
  // The loss of the connection makes it poll. It sees later sales because it continues to poll.
  await until(() => box.connections.listening === 0 && polls > pollsBefore)
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
  await Promise.all(watches.map((watch) => untilHouse(watch, (house) => house.booked.has(1))))
  await listening(1)
  await Promise.all(shows.map((show) => tickets.book(show, { seats: '2' })))
  await Promise.all(watches.map((watch) => untilHouse(watch, (house) => house.booked.has(2))))
  expect(box.connections.listening).toBe(1)
  await Promise.all(watches.slice(1).map((watch) => watch.return(undefined)))
  expect(box.connections.listening).toBe(1)
  await watches[0]!.return(undefined)
  await listening(0)
  expect(box.connections.listening).toBe(0)
})

it('a sale between the first read and its result is seen before the next poll', () =>
  beforePoll(async () => {
    const proxy = await openProxy(db.url)
    const core = openCore({ ...db, url: proxy.url })
    const [kept, sold] = [await insertShow(db), await insertShow(db)]
    // Keep the listener open, so that its start wakes no later watch.
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
    await untilHouse(watch, ({ booked }) => booked.has(1))
    await watch.return(undefined)
    subscription.close()
    await core.close()
    await proxy.close()
  }))

it('a listener that gets no reply tries again on another connection', async () => {
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
  await beforePoll(async () => {
    const show = await insertShow(db)
    const houses = watch(show, { database: pooler.url })
    await next(houses)
    await listening(2)
    for (const seat of ['1', '2']) {
      const sold = untilHouse(houses, (house) => house.booked.has(Number(seat)))
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
  await expect(next(watch('no such show'))).rejects.toMatchObject({ code: 'SHOW_NOT_FOUND' })
})

/** A proxy that removes every NotificationResponse from the messages of the server. */
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
