import type { Knex } from 'knex'
import { ConflictError } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { query, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import { change, nameOperator } from '../database/transaction.js'
import { decide, type House, type Refusal, type Verdict, type Wanted } from '../house/decide.js'
import { withViewWarning } from '../house/restricted-view.js'
import { MAX_SEATS, type SeatLayout } from '../house/seats.js'
import { hasCode, TicketsError } from '../shared/errors.js'
import { keepLayout, readLayout } from '../shows/layouts.js'
import {
  type HouseRow,
  houseOf,
  lockHouseAndRead,
  salesStatement,
  warningsOf,
} from '../shows/locked-house.js'
import { IS_EXPIRED_HOLD, IS_LIVE_HOLD } from '../shows/shows.js'
import { ABANDONED, isAbandonedBy } from './abandoned.js'
import type { Attempt } from './attempt.js'
import {
  type BookedRow,
  type BookingOutcome,
  type BookingRow,
  type BookOptions,
  toBooking,
} from './booking.js'
import { recordAttempts, toNextStage } from './record-attempt.js'
import { formatReference } from './references.js'

/** Options for the time that the show is locked. */
export interface LockOptions {
  /** Called under the lock with the time that it took to get the lock, in milliseconds. */
  onLock?: ((waitedMs: number) => void) | undefined
  /**
   * Called under the lock, before the request at this index of the batch is decided, with the
   * booking's reference. Returns whether its caller still waits for it; then it can no longer be
   * withdrawn.
   */
  claim?: ((index: number, reference: string) => boolean) | undefined
}

/**
 * Steps 2 to 6: decides the attempts under the show's lock. Returns, for each, its outcome (a
 * refused one is a FAILED booking with its reason) or an error that concerns it alone: INTERRUPTED for a request that was withdrawn, IN_DOUBT.
 *
 * Throws SHOW_NOT_FOUND, BUSY, INTERRUPTED and the database's own errors.
 */
export async function settle(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  options: BookOptions & LockOptions,
): Promise<(BookingOutcome | Error)[]> {
  let recorded: readonly (Attempt | Error)[] = attempts
  try {
    return await change(
      db,
      (trx) => toNextStage(recorded, (open) => settleUnderLock(trx, showId, open, options)),
      (cause) => bookingsInDoubt(attempts, cause),
      {
        ...options,
        isEager: true,
        beforeRetry: async (failure) => {
          if (!(failure instanceof ConflictError)) return
          // A crash of the server may have lost the records; then no outcome of theirs exists
          // either.
          recorded = await toNextStage(recorded, (open) => recordAttempts(db, showId, open))
        },
      },
    )
  } catch (error) {
    if (!(error instanceof TicketsError && error.code === 'IN_DOUBT')) throw error
    // The error for each caller names only that caller's booking.
    return recorded.map((attempt) =>
      attempt instanceof Error ? attempt : bookingsInDoubt([attempt], error.cause),
    )
  }
}

/** The IN_DOUBT for bookings. */
export function bookingsInDoubt(
  bookings: readonly { reference: string; key?: string | null | undefined }[],
  cause?: unknown,
): TicketsError {
  const named = bookings.slice(0, 3).map(({ reference }) => formatReference(reference))
  const references = [...named, ...(bookings.length > 3 ? ['…'] : [])].join(', ')
  // Without a key, the repeated request would be another booking.
  const isRetryable = bookings.every(({ key }) => key)
  const advice = isRetryable
    ? ', or repeat the request with the same key.'
    : ' before you book again.'
  return new TicketsError(
    'IN_DOUBT',
    `${references} may or may not be booked: the database did not confirm it. Look it up (\`tickets booking view ${named[0]}\`)${advice}`,
    { cause, isRetryable },
  )
}

/** Steps 3 to 5, for the attempts of one statement. Returns like `settle`. */
export async function settleUnderLock(
  trx: Knex.Transaction,
  showId: string,
  attempts: readonly Attempt[],
  { onLock, claim }: LockOptions = {},
): Promise<(BookingOutcome | Error)[]> {
  const asked = performance.now()
  const [show, known] = await lockHouseAndRead(trx, showId, {
    read: () => bookingsUnderLock(trx, showId, attempts),
    onLock: () => onLock?.(performance.now() - asked),
  })
  const ofRole = (role: Known['role']) => known.filter((row) => row.role === role)
  const rows = new Map<string, BookedRow & Partial<Known>>(
    ofRole('decided').map((row) => [row.id, row]),
  )
  const house = houseOf(
    show,
    ofRole('hold').flatMap((row) => row.seats),
  )
  keepLayout(trx, showId, house.layout)
  const outcomes = ofRole('abandoned').map(
    ({ id, seats }): Outcome => ({ id, seats, status: 'FAILED', failure: ABANDONED }),
  )
  const sold: number[] = []
  const decided = new Map<string, Attempt>()
  // Their callers have been told that nothing was booked.
  const unwanted = new Set<Attempt>()
  for (const attempt of attempts) {
    const { id, reference, index } = attempt
    if (rows.has(id)) continue
    if (claim?.(index, reference) === false) {
      unwanted.add(attempt)
      continue
    }
    if (decided.has(id)) continue
    decided.set(id, attempt)
    const outcome = outcomeFor(attempt, decideIn(house, attempt))
    outcomes.push(outcome)
    if (outcome.status === 'FAILED') continue
    house.taken.addAll(outcome.seats)
    if (outcome.status === 'CONFIRMED') sold.push(...outcome.seats)
  }
  for (const { id, isNew, wanted, operator } of unwanted) {
    // The record of a key or an id stays undecided until it is repeated or abandoned. The others are
    // found by their leader, and only until that is decided, so they are given up with it.
    if (!isNew) continue
    const seats = 'seats' in wanted ? [...wanted.seats] : []
    outcomes.push({ id, seats, status: 'FAILED', failure: ABANDONED, operator })
  }

  const written = await writeOutcomes(trx, outcomes, { show, sold })
  for (const [id, attempt] of decided) rows.set(id, rowOf(attempt, showId, written.get(id)!))
  const starts = warningsOf(show)
  const results: (BookingOutcome | Error)[] = []
  for (const attempt of attempts) {
    if (unwanted.has(attempt)) {
      results.push(withdrawn())
      continue
    }
    const row = rows.get(attempt.id)!
    // The booking of a key may have moved to another show since.
    const isHere = row.show_id === showId
    const layout = isHere ? house.layout : await layoutElsewhere(trx, row.show_id)
    const booking = toBooking(row, layout)
    const result: BookingOutcome = { booking, replayed: attempt.isReplay }
    if (row.has_expired) result.hasExpired = true
    const hasSeats = row.status === 'CONFIRMED' || (row.status === 'HELD' && !row.has_expired)
    if (isHere && hasSeats) Object.assign(result, withViewWarning(starts, row.seats, layout))
    results.push(result)
  }
  return results
}

/**
 * The layout of another show, which a booking has moved to. If its plan is damaged, the labels of
 * its seats are their numbers.
 */
function layoutElsewhere(trx: Knex.Transaction, showId: string): Promise<SeatLayout> {
  return readLayout(trx, showId).catch((error) => {
    if (!hasCode(error, 'WRONG_STATE')) throw error
    return { totalSeats: MAX_SEATS, seatsPerRow: null }
  })
}

/**
 * Decides a request in a house that is locked. If the show got another plan after the request was
 * read, the labels in it may mean other seats by now, so it is read again.
 */
function decideIn(house: House, attempt: Attempt): { wanted: Wanted; verdict: Verdict } {
  if (attempt.layout.plan === house.layout.plan) {
    return { wanted: attempt.wanted, verdict: decide(house, attempt.wanted) }
  }
  try {
    const wanted = attempt.wantedIn(house.layout)
    return { wanted, verdict: decide(house, wanted) }
  } catch (error) {
    if (!(error instanceof TicketsError)) throw error
    const { code, message } = error
    return { wanted: { seats: [] }, verdict: { refusal: { code, message } } }
  }
}

/** The error for a request that was withdrawn before it was decided. */
export function withdrawn(): TicketsError {
  return new TicketsError('INTERRUPTED', 'Interrupted. Nothing was booked.')
}

/** Assigns each field: spreading an object takes as long as deciding the booking. */
function rowOf({ customer, note }: Attempt, showId: string, { outcome, row }: Written): BookedRow {
  return {
    id: row.id,
    reference: row.reference,
    show_id: showId,
    status: outcome.status,
    seats: outcome.seats,
    customer,
    note,
    held_until: row.held_until,
    failure: outcome.failure,
    former_seats: [],
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}

function outcomeFor(
  { id, hold, operator }: Attempt,
  { wanted, verdict }: ReturnType<typeof decideIn>,
): Outcome {
  if ('refusal' in verdict) {
    const seats = 'seats' in wanted ? [...wanted.seats] : []
    return { id, status: 'FAILED', seats, failure: verdict.refusal, operator }
  }
  const status = hold === undefined ? 'CONFIRMED' : 'HELD'
  return { id, status, seats: [...verdict.seats], hold, failure: null, operator }
}

type Known = BookedRow & { role: 'decided' | 'hold' | 'abandoned'; has_expired: boolean }

const COLUMNS = `id, reference, show_id, status, seats, customer, note, held_until, failure,
  former_seats, created_at, updated_at, ${IS_EXPIRED_HOLD} as has_expired`

/**
 * Step 4: reads the relevant bookings: those of this batch that an earlier try, or another call
 * with the same key, has decided; live holds; and abandoned attempts, a hundred at a time. Among
 * attempts that were recorded together, the leader comes last, so that it exists as long as the
 * others do. `held_in` and `leads_until` are generated columns (migration 0006); the ids of a process
 * ascend, so those of the leader and the first attempt span the batch. `offset 0` makes the planner find the leaders first; while the tables are small it
 * would start with all bookings of the show, and would keep that query plan when there are a hundred
 * thousand.
 */
function bookingsUnderLock(
  trx: Knex.Transaction,
  showId: string,
  attempts: readonly Attempt[],
): Promise<Known[]> {
  const ids = sqlArray(attempts.map(({ id }) => id))
  return query<Known>(
    trx,
    `select 'decided' as role, ${COLUMNS} from bookings
     where id = any(?::uuid[]) and status <> 'PENDING'
     union all
     select 'hold', ${COLUMNS} from bookings where held_in = ? and ${IS_LIVE_HOLD}
     union all
     (select distinct on (id) 'abandoned', attempt.*
      from (
        select coalesce(recorded_with, id) as first_id, id as last_id from bookings
        where show_id = ? and leads_until < statement_timestamp()
        order by leads_until
        limit 100
      ) as leader, lateral (
        select ${COLUMNS} from bookings
        where show_id = ? and id between first_id and last_id
          and ${isAbandonedBy('statement_timestamp()')} and id <> all(?::uuid[])
        offset 0
      ) as attempt
      order by id
      limit 100)`,
    [ids, showId, showId, showId, ids],
    'bookings_under_lock',
  )
}

/** The outcome of a booking that is to be written. */
interface Outcome {
  id: string
  status: 'CONFIRMED' | 'HELD' | 'FAILED'
  seats: number[]
  hold?: number | 'forever' | undefined
  failure: Refusal | null
  operator?: string | undefined
}

/** What the database returns about a written booking. */
type WrittenRow = Pick<BookingRow, 'id' | 'reference' | 'held_until' | 'created_at' | 'updated_at'>

/** A booking after it was written. */
interface Written {
  outcome: Outcome
  row: WrittenRow
}

/** Step 5: writes the show, if it sold anything, and the bookings. Returns the bookings by id. */
async function writeOutcomes(
  trx: Knex.Transaction,
  outcomes: readonly Outcome[],
  { show, sold }: { show: HouseRow; sold: readonly number[] },
): Promise<Map<string, Written>> {
  let sales = sold.length > 0 ? salesStatement(show, { sold }) : undefined
  const written: [string, Written][] = []
  for (const [operator, own] of byOperator(outcomes)) {
    if (operator !== undefined) await nameOperator(trx, operator)
    written.push(...(await writeTogether(trx, own, sales)))
    sales = undefined
  }
  return new Map(written)
}

/** Groups outcomes by operator, the session's operator first: naming another one replaces it. */
function byOperator(outcomes: readonly Outcome[]): Map<string | undefined, Outcome[]> {
  const groups = new Map<string | undefined, Outcome[]>()
  for (const outcome of outcomes) {
    const group = groups.get(outcome.operator)
    if (group) group.push(outcome)
    else groups.set(outcome.operator, [outcome])
  }
  return new Map([...groups].sort(([a], [b]) => Number(a !== undefined) - Number(b !== undefined)))
}

/**
 * Writes the show, if it sold anything, and bookings in one statement. Only PENDING bookings may be
 * decided: throws a ConflictError if one is not, and the retry sees its outcome or records it
 * again. Also throws it if the show's row is stale. All outcomes of a batch share one timestamp; one
 * for each would take as long as deciding.
 */
async function writeTogether(
  trx: Knex.Transaction,
  outcomes: Outcome[],
  sales: ReturnType<typeof salesStatement> | undefined,
): Promise<[string, Written][]> {
  const rows = await query<WrittenRow>(
    trx,
    `${sales ? `with sales as (${sales.sql} returning id)` : ''}
     update bookings
     set status = outcome.status,
         seats = outcome.seats::int[],
         failure = outcome.failure::jsonb,
         held_until = clock_timestamp() + make_interval(secs => outcome.hold_seconds),
         pending_until = null,
         key = case when outcome.failure::jsonb ->> 'code' = 'ABANDONED' then null else key end,
         updated_at = (select clock_timestamp())
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::float8[])
       as outcome (id, status, seats, failure, hold_seconds)
     where bookings.id = outcome.id and bookings.status = 'PENDING'
       ${sales ? 'and exists (select from sales)' : ''}
     returning bookings.id, reference, held_until, created_at, updated_at`,
    [
      ...(sales?.values ?? []),
      sqlArray(outcomes.map((outcome) => outcome.id)),
      sqlArray(outcomes.map((outcome) => outcome.status)),
      sqlLists(outcomes.map((outcome) => outcome.seats)),
      sqlColumn(
        outcomes.map((outcome) => (outcome.failure ? JSON.stringify(outcome.failure) : null)),
      ),
      sqlColumn(
        outcomes.map((outcome) => (typeof outcome.hold === 'number' ? outcome.hold / 1000 : null)),
      ),
    ],
    sales ? 'write_sales_and_outcomes' : 'write_outcomes',
  )
  // A booking of the batch is no longer PENDING: the repair of abandoned bookings, which does not
  // take the show's lock, has decided it, or a crash of the server has lost its record. Or the show
  // is stale.
  if (rows.length !== outcomes.length) throw new ConflictError('A booking or its show has changed.')
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
  return rows.map((row) => [row.id, { outcome: byId.get(row.id)!, row }])
}
