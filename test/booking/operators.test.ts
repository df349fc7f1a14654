import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

// A name that SQL, Knex and PostgreSQL's settings each quote differently.
const HOUSE = `the house's \\? "operator", ? $1 \\\\ ??`

let db: TestDatabase
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  // One connection: a setting that is left on it would apply to the next change.
  tickets = openTickets({ database: db.url, env: {}, operator: HOUSE })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

/** Who did what in a show, without the bookings that were made. */
async function doneBy(show: string): Promise<string[]> {
  const rows = await db.sql<{ done: string }>(
    `select operator || ': ' || action as done from history
     where show_id = $1 and action <> 'held' order by id`,
    [show],
  )
  return rows.map(({ done }) => done)
}

it('a change is recorded under its operator, and the next change under its own', async () => {
  const [ada, grace] = [tickets.as('Ada'), tickets.as('Grace')]
  const startTime = new Date('2030-01-01T19:00:00Z')
  const show = await ada.createShow({ name: 'Cats', startTime, totalSeats: 9 })
  const { booking } = await tickets.book(show.id, { seats: [1, 2, 3], hold: 'forever' })
  await ada.confirmBooking(booking.id, { seats: '1,2' })
  await grace.confirmBooking(booking.id)
  await ada.moveBooking(booking.id, { to: [9] })
  await tickets.checkIn(booking.id)
  await grace.checkIn(booking.id, { undo: true })
  await ada.cancelBooking(booking.id)
  await tickets.editShow(show.id, { name: 'Dogs' })
  await grace.cancelShow(show.id, 1)
  expect(await doneBy(show.id)).toEqual([
    'Ada: created',
    'Ada: reduced',
    'Ada: confirmed',
    'Grace: confirmed',
    'Ada: moved',
    `${HOUSE}: checked in`,
    'Grace: check-in undone',
    'Ada: cancelled',
    `${HOUSE}: edited`,
    'Grace: cancelled',
  ])
})

it('undefined counts as not given, also for the operator of a booking', async () => {
  const ada = tickets.as('Ada')
  const startTime = new Date('2031-01-01T19:00:00Z')
  const left = { name: undefined, startTime: undefined, timeZone: undefined, totalSeats: undefined }
  const given = { name: 'Evita', startTime, totalSeats: 9 }
  const show = await ada.createShow({ ...given, seatsPerRow: undefined, timeZone: undefined })
  expect(await ada.editShow(show.id, left)).toMatchObject({ ...given, timeZone: 'UTC' })
  const { booking } = await ada.book(show.id, {
    ...{ seats: '1-3', count: undefined, customer: undefined, note: undefined, key: undefined },
    ...{ keyScope: undefined, hold: undefined, operator: undefined, id: undefined },
  })
  expect(booking).toMatchObject({ status: 'CONFIRMED', seats: [1, 2, 3], customer: null })
  const filter = { customer: undefined, status: undefined, seat: undefined, since: undefined }
  const rest = { until: undefined, sort: undefined, limit: undefined }
  const listed = []
  for await (const one of tickets.listBookings({ show: show.id, ...filter, ...rest })) {
    listed.push(one.id)
  }
  expect(listed).toEqual([booking.id])
  await ada.cancelBooking(booking.id, { seats: undefined, reason: undefined, dryRun: undefined })
  expect(await doneBy(show.id)).toEqual(['Ada: created', 'Ada: confirmed', 'Ada: cancelled'])
})

it('in a batch, each booking is recorded under its operator, or that of the session if it has none', async () => {
  const [ada, grace] = [tickets.as('Ada'), tickets.as('Grace')]
  const startTime = new Date('2030-01-01T19:00:00Z')
  const show = await tickets.createShow({ name: 'Evita', startTime, totalSeats: 9 })
  const ways = [ada, tickets, grace, ada, tickets]
  await Promise.all(ways.map((box, i) => box.book(show.id, { seats: [i + 1] })))
  await ada.book(show.id, { seats: [6] })
  await tickets.book(show.id, { seats: [7] })
  const events = await db.sql(
    `select operator, array_agg((after -> 'seats' ->> 0)::int order by id) as seats
     from history where show_id = $1 and action = 'confirmed' group by operator order by operator`,
    [show.id],
  )
  expect(events).toEqual([
    { operator: 'Ada', seats: [1, 4, 6] },
    { operator: 'Grace', seats: [3] },
    { operator: HOUSE, seats: [2, 5, 7] },
  ])
  const batches = await db.sql(
    'select count(*)::int as size from bookings where show_id = $1 group by xmin order by size',
    [show.id],
  )
  expect(batches).toEqual([{ size: 1 }, { size: 1 }, { size: 5 }])
})
