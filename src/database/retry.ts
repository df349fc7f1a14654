import { setTimeout as sleep } from 'node:timers/promises'
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
  /** Milliseconds; the database's own unless told. */
  waitMs?: number | undefined
  /** Ends the wait; the database's own unless told. */
  signal?: AbortSignal | undefined
  /** Told before each new attempt: why, and what was thrown. */
  onRetry?: ((cause: RetryCause, error: unknown) => void) | undefined
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the wait is over. `attempt` gets its number,
 * from 1, and must be safe to run again: after a lost connection, the one before may have committed.
 *
 * Throws a TicketsError: BUSY when others were in the way or the server was full to the end,
 * DB_UNREACHABLE when nothing answers or the connection stays lost, INTERRUPTED when the signal is
 * aborted, and the other DB_* codes at once. Bugs are thrown as they are.
 *
 * @example
 * const seats = await withRetry(db, () => db.knex.transaction((trx) => bookSeats(trx, request)))
 */
export async function withRetry<T>(
  db: Database,
  attempt: (n: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { waitMs = db.waitMs, signal = db.signal, onRetry } = options
  const deadline = performance.now() + waitMs
  let isRevived = false
  let refusal: unknown
  for (let n = 1; ; n++) {
    if (signal?.aborted) throw interrupted()
    try {
      return await attempt(n)
    } catch (error) {
      if (signal?.aborted) throw interrupted(error)
      const cause = worthwhileCause(db, error)
      const revive = isServerAbsent(error) ? db.target.revive : undefined
      // Starting the server is not waiting for it: even a wait of zero allows it once.
      const isOver = performance.now() >= deadline && (revive === undefined || isRevived)
      const isOccupied = isServerOccupied(error)
      if (isOccupied && sqlState(error) !== undefined) refusal = error
      if (cause === undefined || isOver) {
        // A server that said it is full, and then says nothing, is still full, and not gone.
        throw translateFailure(isOccupied ? (refusal ?? error) : error, db.target)
      }
      onRetry?.(cause, error)
      if (revive) await reviveServer(db, revive)
      // Asking a full server keeps it from serving: who may wait long asks it less often in the end.
      const longestMs = isOccupied ? Math.min(10_000, Math.max(usualMs, waitMs / 10)) : usualMs
      if (!revive || isRevived) await pause(n, { longestMs, deadline, signal })
      isRevived ||= revive !== undefined
    }
  }
}

/** Why to try again here, if at all: a server that was never there is not waited for. */
function worthwhileCause(db: Database, error: unknown): RetryCause | undefined {
  if (db.target.revive && isServerAbsent(error)) return 'connect'
  const cause = retryCause(error)
  const isWaitedFor = cause !== 'connect' || db.hasConnected || isServerOccupied(error)
  return isWaitedFor ? cause : undefined
}

async function reviveServer(db: Database, revive: () => Promise<void>): Promise<void> {
  try {
    await revive()
  } catch (error) {
    throw translateFailure(error, db.target)
  }
}

interface Patience {
  /** Milliseconds that one pause may take at most. */
  longestMs: number
  /** When the wait is over, by `performance.now()`. */
  deadline: number
  signal: AbortSignal | undefined
}

const shortestMs = 10
/** For most causes, another try is soon enough to be worth it. */
const usualMs = 1000

/**
 * Exponential back-off with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog,
 * 2015): hundreds of processes that were refused together must not come back together.
 */
async function pause(n: number, { longestMs, deadline, signal }: Patience): Promise<void> {
  const ceiling = Math.min(longestMs, shortestMs * 2 ** Math.min(n, 10))
  const ms = Math.min(Math.random() * ceiling, Math.max(deadline - performance.now(), 0))
  await sleep(ms, undefined, { signal }).catch((error) => {
    throw interrupted(error)
  })
}

function interrupted(cause?: unknown): TicketsError {
  return new TicketsError('INTERRUPTED', 'Interrupted. What was not committed is rolled back.', {
    cause,
  })
}
