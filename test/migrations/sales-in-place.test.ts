import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { down, up } from '../../migrations/0006_sales_in_place.js'
import { type Attempt, attemptOf } from '../../src/booking/attempt.js'
import { recordAttempts } from '../../src/booking/book-seats.js'
import type { Database } from '../../src/database/knex-pool.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

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
  tickets = openTickets({ database: db.url, connections: 4 })
  const startTime = new Date('2040-12-25T19:00:00Z')
  const created = await tickets.createShow({ name: 'Cats', startTime, totalSeats: 5000 })
  show = created.id
})
afterEach(async () => {
  await tickets.close()
  await db.sql('truncate shows, bookings cascade')
})

test('no index of the bookings contains a column that a sale changes', async () => {
  const spoken = await db.sql<{ column: string }>(
    `select distinct attname as column
     from pg_index, pg_depend, pg_attribute
     where indrelid = 'bookings'::regclass and attrelid = indrelid
       and classid = 'pg_class'::regclass and objid = indexrelid
       and refobjid = indrelid and refobjsubid = attnum
     union
     select attname from pg_index, pg_attribute
     where indrelid = 'bookings'::regclass and attrelid = indrelid and attnum = any(indkey)`,
  )
  const columns = spoken.map(({ column }) => column)
  for (const found of ['id', 'customer', 'held_in', 'leads_until']) expect(columns).toContain(found)
  for (const changed of [
    'status',
    'seats',
    'failure',
    'held_until',
    'pending_until',
    'updated_at',
  ]) {
    expect(columns).not.toContain(changed)
  }
})

test('many sales that begin in an empty house never scan all bookings', async () => {
  const reads = `select coalesce(seq_tup_read, 0)::int as rows, idx_tup_read::int as of_show
                 from pg_stat_user_tables join pg_stat_user_indexes using (relname)
                 where relname = 'bookings' and indexrelname = 'bookings_show_id'`
  const [before] = await db.sql(reads)
  // Its statements are planned for a table with one booking.
  await tickets.book(show, { seats: [5000] })
  await Promise.all(
    Array.from({ length: 3000 }, (_, seat) => tickets.book(show, { seats: [seat + 1] })),
  )
  // The server counts the reads of a connection when it ends.
  await tickets.close()
  expect(await db.sql(reads)).toEqual([before])
})

test('of attempts that were recorded together and abandoned, sales decide all, the leader last', async () => {
  const [one, other] = [newAttempts(150), newAttempts(90)]
  // As two processes do, whose ids lie between each other's.
  await recordAttempts(core, show, [...one.slice(0, 75), ...other.slice(0, 45)])
  await recordAttempts(core, show, [...one.slice(75), ...other.slice(45)])
  await tickets.book(show, { seats: [5000] })
  expect(await abandonedAndLeft()).toEqual({ abandoned: 0, left: 240, leaders: 2 })

  await db.sql(`update bookings set pending_until = pending_until - interval '1 hour'
                where status = 'PENDING'`)
  await tickets.book(show, { seats: [4999] })
  expect(await abandonedAndLeft()).toMatchObject({ abandoned: 100, left: 140, leaders: 2 })
  await tickets.book(show, { seats: [4998] })
  expect(await abandonedAndLeft()).toMatchObject({ abandoned: 200, left: 40 })
  await tickets.book(show, { seats: [4997] })
  expect(await abandonedAndLeft()).toEqual({ abandoned: 240, left: 0, leaders: 0 })
  expect(await tickets.verify()).toMatchObject({ ok: true })
})

test('a record that was there already leads itself', async () => {
  await recordAttempts(core, show, [...newAttempts(3), ...newAttempts(2, { key: 'a key' })])
  const records = await db.sql<{ leads: boolean; is_keyed: boolean }>(
    `select leads_until is not null as leads, key is not null as is_keyed from bookings order by id`,
  )
  expect(records).toEqual([
    { leads: false, is_keyed: false },
    { leads: false, is_keyed: false },
    { leads: true, is_keyed: false },
    { leads: true, is_keyed: true },
  ])
})

test('recorded again, new ones are there once; a reference that is taken gives way to another', async () => {
  const again = newAttempts(3)
  await recordAttempts(core, show, again)
  const taken = again[0]!.reference
  const unlucky = { ...newAttempts(1)[0]!, reference: taken }
  const attempts = (await recordAttempts(core, show, [...again, unlucky])) as Attempt[]
  const records = await db.sql('select id, reference from bookings order by id')
  expect(records).toEqual(attempts.map(({ id, reference }) => ({ id, reference })))
  expect(attempts.slice(0, 3)).toMatchObject(again)
  expect(attempts[3]!.reference).not.toBe(taken)
})

test('a rollback and another run leave holds, attempts and their history as they were', async () => {
  await tickets.book(show, { seats: [1], hold: 'forever' })
  await tickets.book(show, { seats: [2], customer: 'Ada' })
  await recordAttempts(core, show, newAttempts(3))
  const rows = () =>
    db.sql(
      'select id, status, seats, customer, pending_until, updated_at from bookings order by id',
    )
  const history = () => db.sql('select * from history order by id')
  const [bookings, events] = [await rows(), await history()]

  await core.knex.transaction((trx) => down(trx))
  expect(await rows()).toEqual(bookings)
  await db.sql(`update bookings set note = 'by hand' where seats = '{2}' and status = 'CONFIRMED'`)
  await core.knex.transaction((trx) => up(trx))
  expect(await rows()).toMatchObject(bookings.map(({ id, status }) => ({ id, status })))
  const [edited, ...more] = (await history()).slice(events.length)
  expect(edited).toMatchObject({ action: 'edited', after: { note: 'by hand', customer: 'Ada' } })
  expect(more).toEqual([])

  await db.sql(
    `update bookings set pending_until = now() - interval '1 s' where status = 'PENDING'`,
  )
  const refusal = await tickets.book(show, { seats: [1] }).catch((error) => error)
  expect(refusal).toMatchObject({ code: 'SEATS_TAKEN' })
  expect(await abandonedAndLeft()).toMatchObject({ abandoned: 3, left: 0 })
})

function newAttempts(count: number, request: { key?: string } = {}): Attempt[] {
  const layout = { totalSeats: 5000, seatsPerRow: null }
  return Array.from({ length: count }, (_, seat) => {
    const attempt = attemptOf({ seats: [seat + 1], ...request }, { showId: show, layout })
    if (attempt instanceof Error) throw attempt
    return attempt
  })
}

async function abandonedAndLeft() {
  const [counts] = await db.sql(
    `select count(*) filter (where failure ->> 'code' = 'ABANDONED')::int as abandoned,
            count(*) filter (where status = 'PENDING')::int as left,
            count(leads_until)::int as leaders
     from bookings where show_id = $1`,
    [show],
  )
  return counts
}
