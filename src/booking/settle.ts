import type { Knex } from 'knex'
import { ConflictError } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { query, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import { change, nameOperator } from '../database/transaction.js'
import { decide, type House, type Refusal, type Wanted } from '../house/decide.js'
import { withViewWarning } from '../house/restricted-view.js'
import { MAX_SEATS, type SeatLayout } from '../house/seats.js'
import { hasCode, TicketsError } from '../shared/errors.js'
import { remember } from '../shared/remember.js'
import { keepLayout, readLayout } from '../shows/layouts.js'
import {
  type HouseRow,
  houseOf,
  salesStatement,
  selectForUpdate,
  warningsOf,
} from '../shows/locked-house.js'
import { withPlan } from '../shows/plans.js'
import { IS_EXPIRED_HOLD, IS_LIVE_HOLD, showNotFound } from '../shows/shows.js'
import { ABANDONED, isAbandonedBy } from './abandoned.js'
import { type Attempt, toNextStage } from './attempt.js'
import {
  type BookedRow,
  type BookingOutcome,
  type BookingRow,
  type BookOptions,
  toBooking,
} from './booking.js'
import { formatReference } from './references.js'

/** The options of one batch. */
export interface BatchOptions extends BookOptions {
  /**
   * Resolves when the previous batch has the show's lock; until then, this batch is only recorded.
   */
  turn?: Promise<void> | undefined
  /** Called under the lock with the time that it took to get the lock, in milliseconds. */
  onLock?: ((waitedMs: number) => void) | undefined
  /**
   * Called under the lock, before the request at this index of the batch is decided, with the
   * booking's reference. Returns whether its caller still waits for it; then it can no longer be
   * withdrawn.
   */
  claim?: ((index: number, reference: string) => boolean) | undefined
}

interface SettleOptions extends BatchOptions {
  /** Step 1: records attempts, or records them again. */
  record: (attempts: readonly Attempt[]) => Promise<(Attempt | Error)[]>
}

/**
 * Steps 2 to 6: decides the attempts under the show's lock. Returns, for each, its outcome (a
 * refused one is a FAILED booking with its reason) or an error that concerns it alone: INTERRUPTED
 * for a request that was withdrawn, IN_DOUBT.
 *
 * Throws SHOW_NOT_FOUND, BUSY, INTERRUPTED and the database's own errors.
 */
export async function settle(
  db: Database,
  showId: string,
  attempts: readonly Attempt[],
  { record, turn, ...options }: SettleOptions,
): Promise<(BookingOutcome | Error)[]> {
  await turn
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
          recorded = await toNextStage(recorded, record)
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

/** The IN_DOUBT error for these bookings. */
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

/** Steps 3 to 5, for the attempts of one batch. Returns like `settle`. */
export async function settleUnderLock(
  trx: Knex.Transaction,
  showId: string,
  attempts: readonly Attempt[],
  { onLock, claim }: BatchOptions = {},
): Promise<(BookingOutcome | Error)[]> {
  const { show, known } = await lockAndRead(trx, showId, attempts, onLock)
  const ofRole = (role: Known['role']) => known.filter((row) => row.role === role)
  const rows = new Map<string, BookedRow & Partial<Known>>(
    ofRole('decided').map((row) => [row.id, row]),
  )
  const house = houseOf(
    show,
    ofRole('hold').flatMap((row) => row.seats),
  )
  keepLayout(trx, showId, house.layout)
  const decisions = ofRole('abandoned').map(
    ({ id, seats }): Decision => ({ id, seats, status: 'FAILED', failure: ABANDONED }),
  )
  const sold: number[] = []
  const decided = new Map<string, [Attempt, Decision]>()
  // Withdrawn: their callers have already reported that nothing was booked.
  const unwanted = new Set<Attempt>()
  for (const attempt of attempts) {
    const { id, reference, index } = attempt
    if (rows.has(id)) continue
    if (claim?.(index, reference) === false) {
      unwanted.add(attempt)
      continue
    }
    if (decided.has(id)) continue
    const decision = decideIn(house, attempt)
    decided.set(id, [attempt, decision])
    decisions.push(decision)
    if (decision.status === 'FAILED') continue
    house.taken.addAll(decision.seats)
    if (decision.status === 'CONFIRMED') sold.push(...decision.seats)
  }
  for (const { id, isNew, wanted, operator } of unwanted) {
    // A record with a key or a given id stays PENDING until it is repeated or abandoned. The others
    // are found only through their leader, while that is PENDING, so they fail along with it.
    if (!isNew) continue
    decisions.push({ id, seats: seatsOf(wanted), status: 'FAILED', failure: ABANDONED, operator })
  }

  const written = await writeDecisions(trx, decisions, { show, sold })
  for (const [id, [attempt, decision]] of decided) {
    rows.set(id, rowOf(showId, attempt, decision, written.get(id)!))
  }
  const starts = warningsOf(show)
  const layoutOf = remember(attempts.length, (id: string) => layoutElsewhere(trx, id))
  const outcomes: (BookingOutcome | Error)[] = []
  for (const attempt of attempts) {
    if (unwanted.has(attempt)) {
      outcomes.push(withdrawn())
      continue
    }
    const row = rows.get(attempt.id)!
    // The booking of a key may have moved to another show since.
    const isHere = row.show_id === showId
    const layout = isHere ? house.layout : await layoutOf(row.show_id)
    const booking = toBooking(row, layout)
    const outcome: BookingOutcome = { booking, replayed: attempt.isReplay }
    if (row.has_expired) outcome.hasExpired = true
    const hasSeats = row.status === 'CONFIRMED' || (row.status === 'HELD' && !row.has_expired)
    if (isHere && hasSeats) Object.assign(outcome, withViewWarning(starts, row.seats, layout))
    outcomes.push(outcome)
  }
  return outcomes
}

/** Step 3 and the reads of step 4, which are sent together. */
async function lockAndRead(
  trx: Knex.Transaction,
  showId: string,
  attempts: readonly Attempt[],
  onLock: BatchOptions['onLock'],
): Promise<{ show: HouseRow; known: Known[] }> {
  const asked = performance.now()
  const lock = selectForUpdate(trx, showId)
  // Knex emits 'query' when it sends a statement. If the read were sent before the lock's statement,
  // it would read data that is not locked yet.
  const isSent = new Promise((resolve) => {
    lock.on('query', resolve)
  })
  const locked = lock.then((row) => {
    if (row === undefined) throw showNotFound(showId)
    onLock?.(performance.now() - asked)
    return row
  })
  const [row, known] = await Promise.all([
    locked,
    isSent.then(() => bookingsUnderLock(trx, showId, attempts)),
  ])
  return { show: await withPlan(trx, row), known }
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
 * Decides an attempt in a house that is locked. If the show got another plan after the request was
 * read, the labels in it may mean other seats by now, so it is read again.
 */
function decideIn(house: House, attempt: Attempt): Decision {
  const { id, hold, operator } = attempt
  const { layout } = house
  let { wanted } = attempt
  const refuse = (seats: number[], failure: Refusal): Decision => {
    return { id, status: 'FAILED', seats, failure, operator }
  }
  try {
    if (attempt.layout.plan !== layout.plan) wanted = attempt.wantedIn(layout)
  } catch (error) {
    if (!(error instanceof TicketsError)) throw error
    return refuse([], { code: error.code, message: `${error.message} Nothing was booked.` })
  }
  const verdict = decide(house, wanted)
  if ('refusal' in verdict) return refuse(seatsOf(wanted), verdict.refusal)
  const status = hold === undefined ? 'CONFIRMED' : 'HELD'
  return { id, status, seats: [...verdict.seats], hold, failure: null, operator }
}

/** The seats that a request names; none if it wants a count. */
function seatsOf(wanted: Wanted): number[] {
  return 'seats' in wanted ? [...wanted.seats] : []
}

/** The error for a request that was withdrawn before it was decided. */
export function withdrawn(): TicketsError {
  return new TicketsError('INTERRUPTED', 'Interrupted. Nothing was booked.')
}

/** Assigns each field: spreading an object takes as long as deciding the booking. */
function rowOf(
  showId: string,
  { customer, note }: Attempt,
  { status, seats, failure }: Decision,
  written: WrittenRow,
): BookedRow {
  return {
    id: written.id,
    reference: written.reference,
    show_id: showId,
    status,
    seats,
    customer,
    note,
    held_until: written.held_until,
    failure,
    former_seats: [],
    created_at: written.created_at,
    updated_at: written.updated_at,
  }
}

type Known = BookedRow & { role: 'decided' | 'hold' | 'abandoned'; has_expired: boolean }

const COLUMNS = `id, reference, show_id, status, seats, customer, note, held_until, failure,
  former_seats, created_at, updated_at, ${IS_EXPIRED_HOLD} as has_expired`

/**
 * Step 4: reads the relevant bookings: those of this batch that an earlier try, or another call
 * with the same key, has decided; live holds; and abandoned attempts, a hundred at a time. Among
 * attempts that were recorded together, the leader comes last, so that it exists as long as the
 * others do. `held_in` and `leads_until` are generated columns (migration 0006); the ids of a process
 * ascend, so those of the leader and the first attempt span the batch. `offset 0` makes the planner
 * find the leaders first; while the tables are small it would start with all bookings of the show,
 * and would keep that query plan when there are a hundred thousand.
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

/** What is written of a booking once it is decided. */
interface Decision {
  id: string
  status: 'CONFIRMED' | 'HELD' | 'FAILED'
  seats: number[]
  hold?: number | 'forever' | undefined
  failure: Refusal | null
  operator?: string | undefined
}

/** What the database returns about a written booking. */
type WrittenRow = Pick<BookingRow, 'id' | 'reference' | 'held_until' | 'created_at' | 'updated_at'>

/** Step 5: writes the show, if it sold anything, and the bookings. Returns the bookings by id. */
async function writeDecisions(
  trx: Knex.Transaction,
  decisions: readonly Decision[],
  { show, sold }: { show: HouseRow; sold: readonly number[] },
): Promise<Map<string, WrittenRow>> {
  let sales = sold.length > 0 ? salesStatement(show, { sold }) : undefined
  const written: WrittenRow[] = []
  for (const [operator, own] of byOperator(decisions)) {
    if (operator !== undefined) await nameOperator(trx, operator)
    written.push(...(await writeTogether(trx, own, sales)))
    sales = undefined
  }
  return new Map(written.map((row) => [row.id, row]))
}

/** Groups decisions by operator, the session's operator first: naming another one replaces it. */
function byOperator(decisions: readonly Decision[]): Map<string | undefined, Decision[]> {
  const groups = new Map<string | undefined, Decision[]>()
  for (const decision of decisions) {
    const group = groups.get(decision.operator)
    if (group) group.push(decision)
    else groups.set(decision.operator, [decision])
  }
  return new Map([...groups].sort(([a], [b]) => Number(a !== undefined) - Number(b !== undefined)))
}

/**
 * Writes the show, if it sold anything, and bookings in one statement. Only PENDING bookings may be
 * decided: throws a ConflictError if one is not, and the retry sees its outcome or records it
 * again. Also throws it if the show's row is stale. All decisions of a batch share one timestamp; one
 * for each would take as long as deciding.
 */
async function writeTogether(
  trx: Knex.Transaction,
  decisions: Decision[],
  sales: ReturnType<typeof salesStatement> | undefined,
): Promise<WrittenRow[]> {
  const rows = await query<WrittenRow>(
    trx,
    `${sales ? `with sales as (${sales.sql} returning id)` : ''}
     update bookings
     set status = decision.status,
         seats = decision.seats::int[],
         failure = decision.failure::jsonb,
         held_until = clock_timestamp() + make_interval(secs => decision.hold_seconds),
         pending_until = null,
         key = case when decision.failure::jsonb ->> 'code' = 'ABANDONED' then null else key end,
         updated_at = (select clock_timestamp())
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::float8[])
       as decision (id, status, seats, failure, hold_seconds)
     where bookings.id = decision.id and bookings.status = 'PENDING'
       ${sales ? 'and exists (select from sales)' : ''}
     returning bookings.id, reference, held_until, created_at, updated_at`,
    [
      ...(sales?.values ?? []),
      sqlArray(decisions.map((decision) => decision.id)),
      sqlArray(decisions.map((decision) => decision.status)),
      sqlLists(decisions.map((decision) => decision.seats)),
      sqlColumn(
        decisions.map((decision) => (decision.failure ? JSON.stringify(decision.failure) : null)),
      ),
      sqlColumn(
        decisions.map((decision) =>
          typeof decision.hold === 'number' ? decision.hold / 1000 : null,
        ),
      ),
    ],
    sales ? 'write_sales_and_decisions' : 'write_decisions',
  )
  // A booking of the batch is no longer PENDING: the repair of abandoned bookings, which does not
  // take the show's lock, has decided it, or a crash of the server has lost its record. Or the show
  // is stale.
  if (rows.length < decisions.length) throw new ConflictError('A booking or its show has changed.')
  return rows
}
