import type { Knex } from 'knex'
import { sqlState } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { execute, query, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import { invalidInput, type TicketsError } from '../shared/errors.js'
import { showNotFound } from '../shows/shows.js'
import type { BookingRow } from './booking.js'
import { newReference } from './references.js'
import { keyReused, RepeatedRequests } from './repeated-request.js'
import { scopedKey, type ValidRequest } from './valid-request.js'

/** A valid request that has a record in the database. */
export interface RecordedAttempt {
  request: ValidRequest
  /** The booking's id: the request's, or that of an earlier call with the same key. */
  id: string
  reference: string
  /** Whether the booking is that of an earlier call with the same key. */
  isReplay: boolean
}

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

/** The data to record for a request. */
export type NewRecord = Omit<RecordedAttempt, 'isReplay'>

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
  records: readonly NewRecord[],
): Promise<(RecordedAttempt | Error)[]> {
  try {
    return await insertRecords(db.knex, showId, records, { waitMs: db.waitMs, isRelaxed: true })
  } catch (error) {
    throw sqlState(error) === FOREIGN_KEY_VIOLATION ? showNotFound(showId) : error
  }
}

/** Returns the data to record for a new request. */
export function newRecord(request: ValidRequest): NewRecord {
  return { request, id: request.id, reference: newReference() }
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
  records: readonly NewRecord[],
  options: RecordOptions,
  partners = partnersOf(records),
): Promise<(RecordedAttempt | Error)[]> {
  const insert = (mayConflict: boolean) =>
    insertAll(knex, showId, records, { ...options, partners, mayConflict })
  // Checking for conflicts takes a tenth of an insert's time. New records have none, unless a
  // reference is taken, or an earlier insert succeeded although its connection was lost.
  const areNew = options.isRelaxed && records.every(({ request }) => request.isNew)
  const inserted = await insert(!areNew).catch((error) => {
    if (areNew && sqlState(error) === UNIQUE_VIOLATION) return insert(true)
    throw error
  })
  if (inserted === records.length) return records.map(asAttempt)
  // The row count does not say which records existed already.
  const found = await findRecorded(knex, showId, records)
  const unlucky = records.filter((_, i) => found[i] === undefined)
  if (unlucky.length === 0) return found as (RecordedAttempt | Error)[]
  const again = unlucky.map((record) => ({ ...record, reference: newReference() }))
  const attempts = await insertRecords(knex, showId, again, options, partners)
  let index = 0
  return found.map((one) => one ?? attempts[index++]!)
}

/** Returns, by index, the attempt of each record; undefined if it does not exist. */
async function findRecorded(
  knex: Knex,
  showId: string,
  records: readonly NewRecord[],
): Promise<(RecordedAttempt | Error | undefined)[]> {
  const rows = await query<Recorded>(
    knex,
    `select id, reference, show_id, status, key, key_scope, key_request from bookings
     where id = any(?::uuid[]) or key = any(?::text[])`,
    [records.map(({ id }) => id), records.flatMap(({ request }) => request.key ?? [])],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const byKey = new Map(
    rows.flatMap((row) => (row.key === null ? [] : [[scopedKey(row.key_scope, row.key), row]])),
  )
  const repeated = new RepeatedRequests(knex, showId)
  const find = async (record: NewRecord) => {
    const { request, id } = record
    const own = byId.get(id)
    if (own?.status === 'PENDING' && own.show_id !== showId) return idReused()
    if (own !== undefined) return asAttempt({ request, id, reference: own.reference })
    const earlier =
      request.key === null ? undefined : byKey.get(scopedKey(request.keyScope, request.key))
    if (earlier === undefined) return undefined
    if (!(await repeated.isSame(request, earlier.key_request!))) return keyReused()
    return { request, id: earlier.id, reference: earlier.reference, isReplay: true }
  }
  const found: (RecordedAttempt | Error | undefined)[] = []
  for (const record of records) found.push(await find(record))
  return found
}

function asAttempt({ request, id, reference }: NewRecord): RecordedAttempt {
  return { request, id, reference, isReplay: id !== request.id }
}

/** Returns how many records are new. */
function insertAll(
  knex: Knex,
  showId: string,
  records: readonly NewRecord[],
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
      sqlArray(records.map(({ id }) => id)),
      sqlArray(records.map(({ reference }) => reference)),
      sqlLists(records.map(({ request: { wanted } }) => ('seats' in wanted ? wanted.seats : []))),
      sqlColumn(records.map(({ request }) => request.customer)),
      sqlColumn(records.map(({ request }) => request.note)),
      sqlColumn(records.map(({ request }) => request.key)),
      sqlColumn(records.map(({ request }) => request.keyScope || null)),
      sqlColumn(records.map(({ request }) => request.keyRequest)),
      sqlColumn(records.map(({ id }) => partners.get(id) ?? null)),
      isRelaxed,
    ],
    mayConflict ? 'record_pending' : 'record_new',
  )
}

/**
 * Links new records: the last one is the leader and refers to the first; the others refer to the
 * leader, so that `settle` finds them all by the leader. Omits a record that may exist already, because it would not refer to the leader.
 */
function partnersOf(records: readonly NewRecord[]): Partners {
  const ids = records.filter(({ request }) => request.isNew).map(({ id }) => id)
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
