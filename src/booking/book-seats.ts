import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import type { Refusal } from '../house/decide.js'
import type { SeatLayout } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { knownLayout, readLayout } from '../shows/layouts.js'
import { type Attempt, attemptOf } from './attempt.js'
import type { BookingOutcome, BookingRequest, BookOptions } from './booking.js'
import { recordAttempts, toNextStage } from './record-attempt.js'
import { type LockOptions, settle } from './settle.js'

/** The options of one batch. */
export interface BatchOptions extends BookOptions, LockOptions {
  /**
   * Resolves when the previous batch has the show's lock; until then, this batch is only recorded.
   */
  turn?: Promise<void> | undefined
}

/**
 * Books a batch of requests for one show, in order; a single booking is a batch of one.
 *
 * 1. The requests are recorded as PENDING under ids made here, and committed.
 * 2. A transaction begins,
 * 3. locks the show's row,
 * 4. reads, under the lock, what became of these bookings already, who holds seats, and which
 *    attempts were abandoned, and decides each request,
 * 5. writes the show once and the outcomes once, and commits.
 * 6. If the connection is lost, even at COMMIT, steps 2 to 5 run again with the same ids. The lost
 *    transaction keeps the lock until it ends, so the new one sees its verdict. Step 1 runs again if
 *    the records are gone.
 *
 * Returns, for each request, its outcome (a refused one is a FAILED booking with its reason) or an
 * error that concerns it alone: INVALID_INPUT, NO_SUCH_SEAT, KEY_REUSED, or a bug's.
 *
 * Throws errors that concern all of them: SHOW_NOT_FOUND, BUSY, INTERRUPTED and the database's own.
 */
export async function bookSeats(
  db: Database,
  showId: string,
  requests: readonly BookingRequest[],
  options: BatchOptions = {},
): Promise<(BookingOutcome | Error)[]> {
  const valid = await validateAll(db, showId, requests)
  return toNextStage(valid, (attempts) => bookBatch(db, showId, attempts, options))
}

/** The error for a refusal, with the FAILED booking that records it. */
export function refusalError(refusal: Refusal, outcome?: BookingOutcome): TicketsError {
  return new TicketsError(refusal.code, refusal.message, { ...refusal, outcome })
}

async function validateAll(
  db: Database,
  showId: string,
  requests: readonly BookingRequest[],
): Promise<(Attempt | Error)[]> {
  const validateFor = (layout: SeatLayout) =>
    requests.map((request, i) => attemptOf(request, { showId, layout }, i))
  const known = knownLayout(db.knex, showId)
  // With a key, the numbers of seats are recorded with their plan: that of the show, not an old one.
  const needsPlan = requests.some(({ key, seats }) => key != null && seats !== undefined)
  if (known !== undefined && !needsPlan) {
    const valid = validateFor(known)
    // The cached layout may be old: the house may have grown, or have another plan.
    if (!valid.some((one) => one instanceof Error)) return valid
  }
  return validateFor(await withRetry(db, () => readLayout(db.knex, showId)))
}

/**
 * Books the requests together. If the database cannot process the batch because of one request,
 * books its halves, and so on, under the same ids: only that request fails, with its own error.
 */
async function bookBatch(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  options: BatchOptions,
): Promise<(BookingOutcome | Error)[]> {
  try {
    return await bookTogether(db, showId, attempts, options)
  } catch (error) {
    // An expected error (no connection, no such show) concerns all of them.
    if (error instanceof TicketsError || attempts.length === 1) throw error
    const middle = attempts.length >> 1
    const first = await bookOrFail(db, showId, attempts.slice(0, middle), options)
    return [...first, ...(await bookOrFail(db, showId, attempts.slice(middle), options))]
  }
}

/** Like `bookBatch`, but returns an error of the batch as the result of each of its requests. */
function bookOrFail(...batch: Parameters<typeof bookBatch>): ReturnType<typeof bookBatch> {
  return bookBatch(...batch).catch((error) => batch[2].map(() => error))
}

async function bookTogether(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  options: BatchOptions,
): Promise<(BookingOutcome | Error)[]> {
  const record = () => recordAttempts(db, showId, attempts)
  const recorded = await withRetry(db, record, options)
  const settled = await toNextStage(recorded, async (open) => {
    await options.turn
    return settle(db, showId, open, options)
  })

  // If the earlier attempt with a key was abandoned, the key is free again.
  const orphaned = attempts.filter((_, i) => isOrphaned(settled[i]!))
  if (orphaned.length === 0) return settled
  const again = await bookOrFail(db, showId, orphaned, options)
  let index = 0
  return settled.map((one) => (isOrphaned(one) ? again[index++]! : one))
}

function isOrphaned(outcome: BookingOutcome | Error): boolean {
  if (outcome instanceof Error) return false
  return outcome.replayed && outcome.booking.failure?.code === 'ABANDONED'
}
