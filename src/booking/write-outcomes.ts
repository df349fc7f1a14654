import type { Knex } from 'knex'
import { ConflictError } from '../database/failures.js'
import { query, sqlArray, sqlColumn, sqlLists } from '../database/sql.js'
import { nameOperator } from '../database/transaction.js'
import type { Refusal } from '../house/decide.js'
import { type HouseRow, salesStatement } from '../shows/locked-house.js'
import type { BookingRow } from './booking.js'

/** The outcome of a booking that is to be written. */
export interface Outcome {
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
export interface Written {
  outcome: Outcome
  row: WrittenRow
}

/** Step 5: writes the show, if it sold anything, and the bookings. Returns the bookings by id. */
export async function writeOutcomes(
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
 * again. All outcomes of a batch share one timestamp; one for each would take as long as deciding.
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
  // take the show's lock, has decided it, or a crash of the server has lost its record.
  if (rows.length !== outcomes.length) throw new ConflictError('A booking is not PENDING any more.')
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
  return rows.map((row) => [row.id, { outcome: byId.get(row.id)!, row }])
}
