import type { Knex } from 'knex'
import { TicketsError } from '../shared/errors.js'
import type { Database } from './knex-pool.js'

export interface TransactionOptions {
  /** Called just before COMMIT is sent; after that, an error leaves the outcome unknown. */
  onCommit?: (() => void) | undefined
  /** Sends the first statements of `work` right after BEGIN; they must be harmless on their own. */
  isEager?: boolean | undefined
}

/**
 * Runs `work` in one READ COMMITTED transaction, even if the role has another default. An
 * interruption rolls it back until COMMIT is sent; after that, waits for the server's answer,
 * because only the server knows the outcome.
 *
 * Throws INTERRUPTED, and what `work` and the database throw.
 */
export async function inTransaction<T>(
  db: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  { onCommit, isEager = false }: TransactionOptions = {},
): Promise<T> {
  let allowAbortion = () => {}
  try {
    return await db.knex.transaction(
      async (trx) => {
        const result = await work(trx)
        if (db.signal?.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted. Rolled back.')
        allowAbortion = db.delayAbortion()
        onCommit?.()
        return result // Knex sends COMMIT after this.
      },
      { isolationLevel: 'read committed', operator: db.operator, isEager },
    )
  } finally {
    allowAbortion()
  }
}
