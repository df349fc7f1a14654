import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/** What a client was told when its booking was confirmed. */
export interface Receipt {
  /** The booking's id. */
  id: string
  seats: readonly number[]
}

/**
 * The receipts that the database does not honour: there is no such booking, or it is not confirmed,
 * or has other seats. Whoever was told "confirmed" must have it, so there should be none.
 */
export async function findLostReceipts(
  db: Database,
  receipts: readonly Receipt[],
): Promise<Receipt[]> {
  const rows = await withRetry(db, () =>
    query<{ id: string; seats: number[] }>(
      db.knex,
      `select id, seats from bookings where status = 'CONFIRMED' and id = any(?::uuid[])`,
      [receipts.map((receipt) => receipt.id)],
    ),
  )
  const kept = new Map(rows.map((row) => [row.id, row.seats.join()]))
  return receipts.filter((receipt) => kept.get(receipt.id) !== receipt.seats.join())
}
