import type { Knex } from 'knex'
import { sqlState } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { execute, query } from '../database/sql.js'
import { sqlArray, sqlColumn, sqlLists } from '../database/sql-array.js'
import { TicketsError } from '../shared/errors.js'
import { canonicalText } from '../shared/fold-text.js'
import { showNotFound } from '../shows/shows.js'
import { type Draft, scopedKey } from './attempt.js'
import type { BookingRow } from './booking.js'
import { newReference } from './references.js'

/** How long after its last moment a recorded attempt counts as abandoned: no live one is so late. */
const ABANDON_GRACE_MS = 60_000

/** The show went away after its layout was read. */
const FOREIGN_KEY_VIOLATION = '23503'

/** Something of what is new was there already. */
const UNIQUE_VIOLATION = '23505'

/** Step 1 by itself, before the transaction. Throws SHOW_NOT_FOUND, and what the database throws. */
export async function recordDrafts(db: Database, showId: string, drafts: Draft[]): Promise<void> {
  try {
    await recordPending(db.knex, showId, drafts, { waitMs: db.waitMs, isRelaxed: true })
  } catch (error) {
    throw sqlState(error) === FOREIGN_KEY_VIOLATION ? showNotFound(showId) : error
  }
}

export interface RecordOptions {
  /** Milliseconds that the attempt may wait for each thing that it waits for. */
  waitMs: number
  /**
   * Answer before the records are on disk. They are there before any verdict on them is, so all
   * that a crashing server can lose is an attempt that nobody was told about; who wrote it writes it
   * again. Only for a statement that is a transaction by itself.
   */
  isRelaxed?: boolean
}

/**
 * Step 1. Repeatable: an id that is there already is an earlier try of this very call, a key that
 * is there already is an earlier call, and a reference that is there already is bad luck.
 */
export async function recordPending(
  knex: Knex,
  showId: string,
  drafts: Draft[],
  options: RecordOptions,
  partners = partnersOf(drafts),
): Promise<void> {
  const inserted = await insertPending(knex, showId, drafts, { ...options, partners })
  if (inserted === drafts.length) return
  // The number does not tell which of them were there.
  const rows = await query<Recorded>(
    knex,
    `select id, reference, show_id, status, key, key_scope, key_request from bookings
     where id = any(?::uuid[]) or key = any(?::text[])`,
    [drafts.map((draft) => draft.id), drafts.flatMap((draft) => draft.key ?? [])],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const byKey = new Map(
    rows.flatMap((row) => (row.key === null ? [] : [[scopedKey(row.key_scope, row.key), row]])),
  )
  const unlucky = drafts.filter((draft) => {
    const own = byId.get(draft.id)
    if (own?.status === 'PENDING' && own.show_id !== showId) draft.error = idReused()
    if (own !== undefined) return false
    const earlier = draft.key === null ? undefined : byKey.get(scopedKey(draft.keyScope, draft.key))
    if (earlier === undefined) return true
    replay(draft, earlier)
    return false
  })
  for (const draft of unlucky) draft.reference = newReference()
  if (unlucky.length > 0) {
    await recordPending(knex, showId, unlucky, options, partners)
  }
}

interface InsertOptions extends RecordOptions {
  partners: Partners
}

/** Returns how many were not there before. */
async function insertPending(
  knex: Knex,
  showId: string,
  drafts: Draft[],
  options: InsertOptions,
): Promise<number> {
  // To look for conflicts before each row is a tenth of the work, and among new ones there is none:
  // but for bad luck, and for those that a lost connection has left there after all.
  if (options.isRelaxed && drafts.every((draft) => draft.isNew)) {
    try {
      return await insertAll(knex, showId, drafts, options)
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error
    }
  }
  return insertAll(knex, showId, drafts, { ...options, mayConflict: true })
}

function insertAll(
  knex: Knex,
  showId: string,
  drafts: Draft[],
  {
    waitMs,
    isRelaxed = false,
    partners,
    mayConflict = false,
  }: InsertOptions & { mayConflict?: boolean },
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
       as draft (id, reference, seats, customer, note, key, key_scope, key_request,
                 recorded_with),
       (select case when ?::bool then set_config('synchronous_commit', 'off', true) end) as relaxed
     ${mayConflict ? 'on conflict do nothing' : ''}`,
    [
      showId,
      // A last try may begin just before the wait is over, and then wait as long for the lock.
      (2 * waitMs + ABANDON_GRACE_MS) / 1000,
      sqlArray(drafts.map((draft) => draft.id)),
      sqlArray(drafts.map((draft) => draft.reference)),
      sqlLists(drafts.map((draft) => ('seats' in draft.wanted ? draft.wanted.seats : []))),
      sqlColumn(drafts.map((draft) => draft.customer)),
      sqlColumn(drafts.map((draft) => draft.note)),
      sqlColumn(drafts.map((draft) => draft.key)),
      sqlColumn(drafts.map((draft) => draft.keyScope || null)),
      sqlColumn(drafts.map((draft) => draft.keyRequest)),
      sqlColumn(drafts.map((draft) => partners.get(draft.id) ?? null)),
      isRelaxed,
    ],
    mayConflict ? 'record_pending' : 'record_new',
  )
}

/**
 * What ties those together that are recorded together: the last one leads, and has the id of the
 * first; the others have the leader's. Whatever may be there already stays alone, as whoever had it
 * for a leader would then have none.
 */
function partnersOf(drafts: readonly Draft[]): Partners {
  const ids = drafts.filter((draft) => draft.isNew).map((draft) => draft.id)
  const [first, leader] = [ids[0]!, ids.at(-1)!]
  if (first === leader) return new Map()
  return new Map(ids.map((id) => [id, id === leader ? first : leader]))
}

/** The value of `recorded_with`, by a booking's id; none for one that is alone. */
type Partners = ReadonlyMap<string, string>

type Recorded = Pick<
  BookingRow,
  'id' | 'reference' | 'show_id' | 'status' | 'key' | 'key_scope' | 'key_request'
>

function replay(draft: Draft, earlier: Recorded): void {
  const [first, again] = [earlier.key_request!, draft.keyRequest!].map(canonicalText)
  if (first !== again) {
    draft.error = keyReused()
    return
  }
  draft.id = earlier.id
  draft.reference = earlier.reference
  draft.isReplay = true
}

/** The error for a key that comes with another request than the first time. */
export function keyReused(): TicketsError {
  return new TicketsError(
    'KEY_REUSED',
    'This key was used for another request. Use a new key for a new request.',
  )
}

function idReused(): TicketsError {
  return new TicketsError('INVALID_INPUT', 'This id is that of a booking for another show.')
}
