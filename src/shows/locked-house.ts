import type { Knex } from 'knex'
import { ConflictError } from '../database/failures.js'
import { execute, query } from '../database/sql.js'
import type { House } from '../house/decide.js'
import { withViewWarning } from '../house/restricted-view.js'
import { SeatSet } from '../house/seat-set.js'
import { startWarnings, type Warned } from '../shared/warnings.js'
import { LAYOUT_COLUMNS, type LayoutRow, layoutOf, type WithPlan, withPlan } from './plans.js'
import { HAS_STARTED, IS_LIVE_HOLD, showNotFound } from './shows.js'

/** The columns of a show that selling needs, and its plan. */
export interface HouseRow extends StoredHouse, WithPlan {}

interface StoredHouse extends LayoutRow {
  id: string
  booked_seats: Buffer
  cancelled_at: Date | null
  name: string
  start_time: Date
  time_zone: string
  has_started: boolean
  /** The transaction that wrote the row. */
  version: string
}

/**
 * Until the transaction ends, a prepared statement is planned once per connection; otherwise
 * PostgreSQL would plan a statement with arrays again for each size. The single plan uses indexes:
 * made while the tables are small, it would otherwise scan them, and would still do so after a
 * hundred thousand sales.
 */
const GENERIC_QUERY_PLAN = [
  ['plan_cache_mode', 'force_generic_plan'],
  ['enable_seqscan', 'off'],
  ['enable_hashjoin', 'off'],
  ['enable_mergejoin', 'off'],
]
  .map(([name, value]) => `set_config('${name}', '${value}', true) as ${name}`)
  .join(', ')

/** Reads a show's house; undefined if there is no such show. */
export async function readHouse(knex: Knex, showId: string): Promise<HouseRow | undefined> {
  const row = await selectHouse(knex, showId)
  return row && withPlan(knex, row)
}

function selectHouse(
  knex: Knex,
  showId: string,
): Knex.QueryBuilder<StoredHouse, StoredHouse | undefined> {
  return knex('shows')
    .where({ id: showId })
    .first(
      ...['id', ...LAYOUT_COLUMNS, 'booked_seats', 'cancelled_at'],
      ...['name', 'start_time', 'time_zone', knex.raw(`${HAS_STARTED} as has_started`)],
      knex.raw('xmin::text as version'),
    )
}

/**
 * Locks a show until the transaction ends: no other process sells, holds or frees its seats. Read
 * what must be current afterwards, in separate statements, because a statement's snapshot predates
 * its wait for the lock. Throws SHOW_NOT_FOUND.
 */
export async function lockHouse(trx: Knex.Transaction, showId: string): Promise<HouseRow> {
  const row = await selectForUpdate(trx, showId)
  if (row === undefined) throw showNotFound(showId)
  return withPlan(trx, row)
}

/** The statement of `lockHouse`: locks a show's row until the transaction ends, and reads it. */
export function selectForUpdate(trx: Knex.Transaction, showId: string) {
  const select = selectHouse(trx, showId)
  select.select(trx.raw(GENERIC_QUERY_PLAN)).forUpdate().options({ name: 'lock_house' })
  return select
}

/** The seats of live holds, except those of one booking's hold. */
export async function heldSeats(
  knex: Knex,
  showId: string,
  exceptBooking: string | null = null,
): Promise<number[]> {
  const rows = await query<{ seat: number }>(
    knex,
    `select unnest(seats) as seat from bookings
     where held_in = ? and ${IS_LIVE_HOLD} and id is distinct from ?::uuid`,
    [showId, exceptBooking],
  )
  return rows.map((row) => row.seat)
}

/** The house that requests are decided against. */
export function houseOf(show: HouseRow, held: Iterable<number>): House {
  const taken = bookedOf(show)
  taken.addAll(held)
  return { layout: layoutOf(show), taken, isCancelled: show.cancelled_at !== null }
}

export function bookedOf(show: HouseRow): SeatSet {
  return SeatSet.fromBytes(show.booked_seats, show.total_seats)
}

/** The warnings for a sale of these seats, or for a check-in, at this show. */
export function warningsOf(show: HouseRow, seats: readonly number[] = []): Warned {
  const starts = startWarnings({
    name: show.name,
    startTime: show.start_time,
    timeZone: show.time_zone,
    hasStarted: show.has_started,
  })
  return withViewWarning(starts, seats, layoutOf(show))
}

/** The seats that were sold and freed at a locked show. */
export interface SeatChanges {
  sold?: Iterable<number>
  freed?: Iterable<number>
}

/** The condition that nothing has written a show since it was read; `?` is its `version`. */
export const IS_UNCHANGED = 'xmin = ?::xid'

/**
 * Throws a ConflictError if a statement with `IS_UNCHANGED` has written nothing: without the lock,
 * another transaction has written the show, and its seats would be overwritten.
 */
export function refuseIfStale(written: number): void {
  if (written === 0) throw new ConflictError('The show was written after it was read.')
}

/**
 * Returns the statement that writes the sold and freed seats of a locked show; it writes nothing if
 * the row is stale. It adds to the count and does not set it, so if a seat were sold twice, or an
 * unsold seat freed, bits and count would disagree, and the table's check constraint would refuse
 * the row.
 */
export function salesStatement(
  show: HouseRow,
  { sold = [], freed = [] }: SeatChanges,
): { sql: string; values: unknown[] } {
  const booked = bookedOf(show)
  let change = 0
  for (const seat of freed) {
    booked.delete(seat)
    change--
  }
  for (const seat of sold) {
    booked.add(seat)
    change++
  }
  return {
    sql: `update shows
          set booked_seats = ?::bytea, confirmed_seats_count = confirmed_seats_count + ?::int,
              updated_at = clock_timestamp()
          where id = ?::uuid and ${IS_UNCHANGED}`,
    values: [booked.toBytes(), change, show.id, show.version],
  }
}

/** Writes the sold and freed seats of a locked show. */
export async function writeSales(
  trx: Knex.Transaction,
  show: HouseRow,
  sales: SeatChanges,
): Promise<void> {
  const { sql, values } = salesStatement(show, sales)
  refuseIfStale(await execute(trx, sql, values, 'write_sales'))
}
