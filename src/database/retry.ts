import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, untilLongOver } from '../shared/deadline.js'
import { TicketsError } from '../shared/errors.js'
import {
  isServerAbsent,
  isServerOccupied,
  type RetryCause,
  retryCause,
  sqlState,
  translateFailure,
} from './failures.js'
import type { Database } from './knex-pool.js'

export interface RetryOptions {
  /** Milliseconds (default: the database's own deadline or wait). */
  waitMs?: number | undefined
  /** Ends the wait (default: the database's own). */
  signal?: AbortSignal | undefined
  /** Gives the attempts no time limit: the wait then limits only the retries. */
  isLong?: boolean | undefined
  /** Makes one attempt only, for work that cannot be repeated because it uses a stream up. */
  isOnce?: boolean | undefined
  /** Called before each new attempt, with the cause and the error. */
  onRetry?: ((cause: RetryCause, error: unknown) => void) | undefined
}

/** Returns the same database with one deadline for all that a call does with it. */
export function withDeadline(
  db: Database,
  deadline: Deadline = db.deadline ?? { at: performance.now() + db.waitMs },
): Database {
  // Not a copy, because properties such as `awaitsServer` must be read from the original.
  return Object.create(db, { deadline: { value: deadline, enumerable: true } })
}

/**
 * Runs `attempt` until it succeeds, fails permanently, or the wait is over. `attempt` receives its
 * number, from 1, and must be safe to repeat: after a lost connection, the previous attempt may
 * have committed. The last attempt ends at the latest with the grace after the wait.
 *
 * Throws a TicketsError: BUSY if other transactions were in the way or the server stayed full,
 * DB_UNREACHABLE if no server answers or the connection stays lost, INTERRUPTED if the signal is
 * aborted, and the other DB_* codes at once. Throws bugs unchanged.
 *
 * @example
 * const show = await withRetry(db, () => db.knex('shows').where({ id }).first())
 */
export async function withRetry<T>(
  db: Database,
  attempt: (n: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { waitMs = db.waitMs, signal = db.signal, isLong, isOnce, onRetry } = options
  const callDeadline = options.waitMs === undefined ? db.deadline : undefined
  const deadline = callDeadline ?? { at: performance.now() + waitMs }
  let isRevived = false
  let occupiedError: unknown
  for (let n = 1; ; n++) {
    if (signal?.aborted) throw interrupted()
    try {
      return await (isLong ? attempt(n) : untilLongOver(deadline, attempt(n)))
    } catch (error) {
      if (signal?.aborted) throw interrupted(error)
      const cause = worthwhileCause(db, error)
      const revive = isServerAbsent(error) ? db.target.revive : undefined
      const isOver = performance.now() >= deadline.at && (revive === undefined || isRevived)
      const isOccupied = isServerOccupied(error)
      if (isOccupied && sqlState(error) !== undefined) occupiedError = error
      if (cause === undefined || isOver || isOnce) {
        // A server that reported that it is full, and then does not answer, is still full.
        throw translateFailure(isOccupied ? (occupiedError ?? error) : error, db.target)
      }
      onRetry?.(cause, error)
      if (revive) {
        // Starting the server does not count as waiting for it.
        const begun = performance.now()
        await revive().catch((failure) => {
          throw translateFailure(failure, db.target)
        })
        deadline.at += performance.now() - begun
      }
      // Connection attempts slow down a full server, so a client with a long wait tries less often.
      const longestMs = isOccupied ? Math.min(10_000, Math.max(usualMs, waitMs / 10)) : usualMs
      if (!revive || isRevived) await pause(n, { longestMs, deadline, signal })
      isRevived ||= revive !== undefined
    }
  }
}

/** The cause to retry for, if any. */
function worthwhileCause(db: Database, error: unknown): RetryCause | undefined {
  if (db.target.revive && isServerAbsent(error)) return 'connect'
  const cause = retryCause(error)
  const isWaitedFor = cause !== 'connect' || db.awaitsServer || isServerOccupied(error)
  return isWaitedFor ? cause : undefined
}

interface Patience {
  /** The longest pause, in milliseconds. */
  longestMs: number
  deadline: Deadline
  signal: AbortSignal | undefined
}

const shortestMs = 10
/** The longest pause for most causes, in milliseconds. */
const usualMs = 1000

/**
 * Exponential back-off with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog,
 * 2015): hundreds of processes that were refused together must not retry together.
 */
async function pause(n: number, { longestMs, deadline, signal }: Patience): Promise<void> {
  const ceiling = Math.min(longestMs, shortestMs * 2 ** Math.min(n, 10))
  const ms = Math.min(Math.random() * ceiling, Math.max(deadline.at - performance.now(), 0))
  await sleep(ms, undefined, { signal }).catch((error) => {
    throw interrupted(error)
  })
}

function interrupted(cause?: unknown): TicketsError {
  return new TicketsError('INTERRUPTED', 'Interrupted. Uncommitted changes were rolled back.', {
    cause,
  })
}
