import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { TestDatabase } from './database.js'

/** Inserts an empty show directly, not through the program, and returns its id. */
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

/** Locks a show in a separate connection until `release` is called. */
export function lockShow(db: Pick<TestDatabase, 'url'>, show: string): Promise<Lock> {
  return holdLock(db, 'select from shows where id = $1 for update', [show])
}

/**
 * Runs a locking statement in a separate connection, and keeps the locks until `release` is called.
 */
export async function holdLock(
  { url }: Pick<TestDatabase, 'url'>,
  statement: string,
  values: unknown[] = [],
): Promise<Lock> {
  const client = new pg.Client(url)
  client.on('error', () => {}) // A test may cut all connections, including this one.
  await client.connect()
  await client.query('begin')
  await client.query(statement, values)
  return {
    async release() {
      await client.query('rollback')
      await client.end()
    },
  }
}

export interface Lock {
  /** Returns when the lock is free. */
  release(): Promise<void>
}

/** Whether at least `n` connections wait for a lock in this database. */
export async function isWaitingForLock({ sql }: Pick<TestDatabase, 'sql'>, n = 1) {
  return (await sql(WAITING)).length >= n
}

const WAITING = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`

/** The first seats of a house. */
export function oneTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1)
}
