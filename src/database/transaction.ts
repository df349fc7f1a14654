import type { Knex } from 'knex'
import { TicketsError } from '../shared/errors.js'
import type { Database } from './knex-pool.js'

export interface TransactionOptions {
  /** Called when COMMIT is about to be sent: from then on, an error leaves its outcome open. */
  onCommit?: (() => void) | undefined
  /** What `work` sends first does no harm by itself, and follows BEGIN at once. */
  isEager?: boolean | undefined
}

/**
 * Runs `work` in one READ COMMITTED transaction, whatever the role's default is. An interruption
 * rolls it back, up to the moment COMMIT is sent; after that only the server's word is the truth,
 * and it is waited for.
 *
 * Throws INTERRUPTED, and whatever `work` and the database throw.
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
        return result // Knex sends COMMIT now.
      },
      { isolationLevel: 'read committed', operator: db.operator, isEager },
    )
  } finally {
    allowAbortion()
  }
}
