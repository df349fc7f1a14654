import { TABLES } from '../../../src/database/backup/format.js'
import { openTickets } from '../../../src/index.js'
import type { TestDatabase } from '../../support/database.js'

/** All tables of the schema. */
export const ALL_TABLES = [
  ...TABLES,
  'show_ids',
  'show_words',
  'knex_migrations',
  'knex_migrations_lock',
] as const

/** How to run SQL in a database. */
export type Sql = TestDatabase['sql']

/** Sells in every way that leaves a different kind of row, and stores text that needs escaping. */
export async function fillDatabase({ url, sql }: Pick<TestDatabase, 'url' | 'sql'>) {
  const tickets = openTickets({ database: url, env: {}, cwd: '/nowhere', operator: 'Ada' })
  const house = { startTime: new Date('2031-01-01T19:00:00.123Z'), timeZone: 'Europe/London' }
  const show = await tickets.createShow({
    ...house,
    name: 'L’Été',
    totalSeats: 60,
    seatsPerRow: 12,
  })
  const large = await tickets.createShow({ ...house, name: 'Arena', totalSeats: 100_000 })
  const cancelled = await tickets.createShow({ ...house, name: 'Cats', totalSeats: 9 })
  const book = async (of: string, request: Parameters<typeof tickets.book>[1]) =>
    (await tickets.book(of, request)).booking.reference
  await book(show.id, { seats: 'A1-A4', key: 'kept', customer: `\\. "O'Neil" \\N\u2028🎭` })
  const hold = await book(show.id, { seats: 'B1-B4', hold: 'forever' })
  await book(show.id, { seats: 'C1', hold: 3_600_000, note: 'line\n\ttab \u007f {"end":{}}' })
  await tickets.confirmBooking(hold, { seats: 'B1-B2' })
  const seen = await book(show.id, { seats: 'D1-D4' })
  await tickets.cancelBooking(seen, { seats: 'D4', reason: 'ill' })
  await tickets.checkIn(seen)
  await tickets.book(show.id, { seats: 'A1', key: 'refused' }).catch(() => {})
  await book(large.id, { count: 100_000 })
  await book(cancelled.id, { seats: '1' })
  await tickets.cancelShow(cancelled.id, 1)
  const planned = await tickets.createShow({
    name: 'In the round',
    startTime: new Date('2040-01-01T19:00Z'),
    plan: 'name: Globe\nsection Stalls\nA 1-4 . w5 c6\nsection Circle\nA x1 r2-9',
  })
  await tickets.book(planned.id, { seats: 'Stalls A1-A4' })
  await tickets.createToken({ name: 'lobby', role: 'read' })
  await tickets.close()
  // Left behind by a process that died; a backup leaves it out.
  await sql(
    `insert into bookings (id, reference, show_id, status, seats, pending_until)
     values (gen_random_uuid(), 'AAAA2222', $1, 'PENDING', '{9}', now())`,
    [show.id],
  )
}

/** Every row of every table, except attempts that are not decided. */
export async function everyRow(sql: Sql, schema = 'public'): Promise<Record<string, string[]>> {
  const rows = ALL_TABLES.filter((table) => !table.startsWith('knex')).map(async (table) => {
    const decided = table === 'bookings' ? `where status <> 'PENDING'` : ''
    const found = await sql<{ row: string }>(
      `select row_to_json(t)::text as row from ${schema}.${table} as t ${decided}`,
    )
    return [table, found.map(({ row }) => row).sort()] as const
  })
  return Object.fromEntries(await Promise.all(rows))
}
