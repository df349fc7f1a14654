import type { Knex } from 'knex'
import { v7 as timeOrderedId } from 'uuid'
import type { Database } from '../database/connection.js'
import type { RetryCause } from '../database/failures.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { inTransaction } from '../database/transaction.js'
import { ABANDONED, isAbandonedBy } from './abandoned.js'
import {
  type BookingOutcome,
  type BookingRequest,
  type BookingRow,
  type Refusal,
  toBooking,
} from './booking.js'
import { decide, type House, type Wanted } from './decide.js'
import { TicketsError } from './errors.js'
import { checkOptionalText } from './input.js'
import { formatReference, newReference } from './references.js'
import { SeatSet } from './seat-set.js'
import { checkSeats, MAX_SEATS, parseSeats, type SeatLayout } from './seats.js'
import { IS_LIVE_HOLD, showNotFound } from './shows.js'

/** Bounds of one call that books. */
export interface BookingOptions {
  /** Hears of each new try: why, and what was thrown. */
  onRetry?: (cause: RetryCause, error: unknown) => void
}

/**
 * Books a batch of requests for one show, in their order; a single booking is a batch of one.
 *
 * 1. The requests are recorded as PENDING under ids made here, and committed.
 * 2. A transaction begins,
 * 3. locks the show's row,
 * 4. reads, under the lock, what became of these bookings already, who holds seats, and which
 *    attempts were abandoned, and decides each request,
 * 5. writes the show once and the outcomes once, and commits.
 * 6. If the connection dies, COMMIT included, steps 2 to 5 run again with the same ids: the lost
 *    transaction kept the lock until it ended, so the new one sees its verdict.
 *
 * Returns, for each request, its outcome (a refused one is a FAILED booking with its reason) or
 * the error that concerns it alone: INVALID_INPUT, NO_SUCH_SEAT, KEY_REUSED, or a bug's.
 *
 * Throws what concerns them all: SHOW_NOT_FOUND, BUSY, INTERRUPTED and the database's own.
 */
export async function bookSeats(
  db: Database,
  showId: string,
  requests: readonly BookingRequest[],
  options: BookingOptions = {},
): Promise<(BookingOutcome | Error)[]> {
  const layout = await readLayout(db, showId)
  const drafts = requests.map((request) => draftOf(request, showId, layout))
  const valid = drafts.filter((draft): draft is Draft => !(draft instanceof TicketsError))
  await bookDrafts(db, showId, valid, options)
  return drafts.map((draft) =>
    draft instanceof TicketsError ? draft : (draft.error ?? outcomeOf(draft, layout)),
  )
}

/**
 * Says what a booking would get if it were made now, without a trace in the database: the seats.
 * Throws like a booking: INVALID_INPUT, NO_SUCH_SEAT, SEATS_TAKEN, NOT_ENOUGH_SEATS, …
 */
export async function previewSeats(
  db: Database,
  showId: string,
  request: BookingRequest,
): Promise<number[]> {
  return withRetry(db, () =>
    db.knex.transaction(
      async (trx) => {
        const show = await showRow(trx, showId)
        if (show === undefined) throw showNotFound(showId)
        const draft = draftOf(request, showId, layoutOf(show))
        if (draft instanceof TicketsError) throw draft
        const verdict = decide(houseOf(show, await liveHolds(trx, showId)), draft.wanted)
        if ('refusal' in verdict) throw refusalError(verdict.refusal)
        return [...verdict.seats]
      },
      { readOnly: true, isolationLevel: 'repeatable read' },
    ),
  )
}

/** The error that tells of a refusal, with the FAILED booking that records it. */
export function refusalError(refusal: Refusal, outcome?: BookingOutcome): TicketsError {
  return new TicketsError(refusal.code, refusal.message, { ...refusal, outcome })
}

/** The error for a key that comes with another request than the first time. */
export function keyReused(): TicketsError {
  return new TicketsError(
    'KEY_REUSED',
    'This key was used for another request. Use a new key for a new request.',
  )
}

/** A request on its way: what is wanted, under which id, and what became of it. */
export interface Draft {
  id: string
  reference: string
  wanted: Wanted
  customer: string | null
  note: string | null
  hold: number | 'forever' | undefined
  key: string | null
  /** The whole request in one canonical text: what the same key must come with again. */
  keyRequest: string | null
  /** An earlier call had recorded this key; `id` is its booking. */
  isReplay: boolean
  row?: BookingRow
  error?: Error
}

/** How long after its deadline a recorded attempt counts as abandoned: no live one is so late. */
const ABANDON_GRACE_MS = 60_000

const MAX_KEY = 200

