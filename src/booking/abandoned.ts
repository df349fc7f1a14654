import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { inTransaction } from '../database/transaction.js'
import type { Refusal } from '../house/decide.js'
import { formatReference } from './references.js'

/** The failure of a record whose process died before the verdict. */
export const ABANDONED: Refusal = {
  code: 'ABANDONED',
  message: 'The booking was given up before it was decided. Nothing was booked; book again.',
}

/** The condition under which no live attempt can be behind a record any more, by `clock`. */
export function isAbandonedBy(clock: string): string {
  return `status = 'PENDING' and pending_until < ${clock}`
}

export interface RepairOptions {
  /** A show's id: only its bookings. */
  show?: string | undefined
  /** Change nothing; only say what would be done. */
  dryRun?: boolean | undefined
}

/**
 * Repairs what can be repaired without a guess: abandoned PENDING bookings become FAILED
 * (ABANDONED), which frees their keys. They never held a seat, so no house is touched. Returns
 * their references, the oldest first; under `dryRun`, of those that it would be.
 *
 * It takes no show's lock: an attempt that finishes late all the same finds its record decided and
 * loses, or has decided it first and the record is left alone. Throws BUSY when such an attempt
 * keeps a record locked.
 */
export async function repairBookings(db: Database, options: RepairOptions = {}): Promise<string[]> {
  const { show, dryRun = false } = options
  const abandoned = `${isAbandonedBy('clock_timestamp()')} ${show === undefined ? '' : 'and show_id = ?'}`
  const values = show === undefined ? [] : [show]
  const rows = await withRetry(db, () =>
    dryRun
      ? query<RepairedRow>(
          db.knex,
          `select reference, created_at from bookings where ${abandoned}`,
          values,
        )
      : inTransaction(db, (trx) =>
          query<RepairedRow>(
            trx,
            `update bookings
             set status = 'FAILED', failure = ?, pending_until = null, key = null,
                 updated_at = clock_timestamp()
             where ${abandoned}
             returning reference, created_at`,
            [JSON.stringify(ABANDONED), ...values],
          ),
        ),
  )
  return rows
    .sort((a, b) => a.created_at.getTime() - b.created_at.getTime())
    .map((row) => formatReference(row.reference))
}

interface RepairedRow {
  reference: string
  created_at: Date
}
