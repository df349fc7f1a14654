import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, openClient } from '../../src/client/open-client.js'
import type { BookingFilter } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'

/** More than two pages of a list. */
const BOOKINGS = 2_500
const MADE = Date.parse('2030-05-01T12:00:00Z')

let db: TestDatabase
let tickets: Client
let show: string
/**
 * Customers in the order in which they booked, in groups of three that booked in the same
 * microsecond.
 */
let inOrder: string[]

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openClient({ database: db.url })
  show = await insertShow(db, { name: 'Cats', seats: 10 })
  const other = await insertShow(db, { name: 'Evita', seats: 10 })
  // As if the clocks of the clerks ran backwards: the later a booking was made, the smaller its id.
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, customer, created_at)
     select lpad(to_hex(1000000 - n), 32, '0')::uuid,
            translate(lpad(n::text, 8, 'X'), '01', 'AB'), case when n % 10 = 0 then $2 else $1 end::uuid,
            'CANCELLED', '{1}', 'Guest No' || n, $3::timestamptz + (n / 3) * interval '1 microsecond'
     from generate_series(1, ${BOOKINGS}) n`,
    [show, other, new Date(MADE)],
  )
  await db.sql('analyze bookings')
  const rows = await db.sql<{ customer: string }>(
    'select customer from bookings order by created_at, id',
  )
  inOrder = rows.map(({ customer }) => customer)
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

describe.each<[string, BookingFilter]>([
  ['of all shows', {}],
  ['of one show', { show: '' }],
  ['of customers with a word', { customer: 'guest' }],
  ['of customers with a rarer word', { customer: 'no24' }],
])('the list %s', (_, filter) => {
  const narrowed = () => ({ ...filter, ...(filter.show !== undefined && { show }) })
  const expected = () =>
    inOrder.filter(
      (name) =>
        (filter.show === undefined || !name.endsWith('0')) &&
        (filter.customer !== 'no24' || name.startsWith('Guest No24')),
    )

  test('is in the order in which the database recorded the bookings, not that of their ids', async () => {
    expect(await listed(narrowed())).toEqual(expected())
    expect(await listed({ ...narrowed(), sort: 'time', limit: 7 })).toEqual(expected().slice(0, 7))
  })

  test('is the same when read from its end, newest first', async () => {
    const newest = expected().reverse()
    expect(await listed({ ...narrowed(), sort: 'newest' })).toEqual(newest)
    expect(await listed({ ...narrowed(), sort: 'newest', limit: 1500 })).toEqual(
      newest.slice(0, 1500),
    )
  })
})

test('the latest bookings are suggested first, regardless of their ids', async () => {
  const suggested = await tickets.suggestBookings('')
  const latest = [...inOrder].reverse().slice(0, 30)
  expect(suggested.map(({ customer }) => customer).slice(0, 30)).toEqual(latest)
})

test('is limited to the bookings between two times', async () => {
  const soon = await insertShow(db, { name: 'Timed' })
  const times = ['10:00:00', '11:00:00', '12:00:00'].map((time) => `2031-05-01T${time}Z`)
  for (const [index, time] of times.entries()) {
    const { booking } = await tickets.book(soon, { count: 1, customer: `At ${index}` })
    await db.sql('update bookings set created_at = $2 where id = $1', [booking.id, time])
  }
  const [since, until] = [new Date(times[1]!), new Date(times[2]!)]
  expect(await listed({ show: soon, since })).toEqual(['At 1', 'At 2'])
  expect(await listed({ show: soon, until })).toEqual(['At 0', 'At 1'])
  for (const sort of ['time', 'newest', 'customer'] as const) {
    expect(await listed({ show: soon, since, until, sort })).toEqual(['At 1'])
  }
  expect(await listed({ since, until, customer: 'at' })).toEqual(['At 1'])
})

test('by customer is complete and in order, however many batches are sorted', async () => {
  const vast = await insertShow(db, { name: 'Vast', seats: 10 })
  const count = 20_500
  // Without the triggers, as no list reads the history.
  await db.sql(`
    begin;
    set local session_replication_role = replica;
    insert into bookings (id, reference, show_id, status, seats, customer)
    select gen_random_uuid(), translate(lpad(n::text, 8, 'Y'), '01', 'AB'), '${vast}', 'CANCELLED', '{1}',
           case when n % 50 = 0 then null when n % 50 < 10 then 'Émile' else 'Guest ' || n % 50 end
    from generate_series(1, ${count}) n;
    commit`)
  const seen = new Map<string, string | null>()
  for await (const { id, customer } of tickets.listBookings({ show: vast, sort: 'customer' })) {
    seen.set(id, customer)
  }
  expect(seen.size).toBe(count)
  const groups = [...seen.values()].filter((name, at, all) => name !== all[at - 1])
  const guests = Array.from({ length: 40 }, (_, n) => `Guest ${n + 10}`)
  expect(groups).toEqual(['Émile', ...guests, null])
})

test('all of them are verified, page by page', async () => {
  expect(await tickets.verify({ show })).toMatchObject({ ok: true, bookings: BOOKINGS * 0.9 })
})

async function listed(filter: BookingFilter): Promise<string[]> {
  const names: string[] = []
  for await (const { customer } of tickets.listBookings(filter)) names.push(customer!)
  return names
}