/**
 * Books the drafts together. Where one of them is more than the database can take, they are booked
 * in halves, and so on, under the same ids: only the culprit fails, with its own error.
 */
async function bookDrafts(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  try {
    await bookTogether(db, showId, drafts, options)
  } catch (error) {
    // What is expected (no connection, no such show) concerns them all.
    if (error instanceof TicketsError || drafts.length === 1) throw error
    const middle = drafts.length >> 1
    for (const half of [drafts.slice(0, middle), drafts.slice(middle)]) {
      await bookDrafts(db, showId, half, options).catch((culprits) => {
        for (const draft of half) if (draft.row === undefined) draft.error ??= culprits
      })
    }
  }
}

async function bookTogether(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  await withRetry(db, () => recordPending(db.knex, showId, drafts, db.waitMs), options)
  const recorded = drafts.filter((draft) => draft.error === undefined)
  if (recorded.length === 0) return
  await settle(db, showId, recorded, options)

  // A key whose earlier attempt was abandoned, after it was found and before the lock, is free.
  const orphaned = recorded.filter((draft) => draft.isReplay && isAbandoned(draft.row!))
  for (const draft of orphaned) {
    Object.assign(draft, { id: timeOrderedId(), reference: newReference(), isReplay: false })
  }
  if (orphaned.length > 0) await bookDrafts(db, showId, orphaned, options)
}

/**
 * Step 1. Repeatable: an id that is there already is an earlier try of this very call, a key that
 * is there already is an earlier call, and a reference that is there already is bad luck.
 */
export async function recordPending(
  knex: Knex,
  showId: string,
  drafts: Draft[],
  waitMs: number,
): Promise<void> {
  const inserted = await insertPending(knex, showId, drafts, waitMs)
  const rest = drafts.filter((draft) => !inserted.has(draft.id))
  if (rest.length === 0) return
  const rows = await query<Pick<BookingRow, 'id' | 'key' | 'key_request'>>(
    knex,
    'select id, key, key_request from bookings where id = any(?::uuid[]) or key = any(?::text[])',
    [rest.map((draft) => draft.id), rest.flatMap((draft) => draft.key ?? [])],
  )
  const ids = new Set(rows.map((row) => row.id))
  const byKey = new Map(rows.map((row) => [row.key, row]))
  const unlucky = rest.filter((draft) => {
    if (ids.has(draft.id)) return false
    const earlier = draft.key === null ? undefined : byKey.get(draft.key)
    if (earlier === undefined) return true
    replay(draft, earlier)
    return false
  })
  for (const draft of unlucky) draft.reference = newReference()
  if (unlucky.length > 0) await recordPending(knex, showId, unlucky, waitMs)
}

async function insertPending(
  knex: Knex,
  showId: string,
  drafts: Draft[],
  waitMs: number,
): Promise<Set<string>> {
  const rows = await query<{ id: string }>(
    knex,
    `insert into bookings
       (id, reference, show_id, status, seats, customer, note, key, key_request, pending_until)
     select id, reference, ?::uuid, 'PENDING', seats::int[], customer, note, key, key_request,
            clock_timestamp() + make_interval(secs => ?)
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
       as draft (id, reference, seats, customer, note, key, key_request)
     on conflict do nothing
     returning id`,
    [
      showId,
      (waitMs + ABANDON_GRACE_MS) / 1000,
      drafts.map((draft) => draft.id),
      drafts.map((draft) => draft.reference),
      drafts.map((draft) => ('seats' in draft.wanted ? sqlArray(draft.wanted.seats) : '{}')),
      drafts.map((draft) => draft.customer),
      drafts.map((draft) => draft.note),
      drafts.map((draft) => draft.key),
      drafts.map((draft) => draft.keyRequest),
    ],
  )
  return new Set(rows.map((row) => row.id))
}

function replay(draft: Draft, earlier: Pick<BookingRow, 'id' | 'key_request'>): void {
  if (earlier.key_request !== draft.keyRequest) {
    draft.error = keyReused()
    return
  }
  draft.id = earlier.id
  draft.isReplay = true
}

/** Steps 2 to 6: decides the drafts under the show's lock and leaves in each the row that stands. */
async function settle(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  const work = (trx: Knex.Transaction) => settleUnderLock(trx, showId, drafts)
  const rows = await inRepeatableTransaction(db, drafts, work, options)
  for (const draft of drafts) draft.row = rows.get(draft.id)
}

/**
 * Runs `work`, which decides the drafts, in a transaction, and again under the same ids until its
 * outcome is known. Throws BUSY, INTERRUPTED, and what `work` and the database throw.
 */
