import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GroupCommit } from '../../src/booking/group-commit.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type DatabaseProxy, holdBack, isStatement, openProxy } from '../support/proxy.js'
import { isWaitingForLock, lockShow } from '../support/shows.js'
import { until } from '../support/until.js'

/** Group commit: what one process books for one show at the same time. */

let db: TestDatabase
let proxy: DatabaseProxy
const opened: Tickets[] = []
beforeEach(async () => {
  db = await cloneDatabase()
  proxy = await openProxy(db.url)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tickets) => tickets.close()))
  await proxy.close()
  await db.drop()
})

describe.each([1, 4])('with %i connections', (connections) => {
  test('a crowd asks for the last seats: the first requests get them, best seats first', async () => {
    const { tickets, show } = await house(100, connections)
    const outcomes = await crowd(300, () => tickets.book(show, { count: 1 }))
    const words = outcomes.map((outcome) =>
      outcome.status === 'fulfilled'
        ? outcome.value.booking.seats.length
        : (outcome.reason as { code: string }).code,
    )
    expect(words.slice(0, 100)).toEqual(Array(100).fill(1))
    expect(words.slice(100)).toEqual(Array(200).fill('NOT_ENOUGH_SEATS'))
    expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 300 })
  })

  test('one that the database cannot take fails alone', async () => {
    const { tickets, show } = await house(100, connections)
    await db.sql(`alter table bookings add constraint no_poison check (note <> 'poison')`)
    const outcomes = await crowd(100, (n) =>
      tickets.book(show, { count: 1, note: n === 70 ? 'poison' : 'wine' }),
    )
    const failed = [...outcomes.entries()].filter(([, { status }]) => status === 'rejected')
    expect(failed).toMatchObject([[70, { reason: { constraint: 'no_poison' } }]])
    expect(await tickets.viewShow(show)).toMatchObject({ confirmedSeats: 99 })
  })
})

test('a crowd is recorded in halves, the second one before the first is decided', async () => {
  const { tickets, show } = await house(200, 2)
  const reached = holdBack(proxy, (message) => isStatement(message, 'update shows'))
  const outcomes = crowd(128, () => tickets.book(show, { count: 1 }))
  const release = await reached
  // The second half waits, with its records, for nothing but the lock that the first one has.
  await until(isSecondHalfRecorded)
  release()
  expect((await outcomes).map(({ status }) => status)).toEqual(Array(128).fill('fulfilled'))
  const decided = await db.sql('select count(*)::int as n from bookings group by xmin')
  expect(decided).toEqual([{ n: 64 }, { n: 64 }])
})

test('records that a crashing server lost are made again, and their bookings with them', async () => {
  const { tickets, show } = await house(10, 1)
  let isLost = false
  proxy.decide(async (message) => {
    if (isLost || !isStatement(message, 'for update')) return
    isLost = true
    await db.sql('delete from bookings')
  })
  const { booking } = await tickets.book(show, { seats: '3', key: 'lost' })
  expect(isLost).toBe(true)
  expect(await tickets.findBooking(booking.id)).toMatchObject({ status: 'CONFIRMED', seats: [3] })
  expect(await tickets.verify()).toMatchObject({ violations: [] })
})

test('too long a line turns away the next one, and serves all who stand in it', async () => {
  const { tickets, show } = await house(1, 1)
  // Once the first call has looked at the schema, the others go straight to the line.
  await tickets.findShow(show)
  const outcomes = await crowd(10_002, () => tickets.book(show, { seats: '1' }))
  const words = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'CONFIRMED' : (outcome.reason as { code: string }).code,
  )
  expect(words).toEqual(['CONFIRMED', ...Array(9_999).fill('SEATS_TAKEN'), 'BUSY', 'BUSY'])
})

test('who is aborted leaves the line; who is being decided hears the verdict', async () => {
  const { tickets, show } = await house(10, 2)
  const reached = holdBack(proxy, (message) => isStatement(message, 'update shows'))
  const impatience = new AbortController()
  const { signal } = impatience
  const first = tickets.book(show, { seats: '1' }, { signal })
  const release = await reached
  const others = [
    tickets.book(show, { seats: '2' }, { signal }),
    tickets.book(show, { seats: '3' }),
  ]
  impatience.abort()
  await expect(others[0]).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await expect(tickets.book(show, { seats: '4' }, { signal })).rejects.toMatchObject({
    code: 'INTERRUPTED',
  })
  release()
  expect([(await first).booking.seats, (await others[1])!.booking.seats]).toEqual([[1], [3]])
  expect(await db.sql('select status from bookings')).toEqual([
    { status: 'CONFIRMED' },
    { status: 'CONFIRMED' },
  ])
})

