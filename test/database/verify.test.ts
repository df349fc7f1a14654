import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTickets, type Show, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

let db: TestDatabase
let tickets: Tickets
let show: Show
/** Seats 1-3 are Ada's, 4 is Ben's, 6 is held, 7 was held, 8 was cancelled. */
let ada: string
let ben: string
let hold: string

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere', connections: 4 })
  // Damage is what no constraint stopped.
  for (const { table, name } of await db.sql<{ table: string; name: string }>(
    `select conrelid::regclass::text as table, conname as name from pg_constraint
     where contype in ('c', 'f') and conrelid in ('shows'::regclass, 'bookings'::regclass)`,
  )) {
    await db.sql(`alter table ${table} drop constraint ${name}`)
  }
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

beforeEach(async () => {
  show = await tickets.createShow({
    name: 'Cats',
    startTime: new Date('2030-01-01T19:00:00Z'),
    totalSeats: 10,
  })
  const book = async (seats: number[], request = {}) =>
    (await tickets.book(show.id, { seats, ...request })).booking.reference
  ada = await book([1, 2, 3])
  ben = await book([4])
  hold = await book([6], { hold: 'forever' })
})
afterEach(() => db.sql('truncate shows, bookings'))

/** Damages a booking, named by its reference. */
async function damage(reference: string, change: string): Promise<void> {
  await db.sql(`update bookings set ${change} where reference = $1`, [reference.replace('-', '')])
}

async function findings() {
  const report = await tickets.verify({ show: show.id })
  expect(report.ok).toBe(report.violations.length === 0)
  return report.violations.map(({ code, seats, bookings }) => ({
    code,
    ...(seats && { seats }),
    ...(bookings && { bookings }),
  }))
}

test('a sound house is proved', async () => {
  expect(await tickets.verify()).toEqual({
    ok: true,
    shows: 1,
    bookings: 3,
    violations: [],
    unlisted: 0,
  })
})
