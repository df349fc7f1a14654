import { afterEach, beforeEach, expect, test } from 'vitest'
import { bookingJson, historyJson, showJson } from '../../src/client/json.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { tickets as runTickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'

/**
 * Settings that a database may have for all of its sessions, and that the program must not depend
 * on.
 */
const odd: [name: string, value: string][] = [
  ['datestyle', "'German'"],
  ['datestyle', "'SQL, DMY'"],
  ['datestyle', "'Postgres'"],
  ['intervalstyle', "'sql_standard'"],
  ['timezone', "'America/St_Johns'"],
  ['bytea_output', "'escape'"],
  ['extra_float_digits', '-15'],
  ['client_encoding', "'LATIN1'"],
  ['standard_conforming_strings', 'off'],
  ['array_nulls', 'off'],
  ['default_transaction_isolation', "'serializable'"],
  ['search_path', 'pg_catalog, public'],
]

let db: TestDatabase
let show: string
const opened: Tickets[] = []
beforeEach(async () => {
  db = await cloneDatabase()
  show = await insertShow(db, { seatsPerRow: 5 })
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((box) => box.close()))
  await db.drop()
})

async function set(name: string, value: string): Promise<void> {
  await db.sql(`do $$ begin
    execute format('alter database %I set ${name} = ${value.replaceAll("'", "''")}', current_database());
  end $$`)
}

function open(): Tickets {
  const box = openTickets({ database: db.url, env: {}, operator: 'Zoë' })
  opened.push(box)
  return box
}

test.each(odd)('a database with %s = %s sells and reports as any other', async (name, value) => {
  await set(name, value)
  const box = open()
  const started = Date.now()
  const { booking } = await box.book(show, { seats: '1-3', customer: 'Łukasz', hold: 60_000 })
  const { booking: sold } = await box.confirmBooking(booking.id)
  await box.book(show, { seats: [9] })
  await box.cancelBooking(booking.id, { seats: '3' })
  await box.checkIn(booking.id, { seats: '1' })

  expect(bookingJson({ booking: sold, replayed: false })).toMatchObject({
    status: 'CONFIRMED',
    seats: [1, 2, 3],
    customer: 'Łukasz',
    note: null,
  })
  expect(Math.abs(sold.createdAt.getTime() - started)).toBeLessThan(60_000)
  const [listed] = await all(box.listBookings({ show, customer: 'Łukasz' }))
  expect(listed).toMatchObject({ seats: [1, 2], admittedSeats: [1] })
  expect(showJson(await box.findShow(show))).toMatchObject({
    start_time: '2030-01-01T19:00:00.000Z',
    confirmed_seats_count: 3,
  })
  expect([...(await box.viewShow(show)).booked]).toEqual([1, 2, 9])
  const history = await all(box.listHistory({ booking: booking.reference }))
  expect(history.map(historyJson)).toMatchObject([
    { action: 'held', operator: 'Zoë' },
    { action: 'confirmed', operator: 'Zoë' },
    { action: 'reduced', operator: 'Zoë' },
    { action: 'checked in', operator: 'Zoë' },
  ])
  expect(await box.verify()).toMatchObject({ ok: true, violations: [] })
})

test('a time that cannot be parsed fails the booking before anything is sold', async () => {
  await db.sql(`alter table bookings alter column created_at set default 'infinity'`)
  await expect(open().book(show, { seats: '1' })).rejects.toThrow('infinity')
  expect(await open().viewShow(show)).toMatchObject({ confirmedSeats: 0 })
})

test('with dates in German, a process prints the booking that it made', async () => {
  await set('datestyle', "'German'")
  const ran = await runTickets(['book', show, '--seats', '4', '--json'], { db: db.url })
  expect([ran.exitCode, ran.json()]).toMatchObject([0, { status: 'CONFIRMED', seats: [4] }])
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
