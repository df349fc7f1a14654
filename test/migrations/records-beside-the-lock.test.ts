import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { down, up } from '../../migrations/0008_records_beside_the_lock.js'
import type { Database } from '../../src/database/knex-pool.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { until } from '../support/until.js'

let db: TestDatabase
let core: Database
let tickets: Tickets
let show: string

beforeAll(async () => {
  db = await cloneDatabase()
  core = openCore(db)
})
afterAll(async () => {
  await core.close()
  await db.drop()
})
beforeEach(async () => {
  tickets = openTickets({ database: db.url })
  const startTime = new Date('2040-12-25T19:00:00Z')
  const created = await tickets.createShow({ name: 'Cats', startTime, totalSeats: 100 })
  show = created.id
})
afterEach(async () => {
  await tickets.close()
  await db.sql('truncate shows, bookings cascade')
})

test('a booking is recorded while another transaction has locked the show, and decided when it ends', async () => {
  let booking: ReturnType<Tickets['book']> | undefined
  await core.knex.transaction(async (trx) => {
    await trx('shows').where({ id: show }).forUpdate()
    booking = tickets.book(show, { seats: [7] })
    await until(async () => (await statuses()).includes('PENDING'))
  })
  expect((await booking!).booking).toMatchObject({ status: 'CONFIRMED', seats: [7] })
})

test('a show cannot be deleted before its bookings, and its id is deleted with it', async () => {
  await tickets.book(show, { seats: [7] })
  const remove = () => db.sql('delete from shows where id = $1', [show])
  await expect(remove()).rejects.toMatchObject({ constraint: 'bookings_show_exists' })
  await db.sql('delete from bookings')
  await remove()
  expect(await db.sql('select id from show_ids')).toEqual([])
  await expect(tickets.book(show, { seats: [8] })).rejects.toMatchObject({ code: 'SHOW_NOT_FOUND' })
})

test('after a rollback and another run, it knows the shows that exist, and those created in between', async () => {
  await tickets.book(show, { seats: [7] })
  await core.knex.transaction((trx) => down(trx))
  const startTime = new Date('2040-12-26T19:00:00Z')
  const { id } = await tickets.createShow({ name: 'Dogs', startTime, totalSeats: 100 })
  await tickets.book(id, { seats: [7] })
  await core.knex.transaction((trx) => up(trx))
  await tickets.book(show, { seats: [8] })
  await tickets.book(id, { seats: [8] })
  expect(await statuses()).toEqual(Array(4).fill('CONFIRMED'))
  expect(await tickets.verify()).toMatchObject({ ok: true })
})

async function statuses(): Promise<unknown[]> {
  const rows = await db.sql('select status from bookings')
  return rows.map(({ status }) => status)
}
