import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/** A booking as the response to its client confirmed it. */
export interface ConfirmedAnswer {
  /** The booking's id. */
  id: string
  seats: readonly number[]
}

/**
 * Returns the confirmed bookings that the database contradicts: the booking does not exist, is not
 * confirmed, or has other seats. A confirmed booking must never be lost, so the result should be
 * empty.
 */
export async function findLostBookings(
  db: Database,
  confirmed: readonly ConfirmedAnswer[],
): Promise<ConfirmedAnswer[]> {
  const rows = await withRetry(db, () =>
    query<{ id: string; seats: number[] }>(
      db.knex,
      `select id, seats from bookings where status = 'CONFIRMED' and id = any(?::uuid[])`,
      [confirmed.map(({ id }) => id)],
    ),
  )
  const kept = new Map(rows.map((row) => [row.id, row.seats.join()]))
  return confirmed.filter(({ id, seats }) => kept.get(id) !== seats.join())
}