test('a request that is aborted while the batch waits for its lock fails at once, and is left out of it', async () => {
  const { tickets, show } = await house(10, 2)
  const lock = await lockShow(db, show)
  const impatience = new AbortController()
  const bookings = [
    tickets.book(show, { seats: '1', key: 'one' }, { signal: impatience.signal }),
    tickets.book(show, { seats: '1', key: 'two' }),
    tickets.book(show, { seats: '2' }, { signal: impatience.signal }),
  ]
  await until(() => isWaitingForLock(db))
  impatience.abort()
  await expect(bookings[0]).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await expect(bookings[2]).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await lock.release()
  expect((await bookings[1])!.booking.seats).toEqual([1])
  // Under its key it may be made for all that.
  await expect(tickets.book(show, { seats: '1', key: 'one' })).rejects.toMatchObject({
    code: 'SEATS_TAKEN',
  })
  expect(await tickets.verify()).toMatchObject({ violations: [] })
})

test.each([
  ['first', 0],
  ['in the middle', 1],
  ['last', 2],
])(
  'a request that is withdrawn leaves no record undecided, wherever it is in its batch: %s',
  async (_, left) => {
    const { tickets, show } = await house(10, 2)
    const lock = await lockShow(db, show)
    const impatience = new AbortController()
    const calls = [1, 2, 3].map((seat, place) =>
      tickets.book(show, { seats: [seat] }, place === left ? { signal: impatience.signal } : {}),
    )
    await until(() => isWaitingForLock(db))
    impatience.abort()
    await expect(calls[left]).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await lock.release()
    await Promise.all(calls.filter((_, place) => place !== left))
    expect(
      await db.sql('select status, failure, seats from bookings order by seats'),
    ).toMatchObject(
      [1, 2, 3].map((seat, place) =>
        place === left
          ? { status: 'FAILED', failure: { code: 'ABANDONED' }, seats: [seat] }
          : { status: 'CONFIRMED', seats: [seat] },
      ),
    )
  },
)

test.each([
  ['the latest of its requests', [60_000, 1000], 60_000],
  ['none if a request has none', [60_000, undefined, 1000], undefined],
])('the deadline of a batch is %s', async (_, inMs, expected) => {
  const now = performance.now()
  const deadlines: (number | undefined)[] = []
  const queue = new GroupCommit<null>(async (_show, requests, { deadline }) => {
    deadlines.push(deadline?.at)
    return requests.map(() => null)
  })
  const book = (ms: number | undefined) =>
    queue.book('show', { count: 1 }, ms === undefined ? {} : { deadline: { at: now + ms } })
  await Promise.all(inMs.map(book))
  expect(deadlines).toEqual([expected && now + expected])
})

test('the same id again is the same booking, confirmed or refused, and books nothing more', async () => {
  const { tickets, show } = await house(10, 1)
  const [won, lost] = [randomUUID(), randomUUID()]
  const both = () =>
    crowd(2, (n) => tickets.book(show, { seats: '1', id: n === 0 ? won : lost.toUpperCase() }))
  const outcomes = await both()
  expect(outcomes).toMatchObject([
    { value: { booking: { id: won, status: 'CONFIRMED', seats: [1] } } },
    { reason: { code: 'SEATS_TAKEN', outcome: { booking: { id: lost } } } },
  ])
  expect(await both()).toEqual(outcomes)
  expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 2 })
})

test('an id that is none, or under way for another show: INVALID_INPUT, and nothing is changed', async () => {
  const { tickets, show } = await house(10, 1)
  const other = await tickets.createShow({ name: 'Lear', startTime: new Date(0), totalSeats: 10 })
  const id = randomUUID()
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, pending_until)
     values ($1, 'K7Q29FMX', $2, 'PENDING', '{1}', now() + interval '1 hour')`,
    [id, other.id],
  )
  for (const bad of [id, 'id', '']) {
    const booking = tickets.book(show, { seats: '1', id: bad })
    await expect(booking).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }
  expect(await db.sql('select status from bookings')).toEqual([{ status: 'PENDING' }])
})

async function house(totalSeats: number, connections: number) {
  const tickets = openTickets({ database: proxy.url, connections })
  opened.push(tickets)
  const startTime = new Date('2031-01-01T19:00:00Z')
  const show = await tickets.createShow({ name: 'Macbeth', startTime, totalSeats })
  return { tickets, show: show.id }
}

function crowd<T>(size: number, book: (n: number) => Promise<T>) {
  return Promise.allSettled(Array.from({ length: size }, (_, n) => book(n)))
}

/** Either it was quicker than the first half's lock, or it waits, written, for nothing but that lock. */
async function isSecondHalfRecorded(): Promise<boolean> {
  const [row] = await db.sql(
    `select (select count(*) from bookings where status = 'PENDING') = 128
         or exists (select from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'
                      and query like 'insert into bookings%') as is_recorded`,
  )
  return row!.is_recorded as boolean
}