export async function inRepeatableTransaction<T>(
  db: Database,
  drafts: readonly Draft[],
  work: (trx: Knex.Transaction) => Promise<T>,
  options: BookingOptions = {},
): Promise<T> {
  let isInDoubt = false
  const onCommit = () => {
    isInDoubt = true
  }
  try {
    return await withRetry(db, () => inTransaction(db, work, { onCommit }), options)
  } catch (error) {
    throw isInDoubt ? outcomeUnknown(error, drafts) : error
  }
}

/** COMMIT was sent, its reply never came, and the wait is over: nobody may claim either outcome. */
function outcomeUnknown(error: unknown, drafts: readonly Draft[]): unknown {
  if (!(error instanceof TicketsError)) return error
  const named = drafts.slice(0, 3).map((draft) => formatReference(draft.reference))
  const references = [...named, ...(drafts.length > 3 ? ['…'] : [])].join(', ')
  return new TicketsError(
    error.code === 'INTERRUPTED' ? 'DB_UNREACHABLE' : error.code,
    `The connection was lost while ${references} was being confirmed, so it may or may not be booked. Look it up, or repeat the command with the same --key.`,
    { cause: error },
  )
}

/** Steps 3 to 5, for as many drafts as one statement may carry; what became of each, by its id. */
export async function settleUnderLock(
  trx: Knex.Transaction,
  showId: string,
  drafts: Draft[],
): Promise<Map<string, BookingRow>> {
  const show = await showRow(trx, showId).forUpdate()
  if (show === undefined) throw showNotFound(showId)
  // Read after the lock, in statements of their own: a statement's snapshot predates its wait.
  const known = await bookingsUnderLock(trx, showId, drafts)
  const held = known.filter((row) => row.role === 'hold')
  const house = houseOf(show, held)
  const settled = new Map<string, BookingRow>()
  for (const row of known) if (row.role === 'own') settled.set(row.id, row)

  const verdicts: Outcome[] = known
    .filter((row) => row.role === 'abandoned')
    .map((row) => ({ id: row.id, seats: row.seats, failure: ABANDONED }))
  const sold = SeatSet.empty(show.total_seats)
  const undecided = new Map(drafts.map((draft) => [draft.id, draft]))
  for (const draft of undecided.values()) {
    if (settled.get(draft.id)?.status !== 'PENDING') continue
    const verdict = decide(house, draft.wanted)
    if ('refusal' in verdict) {
      const seats = 'seats' in draft.wanted ? draft.wanted.seats : []
      verdicts.push({ id: draft.id, seats, failure: verdict.refusal })
      continue
    }
    house.taken.addAll(verdict.seats)
    if (draft.hold === undefined) sold.addAll(verdict.seats)
    verdicts.push({ id: draft.id, seats: verdict.seats, hold: draft.hold })
  }

  if (sold.size > 0) await sellSeats(trx, show, sold)
  if (verdicts.length > 0) {
    for (const row of await writeOutcomes(trx, verdicts)) settled.set(row.id, row)
  }
  return settled
}

interface Outcome {
  id: string
  seats: readonly number[]
  hold?: number | 'forever'
  failure?: Refusal
}

/**
 * Step 5, the house. The bits are merged here and the count is raised in SQL: if either were based
 * on a stale row, the table's check would refuse the two that disagree.
 */
async function sellSeats(trx: Knex.Transaction, show: LockedShow, sold: SeatSet): Promise<void> {
  const booked = SeatSet.fromBytes(show.booked_seats, show.total_seats)
  booked.addAll(sold)
  await trx('shows')
    .where({ id: show.id })
    .update({
      booked_seats: booked.toBytes(),
      confirmed_seats_count: trx.raw('confirmed_seats_count + ?', sold.size),
      updated_at: trx.raw('clock_timestamp()'),
    })
}

/** Step 5, the bookings. Only what is still PENDING may be decided. */
async function writeOutcomes(trx: Knex.Transaction, outcomes: Outcome[]): Promise<BookingRow[]> {
  const rows = await query<BookingRow>(
    trx,
    `update bookings
     set status = outcome.status,
         seats = outcome.seats::int[],
         failure = outcome.failure::jsonb,
         held_until = clock_timestamp() + make_interval(secs => outcome.hold_seconds),
         pending_until = null,
         key = case when outcome.failure::jsonb ->> 'code' = 'ABANDONED' then null else key end,
         updated_at = clock_timestamp()
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::float8[])
       as outcome (id, status, seats, failure, hold_seconds)
     where bookings.id = outcome.id and bookings.status = 'PENDING'
     returning bookings.*`,
    [
      outcomes.map((outcome) => outcome.id),
      outcomes.map(statusOf),
      outcomes.map((outcome) => sqlArray(outcome.seats)),
      outcomes.map((outcome) => (outcome.failure ? JSON.stringify(outcome.failure) : null)),
      outcomes.map((outcome) => (typeof outcome.hold === 'number' ? outcome.hold / 1000 : null)),
    ],
  )
  if (rows.length !== outcomes.length) throw new SupersededError()
  return rows
}

