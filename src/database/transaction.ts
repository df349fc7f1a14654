import type { Knex } from 'knex'
import { isLongOver, noAnswer } from '../shared/deadline.js'
import { hasExit, TicketsError } from '../shared/errors.js'
import { retryCause, sqlState } from './failures.js'
import type { Database } from './knex-pool.js'
import { type RetryOptions, withDeadline, withRetry } from './retry.js'
import { query } from './sql.js'

export interface TransactionOptions {
  /** Sends the first statements of `work` right after BEGIN; they must be harmless on their own. */
  isEager?: boolean | undefined
  /** Allows a statement minutes, and the whole as many of them as it needs. */
  isLong?: boolean | undefined
}

export interface ChangeOptions extends RetryOptions, TransactionOptions {
  /** Prepares a retry; receives the error of the previous try. */
  beforeRetry?: ((failure: unknown) => Promise<void>) | undefined
}

/**
 * Changes the database: runs `work` in a transaction, and repeats it until the outcome is certain.
 * After a lost connection, the previous attempt may have committed, so `work` must recognise its
 * own earlier result, and lock or write a row even then: only then does its COMMIT wait until the
 * synchronous standby has that result.
 *
 * Throws what `doubt` returns, an IN_DOUBT, if a COMMIT was sent and its outcome cannot be learned in
 * time; otherwise what `withRetry` and `work` throw.
 */
export async function change<T>(
  db: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  doubt: (cause: unknown) => TicketsError,
  { beforeRetry, isEager, isLong, ...options }: ChangeOptions = {},
): Promise<T> {
  const own = withDeadline(db)
  let failure: unknown
  /** The number of COMMITs whose outcome is unknown. */
  let unanswered = 0
  const attempt = async (n: number) => {
    if (n > 1) await beforeRetry?.(failure)
    let isSent = false
    const onCommit = () => {
      isSent = true
      unanswered++
    }
    try {
      return await inTransaction(own, work, { isEager, isLong, onCommit })
    } catch (error) {
      failure = error
      if (isSent && isRolledBack(error)) unanswered--
      throw error
    }
  }
  try {
    return await withRetry(own, attempt, { ...options, isLong })
  } catch (error) {
    if (unanswered === 0 || tellsOutcome(error)) throw error
    throw doubt(error)
  }
}

/**
 * The IN_DOUBT for a change that `command` shows, if it was made. `isRepeatable` says whether the
 * same call, made again, finds the change made and does nothing.
 */
export function changeInDoubt(
  command: string,
  { isRepeatable = true }: { isRepeatable?: boolean } = {},
): (cause: unknown) => TicketsError {
  const message = `The change may or may not have been made: the database did not confirm it. \`${command}\` shows whether it was.`
  return (cause) => new TicketsError('IN_DOUBT', message, { cause, isRetryable: isRepeatable })
}

/** Whether COMMIT failed by the server's own word, and not because its answer is missing. */
function isRolledBack(error: unknown): boolean {
  return sqlState(error) !== undefined && retryCause(error) !== 'lost'
}

/**
 * Whether the error reveals the outcome: `work` refuses only what was not done before. An error
 * that means busy, not ready or interrupted does not.
 */
function tellsOutcome(error: unknown): boolean {
  return !hasExit(error, 'busy', 'noDatabase', 'interrupted')
}

/**
 * Runs `work` in one READ COMMITTED transaction, even if the role has another default. An
 * interruption rolls it back until COMMIT is sent; after that, waits for the server's answer,
 * because only the server knows the outcome. `onCommit` is called just before COMMIT is sent; after
 * that, an error leaves the outcome unknown.
 *
 * Throws INTERRUPTED, and what `work` and the database throw.
 */
async function inTransaction<T>(
  db: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  { onCommit, isEager = false, isLong = false }: TransactionOptions & { onCommit: () => void },
): Promise<T> {
  let allowAbort = () => {}
  // After the deadline and the grace, the caller has already reported that nothing was done, so
  // nothing may be committed.
  const refuseIfLate = () => {
    if (!isLong && db.deadline && isLongOver(db.deadline)) throw noAnswer()
  }
  try {
    return await db.knex.transaction(
      async (trx) => {
        refuseIfLate()
        const result = await work(trx)
        if (db.signal?.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted. Rolled back.')
        refuseIfLate()
        allowAbort = db.delayAbort()
        onCommit()
        return result // Knex sends COMMIT after this.
      },
      {
        isolationLevel: 'read committed',
        // connection/knex-client.ts reads the following.
        operator: db.operator,
        isEager,
        isLong,
        deadline: db.deadline,
      },
    )
  } finally {
    allowAbort()
  }
}

/**
 * Runs `work`, which only reads, in one snapshot, and again if `withRetry` would. A statement may
 * take minutes. Throws what `withRetry` and `work` throw.
 */
export function inSnapshot<T>(
  db: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const mode = { readOnly: true, isolationLevel: 'repeatable read', isLong: true } as const
  return withRetry(db, () => db.knex.transaction(work, mode), { ...options, isLong: true })
}

/** Returns the same database with another operator, whom the history records for its changes. */
export function inTheNameOf(operator: string, db: Database): Database {
  // Not a copy, because properties such as `awaitsServer` must be read from the original.
  return Object.create(db, { operator: { value: operator, enumerable: true } })
}

/** Sets the operator that the history's triggers record, until the transaction ends. */
export async function nameOperator(trx: Knex.Transaction, operator: string): Promise<void> {
  await query(trx, `select set_config('tickets.operator', ?, true)`, [operator], 'name_operator')
}
