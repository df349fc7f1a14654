import type { Knex } from 'knex'
import { sqlState } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { execute, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import type { SeatLayout } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { knownLayout, readLayout } from '../shows/layouts.js'
import { showNotFound } from '../shows/shows.js'
import { type Attempt, attemptOf, toNextStage } from './attempt.js'
import type { BookingOutcome, BookingRequest } from './booking.js'
import { newReference } from './references.js'
import { findRecorded } from './repeated-request.js'
import { type BatchOptions, settle } from './settle.js'

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
 * error that concerns it alone: INVALID_INPUT, NO_SUCH_SEAT, KEY_REUSED, or an unexpected error.
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
function bookOrFail(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  options: BatchOptions,
): Promise<(BookingOutcome | Error)[]> {
  return bookBatch(db, showId, attempts, options).catch((error) => attempts.map(() => error))
}

async function bookTogether(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  options: BatchOptions,
): Promise<(BookingOutcome | Error)[]> {
  const record = (some: readonly Attempt[]) => recordAttempts(db, showId, some)
  const recorded = await withRetry(db, () => record(attempts), options)
  const settled = await toNextStage(recorded, (some) =>
    settle(db, showId, some, { ...options, record }),
  )

  // If the earlier attempt with a key was abandoned, the key is free again.
  const abandoned = attempts.filter((_, i) => isAbandonedReplay(settled[i]!))
  if (abandoned.length === 0) return settled
  const again = await bookOrFail(db, showId, abandoned, options)
  let index = 0
  return settled.map((one) => (isAbandonedReplay(one) ? again[index++]! : one))
}

function isAbandonedReplay(outcome: BookingOutcome | Error): boolean {
  if (outcome instanceof Error) return false
  return outcome.replayed && outcome.booking.failure?.code === 'ABANDONED'
}

/**
 * How long after its last chance to be decided an attempt counts as abandoned; no live attempt is
 * that late.
 */
const ABANDON_GRACE_MS = 60_000

/** No row has this id: the show was deleted after its layout was read. */
const FOREIGN_KEY_VIOLATION = '23503'

/** An id, a key or a reference already exists. */
const UNIQUE_VIOLATION = '23505'

/**
 * Step 1: records the requests in a separate transaction; also records attempts again, under the
 * same ids, if the first records may be lost. Returns, for each, its attempt or an error that
 * concerns it alone: INVALID_INPUT for an id that belongs to a booking for another show, KEY_REUSED.
 *
 * Throws SHOW_NOT_FOUND, and the database's own errors.
 */
export async function recordAttempts(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
): Promise<(Attempt | Error)[]> {
  try {
    return await insertAttempts(db.knex, showId, attempts, { waitMs: db.waitMs, isRelaxed: true })
  } catch (error) {
    throw sqlState(error) === FOREIGN_KEY_VIOLATION ? showNotFound(showId) : error
  }
}

interface RecordOptions {
  /** How many milliseconds the attempt may wait for each lock or connection. */
  waitMs: number
  /**
   * Whether to return before the records are on disk. They are on disk before any outcome of theirs, so a
   * crash of the server loses only undecided attempts, and their process records them again. Only
   * for a statement that is a whole transaction.
   */
  isRelaxed?: boolean
}

/**
 * Records the requests. Repeatable: an existing id belongs to an earlier try of the same call, an
 * existing key to an earlier call, and an existing reference is replaced by a new one.
 */
export async function insertAttempts(
  knex: Knex,
  showId: string,
  attempts: readonly Attempt[],
  options: RecordOptions,
  partners = partnersOf(attempts),
): Promise<(Attempt | Error)[]> {
  const insert = (mayConflict: boolean) =>
    insertAll(knex, showId, attempts, { ...options, partners, mayConflict })
  // Checking for conflicts takes a tenth of an insert's time. New records have none, unless a
  // reference is taken, or an earlier insert succeeded although its connection was lost.
  const areNew = options.isRelaxed && attempts.every(({ isNew }) => isNew)
  const inserted = await insert(!areNew).catch((error) => {
    if (areNew && sqlState(error) === UNIQUE_VIOLATION) return insert(true)
    throw error
  })
  if (inserted === attempts.length) return [...attempts]
  // The row count does not say which records existed already.
  const found = await findRecorded(knex, showId, attempts)
  const unlucky = attempts.filter((_, i) => found[i] === undefined)
  if (unlucky.length === 0) return found as (Attempt | Error)[]
  const again = unlucky.map((attempt) => ({ ...attempt, reference: newReference() }))
  const recorded = await insertAttempts(knex, showId, again, options, partners)
  let index = 0
  return found.map((one) => one ?? recorded[index++]!)
}

/** Returns how many records are new. */
function insertAll(
  knex: Knex,
  showId: string,
  attempts: readonly Attempt[],
  {
    waitMs,
    isRelaxed = false,
    partners,
    mayConflict,
  }: RecordOptions & { partners: Partners; mayConflict: boolean },
): Promise<number> {
  return execute(
    knex,
    `insert into bookings
       (id, reference, show_id, status, seats, customer, note, key, key_scope, key_request,
        recorded_with, pending_until)
     select id, reference, ?::uuid, 'PENDING', seats::int[], customer, note, key,
            coalesce(key_scope, ''), key_request, recorded_with,
            clock_timestamp() + make_interval(secs => ?)
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
                 ?::text[], ?::uuid[])
       as record (id, reference, seats, customer, note, key, key_scope, key_request,
                 recorded_with),
       (select case when ?::bool then set_config('synchronous_commit', 'off', true) end) as relaxed
     ${mayConflict ? 'on conflict do nothing' : ''}`,
    [
      showId,
      // The last try may begin just before the wait is over, and then wait as long for the lock.
      (2 * waitMs + ABANDON_GRACE_MS) / 1000,
      sqlArray(attempts.map(({ id }) => id)),
      sqlArray(attempts.map(({ reference }) => reference)),
      sqlLists(attempts.map(({ wanted }) => ('seats' in wanted ? wanted.seats : []))),
      sqlColumn(attempts.map(({ customer }) => customer)),
      sqlColumn(attempts.map(({ note }) => note)),
      sqlColumn(attempts.map(({ key }) => key)),
      sqlColumn(attempts.map(({ keyScope }) => keyScope || null)),
      sqlColumn(attempts.map(({ keyRequest }) => keyRequest)),
      sqlColumn(attempts.map(({ id }) => partners.get(id) ?? null)),
      isRelaxed,
    ],
    mayConflict ? 'record_pending' : 'record_new',
  )
}

/**
 * Links new records: the last one is the leader and refers to the first; the others refer to the
 * leader, so that `settle` finds them all by the leader. Omits a record that may exist
 * already, because it would not refer to the leader.
 */
function partnersOf(attempts: readonly Attempt[]): Partners {
  const ids = attempts.filter(({ isNew }) => isNew).map(({ id }) => id)
  const [first, leader] = [ids[0]!, ids.at(-1)!]
  if (first === leader) return new Map()
  return new Map(ids.map((id) => [id, id === leader ? first : leader]))
}

/** The value of `recorded_with` by booking id; missing for a single record. */
type Partners = ReadonlyMap<string, string>
