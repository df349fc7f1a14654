import type { Knex } from 'knex'
import { ConflictError } from '../database/conflict.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { sqlArray } from '../database/sql-array.js'
import { inTransaction } from '../database/transaction.js'
import { decide, type Verdict } from '../house/decide.js'
import { TicketsError } from '../shared/errors.js'
import { houseOf, lockHouseAndRead, warningsOf } from '../shows/locked-house.js'
import { IS_LIVE_HOLD } from '../shows/shows.js'
import { ABANDONED, isAbandonedBy } from './abandoned.js'
import { type Draft, withdrawn } from './attempt.js'
import type { BookingOptions } from './book-seats.js'
import type { BookedRow } from './booking.js'
import { recordDrafts } from './record-attempt.js'
import { formatReference } from './references.js'
import { type Outcome, type Written, writeOutcomes } from './write-outcomes.js'

/** Steps 2 to 6: decides the drafts under the show's lock and leaves in each the row that stands. */
export async function settle(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  const open = () => drafts.filter((draft) => draft.error === undefined)
  const rows = await inRepeatableTransaction(
    db,
    drafts,
    (trx) => settleUnderLock(trx, showId, open(), options),
    {
      ...options,
      beforeRetry: async (failure) => {
        // Perhaps a server that crashed has lost the records; then it has no verdict on them either.
        if (failure instanceof ConflictError) await recordDrafts(db, showId, open())
      },
    },
  ).catch((error: unknown): Map<string, BookedRow> => {
    if (!(error instanceof TicketsError && error.isInDoubt)) throw error
    // Each caller of the batch hears of its own booking, and of no other.
    for (const draft of open()) draft.error = outcomeUnknown(error.cause as TicketsError, [draft])
    return new Map()
  })
  for (const draft of drafts) {
    const row = rows.get(draft.id)
    if (row) draft.row = row
  }
}

interface RepeatOptions extends BookingOptions {
  /** Prepares another try; told why the last one failed. */
  beforeRetry?: (failure: unknown) => Promise<void>
}

/**
 * Runs `work`, which locks and then decides the drafts, in a transaction, and again under the same
 * ids until its outcome is known. Throws BUSY, INTERRUPTED, and what `work` and the database throw.
 */
export async function inRepeatableTransaction<T>(
  db: Database,
  drafts: readonly Draft[],
  work: (trx: Knex.Transaction) => Promise<T>,
  { beforeRetry, ...options }: RepeatOptions = {},
): Promise<T> {
  let failure: unknown
  let isInDoubt = false
  const onCommit = () => {
    isInDoubt = true
  }
  try {
    return await withRetry(
      db,
      async (n) => {
        if (n > 1) await beforeRetry?.(failure)
        return inTransaction(db, work, { onCommit, isEager: true }).catch((error) => {
          failure = error
          throw error
        })
      },
      options,
    )
  } catch (error) {
    throw isInDoubt && error instanceof TicketsError ? outcomeUnknown(error, drafts) : error
  }
}

/** COMMIT was sent, its reply never came, and the wait is over: nobody may claim either outcome. */
function outcomeUnknown(error: TicketsError, drafts: readonly Draft[]): TicketsError {
  const named = drafts.slice(0, 3).map((draft) => formatReference(draft.reference))
  const references = [...named, ...(drafts.length > 3 ? ['…'] : [])].join(', ')
  return new TicketsError(
    error.code === 'INTERRUPTED' ? 'DB_UNREACHABLE' : error.code,
    `The connection was lost while ${references} was being confirmed, so it may or may not be booked. Look it up, or repeat the request with the same key.`,
    { cause: error, isInDoubt: true },
  )
}

/** Steps 3 to 5, for as many drafts as one statement may carry; what became of each, by its id. */
export async function settleUnderLock(
  trx: Knex.Transaction,
  showId: string,
  drafts: Draft[],
  { onLock }: Pick<BookingOptions, 'onLock'> = {},
): Promise<Map<string, BookedRow>> {
  const asked = performance.now()
  const [show, known] = await lockHouseAndRead(trx, showId, {
    read: () => bookingsUnderLock(trx, showId, drafts),
    onLock: () => onLock?.(performance.now() - asked),
  })
  const ofRole = (role: Known['role']) => known.filter((row) => row.role === role)
  const settled = new Map<string, BookedRow>(ofRole('decided').map((row) => [row.id, row]))
  const house = houseOf(
    show,
    ofRole('hold').flatMap((row) => row.seats),
  )
  const outcomes = ofRole('abandoned').map(
    ({ id, seats }): Outcome => ({ id, seats, status: 'FAILED', failure: ABANDONED }),
  )
  const sold: number[] = []
  const wanted = drafts.filter((draft) => settled.has(draft.id) || isStillWanted(draft))
  for (const draft of new Map(wanted.map((draft) => [draft.id, draft])).values()) {
    if (settled.has(draft.id)) continue
    const outcome = outcomeFor(draft, decide(house, draft.wanted))
    outcomes.push(outcome)
    if (outcome.status === 'FAILED') continue
    house.taken.addAll(outcome.seats)
    if (outcome.status === 'CONFIRMED') sold.push(...outcome.seats)
  }

  const written = await writeOutcomes(trx, outcomes, { show, sold })
  const { warnings } = warningsOf(show)
  for (const draft of drafts) {
    const own = written.get(draft.id)
    if (own) settled.set(draft.id, rowOf(draft, showId, own))
    // What a key booked may have moved to another show since.
    if (warnings && settled.get(draft.id)?.show_id === showId) draft.warnings = warnings
  }
  return settled
}

/** What nobody waits for any more stays undecided: its record is that of an abandoned attempt. */
function isStillWanted(draft: Draft): boolean {
  if (draft.isWanted?.() !== false) return true
  draft.error = withdrawn()
  return false
}

/** Each by its name: copying all that an object has takes as long as deciding the booking. */
function rowOf({ customer, note }: Draft, showId: string, { outcome, row }: Written): BookedRow {
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
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}

function outcomeFor({ id, wanted, hold, operator }: Draft, verdict: Verdict): Outcome {
  if ('refusal' in verdict) {
    const seats = 'seats' in wanted ? [...wanted.seats] : []
    return { id, status: 'FAILED', seats, failure: verdict.refusal, operator }
  }
  const status = hold === undefined ? 'CONFIRMED' : 'HELD'
  return { id, status, seats: [...verdict.seats], hold, failure: null, operator }
}

type Known = BookedRow & { role: 'decided' | 'hold' | 'abandoned' }

const COLUMNS = `id, reference, show_id, status, seats, customer, note, held_until, failure,
  created_at, updated_at`

/**
 * Step 4, the bookings that matter: those of ours that an earlier try, or another call with the
 * same key, has decided; live holds; and attempts that nobody will finish, a hundred at a time. Of
 * those that were recorded together the leader comes last, so that it is there as long as they are.
 * `offset 0` has the leaders looked for first: while the tables are small, the planner would as soon
 * begin with all bookings of the show, and still do so when there are a hundred thousand.
 */
function bookingsUnderLock(
  trx: Knex.Transaction,
  showId: string,
  drafts: Draft[],
): Promise<Known[]> {
  const ids = sqlArray(drafts.map((draft) => draft.id))
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
