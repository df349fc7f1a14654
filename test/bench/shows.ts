import { randomUUID } from 'node:crypto'
import { SeatSet } from 'tickets-box-office'
import { planId } from '../../src/house/plan/plan-text.js'
import type { BenchDatabase } from './server.js'

/** Creates a show, next Christmas, with these seats already sold, and returns its id. */
export async function addShow(
  { sql }: BenchDatabase,
  totalSeats: number,
  options: { sold?: SeatSet; seatsPerRow?: number; plan?: string } = {},
): Promise<string> {
  const { sold = SeatSet.empty(totalSeats), seatsPerRow = null, plan } = options
  const id = randomUUID()
  const plan_id = plan === undefined ? null : planId(plan)
  if (plan !== undefined) {
    await sql('insert into plans (id, document, total_seats) values ($1, $2, $3)', [
      ...[plan_id, plan, totalSeats],
    ])
  }
  await sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, seats_per_row,
                        booked_seats, confirmed_seats_count, plan_id)
     values ($1, $2, '2040-12-25T19:00Z', 'UTC', $3, $4, $5, $6, $7)`,
    [id, `A house of ${totalSeats}`, totalSeats, seatsPerRow, sold.toBytes(), sold.size, plan_id],
  )
  return id
}
