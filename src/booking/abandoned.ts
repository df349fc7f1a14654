import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { change, changeInDoubt } from '../database/transaction.js'
import type { Refusal } from '../house/decide.js'
import { formatReference } from './references.js'

/** The failure of a record whose process died before the booking was decided. */
export const ABANDONED: Refusal = {
  code: 'ABANDONED',
  message: 'The booking was given up before it was decided. Nothing was booked; book again.',
}

/** The condition for a record that no live attempt can decide any more, by `clock`. */
export function isAbandonedBy(clock: string): string {
  return `status = 'PENDING' and pending_until < ${clock}`
}

export interface RepairOptions {
  /** The id of the only show to repair. */
  show?: string | undefined
  /** Changes nothing; only reports what would be changed. */
  dryRun?: boolean | undefined
}

/**
 * Makes abandoned PENDING bookings FAILED (ABANDONED), which frees their keys. They never had
 * seats, so no house changes. Returns their references, the oldest first; with `dryRun`, of those
 * that it would change.
 *
 * Takes no show's lock: if an attempt finishes late after all, either it finds its record decided
 * and fails, or it decides the record first and this function skips it. Throws BUSY if such an
 * attempt keeps a record locked.
 */
export async function repairBookings(db: Database, options: RepairOptions = {}): Promise<string[]> {
  const { show, dryRun = false } = options
  const abandoned = `${isAbandonedBy('clock_timestamp()')} ${show === undefined ? '' : 'and show_id = ?'}`
  const values = show === undefined ? [] : [show]
  const read = `select reference, created_at from bookings where ${abandoned}`
  const write = `update bookings
                 set status = 'FAILED', failure = ?, pending_until = null, key = null,
                     updated_at = clock_timestamp()
                 where ${abandoned}
                 returning reference, created_at`
  const rows = dryRun
    ? await withRetry(db, () => query<RepairedRow>(db.knex, read, values))
    : await change(
        db,
        (trx) => query<RepairedRow>(trx, write, [JSON.stringify(ABANDONED), ...values]),
        changeInDoubt('tickets verify'),
      )
  return rows
    .sort((a, b) => a.created_at.getTime() - b.created_at.getTime())
    .map((row) => formatReference(row.reference))
}

interface RepairedRow {
  reference: string
  created_at: Date
}
