import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { TestDatabase } from './database.js'

/** Puts an empty show into the database behind the program's back; its id. */
export async function insertShow(
  db: TestDatabase,
  show: { id?: string; name?: string; seats?: number; seatsPerRow?: number } = {},
): Promise<string> {
  const { id = randomUUID(), name = 'Cats', seats = 10, seatsPerRow = null } = show
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, seats_per_row, booked_seats)
     values ($1, $2, '2030-01-01T19:00Z', 'UTC', $3, $4, $5)`,
    [id, name, seats, seatsPerRow, Buffer.alloc(Math.ceil(seats / 8))],
  )
  return id
}

/** Takes a show's lock behind the program's back, until `release`. */
export async function lockShow({ url }: Pick<TestDatabase, 'url'>, show: string) {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('begin')
  await client.query('select from shows where id = $1 for update', [show])
  return { release: () => client.end() }
}

/** Whether somebody waits for a lock in this database. */
export async function isWaitingForLock({ sql }: TestDatabase): Promise<boolean> {
  return (await sql(WAITING)).length > 0
}

const WAITING = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`

/** The first seats of a house. */
export function oneTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1)
}
