import { randomUUID } from 'node:crypto'
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
