import type { Knex } from 'knex'
import { sqlState } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { execute, query, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import { invalidInput, type TicketsError } from '../shared/errors.js'
import { showNotFound } from '../shows/shows.js'
import { type Attempt, scopedKey } from './attempt.js'
import type { BookingRow } from './booking.js'
import { newReference } from './references.js'
import { keyReused, RepeatedRequests } from './repeated-request.js'

/**
 * Takes a batch to its next stage. Keeps the errors; passes the rest to `next`, which returns one
 * result for each, in the same order.
 */
export async function toNextStage<From, To>(
  batch: readonly (From | Error)[],
  next: (passed: readonly From[]) => Promise<(To | Error)[]>,
): Promise<(To | Error)[]> {
  const passed = batch.filter((one): one is From => !(one instanceof Error))
  if (passed.length === 0) return batch as Error[]
  const results = await next(passed)
  let index = 0
  return batch.map((one) => (one instanceof Error ? one : results[index++]!))
}

/**
 * How long after its last possible moment a recorded attempt counts as abandoned; no live attempt
 * is that late.
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
    return await insertRecords(db.knex, showId, attempts, { waitMs: db.waitMs, isRelaxed: true })
  } catch (error) {
    throw sqlState(error) === FOREIGN_KEY_VIOLATION ? showNotFound(showId) : error
  }
}

export interface RecordOptions {
  /** How many milliseconds the attempt may wait for each lock or connection. */
  waitMs: number
  /**
   * Returns before the records are on disk. They are on disk before any outcome of theirs, so a
   * crash of the server loses only undecided attempts, and their process records them again. Only
   * for a statement that is a whole transaction.
   */
  isRelaxed?: boolean
}

/**
 * Records the requests. Repeatable: an existing id belongs to an earlier try of the same call, an
 * existing key to an earlier call, and an existing reference is replaced by a new one.
 */
export async function insertRecords(
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
  const recorded = await insertRecords(knex, showId, again, options, partners)
  let index = 0
  return found.map((one) => one ?? recorded[index++]!)
}

/** Returns, by index, each attempt as it is recorded; undefined if it does not exist. */
async function findRecorded(
  knex: Knex,
  showId: string,
  attempts: readonly Attempt[],
): Promise<(Attempt | Error | undefined)[]> {
  const rows = await query<Recorded>(
    knex,
    `select id, reference, show_id, status, key, key_scope, key_request from bookings
     where id = any(?::uuid[]) or key = any(?::text[])`,
    [attempts.map(({ id }) => id), attempts.flatMap(({ key }) => key ?? [])],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const byKey = new Map(
    rows.flatMap((row) => (row.key === null ? [] : [[scopedKey(row.key_scope, row.key), row]])),
  )
  const repeated = new RepeatedRequests(knex, showId)
  const find = async (attempt: Attempt) => {
    const { id, key, keyScope } = attempt
    const own = byId.get(id)
    if (own?.status === 'PENDING' && own.show_id !== showId) return idReused()
    if (own !== undefined) return { ...attempt, reference: own.reference }
    const earlier = key === null ? undefined : byKey.get(scopedKey(keyScope, key))
    if (earlier === undefined) return undefined
    if (!(await repeated.isSame(attempt, earlier.key_request!))) return keyReused()
    return { ...attempt, id: earlier.id, reference: earlier.reference, isReplay: true }
  }
  const found: (Attempt | Error | undefined)[] = []
  for (const attempt of attempts) found.push(await find(attempt))
  return found
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
 * leader, so that `settle` finds them all by the leader. Omits a record that may exist already, because it would not refer to the leader.
 */
function partnersOf(attempts: readonly Attempt[]): Partners {
  const ids = attempts.filter(({ isNew }) => isNew).map(({ id }) => id)
  const [first, leader] = [ids[0]!, ids.at(-1)!]
  if (first === leader) return new Map()
  return new Map(ids.map((id) => [id, id === leader ? first : leader]))
}

/** The value of `recorded_with` by booking id; missing for a single record. */
type Partners = ReadonlyMap<string, string>

type Recorded = Pick<
  BookingRow,
  'id' | 'reference' | 'show_id' | 'status' | 'key' | 'key_scope' | 'key_request'
>

function idReused(): TicketsError {
  return invalidInput('This id belongs to a booking for another show.')
}
