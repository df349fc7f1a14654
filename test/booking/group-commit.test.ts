import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GroupCommit } from '../../src/booking/group-commit.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type DatabaseProxy, holdBack, isStatement, openProxy } from '../support/proxy.js'
import { isWaitingForLock, lockShow } from '../support/shows.js'
import { until } from '../support/until.js'

/** Group commit of the concurrent bookings of one process for one show. */

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
  test('300 requests for 100 seats: the first requests get them, best seats first', async () => {
    const { tickets, show } = await house(100, connections)
    const outcomes = await bookAtOnce(300, () => tickets.book(show, { count: 1 }))
    const results = outcomes.map((outcome) =>
      outcome.status === 'fulfilled'
        ? outcome.value.booking.seats.length
        : (outcome.reason as { code: string }).code,
    )
    expect(results.slice(0, 100)).toEqual(Array(100).fill(1))
    expect(results.slice(100)).toEqual(Array(200).fill('NOT_ENOUGH_SEATS'))
    expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 300 })
  })

  test('if the database rejects one booking, the others succeed', async () => {
    const { tickets, show } = await house(100, connections)
    await db.sql(`alter table bookings add constraint no_poison check (note <> 'poison')`)
    const outcomes = await bookAtOnce(100, (n) =>
      tickets.book(show, { count: 1, note: n === 70 ? 'poison' : 'wine' }),
    )
    const failed = [...outcomes.entries()].filter(([, { status }]) => status === 'rejected')
    expect(failed).toMatchObject([[70, { reason: { constraint: 'no_poison' } }]])
    expect(await tickets.viewShow(show)).toMatchObject({ confirmedSeats: 99 })
  })
})

test('128 requests are recorded in two halves, the second before the first is decided', async () => {
  const { tickets, show } = await house(200, 2)
  const reached = holdBack(proxy, (message) => isStatement(message, 'update shows'))
  const outcomes = bookAtOnce(128, () => tickets.book(show, { count: 1 }))
  const release = await reached
  // The second half has written its records, and waits only for the lock that the first half holds.
  await until(isSecondHalfRecorded)
  release()
  expect((await outcomes).map(({ status }) => status)).toEqual(Array(128).fill('fulfilled'))
  const decided = await db.sql('select count(*)::int as n from bookings group by xmin')
  expect(decided).toEqual([{ n: 64 }, { n: 64 }])
})

test('records that a server crash lost are made again, and their bookings too', async () => {
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

test('a full queue refuses further requests, and serves those in it', async () => {
  const { tickets, show } = await house(1, 1)
  // After the first call has checked the schema, the other calls go to the queue at once.
  await tickets.findShow(show)
  const outcomes = await bookAtOnce(10_002, () => tickets.book(show, { seats: '1' }))
  const results = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'CONFIRMED' : (outcome.reason as { code: string }).code,
  )
  expect(results).toEqual(['CONFIRMED', ...Array(9_999).fill('SEATS_TAKEN'), 'BUSY', 'BUSY'])
})

test('an aborted request leaves the queue; if it is being decided, the call returns the result', async () => {
  const { tickets, show } = await house(10, 2)
  const reached = holdBack(proxy, (message) => isStatement(message, 'update shows'))
  const abort = new AbortController()
  const { signal } = abort
  const first = tickets.book(show, { seats: '1' }, { signal })
  const release = await reached
  const others = [
    tickets.book(show, { seats: '2' }, { signal }),
    tickets.book(show, { seats: '3' }),
  ]
  abort.abort()
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

test('a request that is aborted while the batch waits for its lock fails at once, and is left out of the batch', async () => {
  const { tickets, show } = await house(10, 2)
  const lock = await lockShow(db, show)
  const abort = new AbortController()
  const bookings = [
    tickets.book(show, { seats: '1', key: 'one' }, { signal: abort.signal }),
    tickets.book(show, { seats: '1', key: 'two' }),
    tickets.book(show, { seats: '2' }, { signal: abort.signal }),
  ]
  await until(() => isWaitingForLock(db))
  abort.abort()
  await expect(bookings[0]).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await expect(bookings[2]).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await lock.release()
  expect((await bookings[1])!.booking.seats).toEqual([1])
  // Under its key, it may still be decided.
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
  'a request that is aborted leaves no pending record, wherever it is in its batch: %s',
  async (_, left) => {
    const { tickets, show } = await house(10, 2)
    const lock = await lockShow(db, show)
    const abort = new AbortController()
    const calls = [1, 2, 3].map((seat, place) =>
      tickets.book(show, { seats: [seat] }, place === left ? { signal: abort.signal } : {}),
    )
    await until(() => isWaitingForLock(db))
    abort.abort()
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
  ['the latest deadline of its requests', [60_000, 1000], 60_000],
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

test('a repeated id returns the same booking, confirmed or refused, and books nothing more', async () => {
  const { tickets, show } = await house(10, 1)
  const [won, lost] = [randomUUID(), randomUUID()]
  const both = () =>
    bookAtOnce(2, (n) => tickets.book(show, { seats: '1', id: n === 0 ? won : lost.toUpperCase() }))
  const outcomes = await both()
  expect(outcomes).toMatchObject([
    { value: { booking: { id: won, status: 'CONFIRMED', seats: [1] } } },
    { reason: { code: 'SEATS_TAKEN', outcome: { booking: { id: lost } } } },
  ])
  expect(await both()).toEqual(outcomes)
  expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 2 })
})

test('an id that is malformed, or of an attempt for another show: INVALID_INPUT, and nothing is changed', async () => {
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

function bookAtOnce<T>(size: number, book: (n: number) => Promise<T>) {
  return Promise.allSettled(Array.from({ length: size }, (_, n) => book(n)))
}

/**
 * Either it was recorded before the first half took its lock, or it is written and waits only for
 * that lock.
 */
async function isSecondHalfRecorded(): Promise<boolean> {
  const [row] = await db.sql(
    `select (select count(*) from bookings where status = 'PENDING') = 128
         or exists (select from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'
                      and query like 'insert into bookings%') as is_recorded`,
  )
  return row!.is_recorded as boolean
}