function statusOf(outcome: Outcome): BookingRow['status'] {
  if (outcome.failure) return 'FAILED'
  return outcome.hold === undefined ? 'CONFIRMED' : 'HELD'
}

/**
 * A booking of the batch was decided by somebody who did not hold the show's lock (a repair of
 * abandoned bookings). Nothing of the batch may stand; the next try sees that verdict.
 */
class SupersededError extends Error {
  override readonly name = 'SupersededError'
  /** PostgreSQL's serialization_failure, in the server's own form: what makes it run again. */
  readonly severity = 'ERROR'
  readonly code = '40001'
}

export interface LockedShow {
  id: string
  total_seats: number
  seats_per_row: number | null
  booked_seats: Buffer
  cancelled_at: Date | null
}

export function showRow(knex: Knex, id: string) {
  return knex<LockedShow>('shows')
    .where({ id })
    .first('id', 'total_seats', 'seats_per_row', 'booked_seats', 'cancelled_at')
}

async function readLayout(db: Database, showId: string): Promise<SeatLayout> {
  const show = await withRetry(db, () =>
    db.knex('shows').where({ id: showId }).first('total_seats', 'seats_per_row'),
  )
  if (show === undefined) throw showNotFound(showId)
  return layoutOf(show)
}

async function bookingsUnderLock(trx: Knex.Transaction, showId: string, drafts: Draft[]) {
  const ids = drafts.map((draft) => draft.id)
  return query<BookingRow & { role: 'own' | 'hold' | 'abandoned' }>(
    trx,
    `select 'own' as role, bookings.* from bookings where id = any(?::uuid[])
     union all
     select 'hold', bookings.* from bookings where show_id = ? and ${IS_LIVE_HOLD}
     union all
     (select 'abandoned', bookings.* from bookings
      where show_id = ? and ${isAbandonedBy('clock_timestamp()')}
        and id <> all(?::uuid[])
      limit 100)`,
    [ids, showId, showId, ids],
  )
}

export async function liveHolds(knex: Knex, showId: string): Promise<Pick<BookingRow, 'seats'>[]> {
  return knex('bookings').select('seats').where({ show_id: showId }).whereRaw(IS_LIVE_HOLD)
}

export function houseOf(show: LockedShow, holds: Pick<BookingRow, 'seats'>[]): House {
  const taken = SeatSet.fromBytes(show.booked_seats, show.total_seats)
  for (const hold of holds) taken.addAll(hold.seats)
  return { layout: layoutOf(show), taken, isCancelled: show.cancelled_at !== null }
}

export function layoutOf(show: Pick<LockedShow, 'total_seats' | 'seats_per_row'>): SeatLayout {
  return { totalSeats: show.total_seats, seatsPerRow: show.seats_per_row }
}

export function draftOf(
  request: BookingRequest,
  showId: string,
  layout: SeatLayout,
): Draft | TicketsError {
  try {
    const wanted = wantedOf(request, layout)
    const customer = checkOptionalText('customer', request.customer, 200)
    const note = checkOptionalText('note', request.note, 1000)
    const key = checkOptionalText('key', request.key, MAX_KEY)
    const { hold } = request
    return {
      id: timeOrderedId(),
      reference: newReference(),
      wanted,
      customer,
      note,
      hold,
      key,
      keyRequest: key === null ? null : JSON.stringify({ showId, ...wanted, customer, note, hold }),
      isReplay: false,
    }
  } catch (error) {
    if (error instanceof TicketsError) return error
    throw error
  }
}

function wantedOf(request: BookingRequest, layout: SeatLayout): Wanted {
  const { seats, count } = request
  if ((seats === undefined) === (count === undefined)) {
    throw new TicketsError('INVALID_INPUT', 'Say either which seats or how many, not both.')
  }
  if (seats !== undefined) {
    return {
      seats: typeof seats === 'string' ? parseSeats(seats, layout) : checkSeats(seats, layout),
    }
  }
  if (!Number.isInteger(count) || count! < 1 || count! > MAX_SEATS) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The number of seats is a whole number from 1 to 100,000; got ${count}.`,
    )
  }
  return { count: count! }
}

export function outcomeOf(draft: Draft, layout: SeatLayout): BookingOutcome {
  return { booking: toBooking(draft.row!, layout), replayed: draft.isReplay }
}

function isAbandoned(row: BookingRow): boolean {
  return row.failure?.code === 'ABANDONED'
}

function sqlArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`
}
