import { randomUUID } from 'node:crypto'
import { SeatSet } from 'tickets-box-office'
import type { BenchDatabase } from './server.js'

/** Adds a show, next Christmas, with these seats sold already; its id. */
export async function addShow(
  { sql }: BenchDatabase,
  totalSeats: number,
  options: { sold?: SeatSet; seatsPerRow?: number } = {},
): Promise<string> {
  const { sold = SeatSet.empty(totalSeats), seatsPerRow = null } = options
  const id = randomUUID()
  await sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, seats_per_row,
                        booked_seats, confirmed_seats_count)
     values ($1, $2, '2040-12-25T19:00Z', 'UTC', $3, $4, $5, $6)`,
    [id, `A house of ${totalSeats}`, totalSeats, seatsPerRow, sold.toBytes(), sold.size],
  )
  return id
}
