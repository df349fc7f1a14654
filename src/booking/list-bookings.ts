import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { inPages } from '../database/pages.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { checkText } from '../shared/text-input.js'
import {
  LAYOUT_COLUMNS,
  type LayoutRow,
  layoutOf,
  type WithPlan,
  withPlans,
} from '../shows/plans.js'
import { IS_EXPIRED_HOLD } from '../shows/shows.js'
import { selectIdsWithWords, type WordSearch, wordCondition } from '../shows/word-search.js'
import { type Booking, type BookingRow, type BookingStatus, toBooking } from './booking.js'
import { findBookingRow } from './lifecycle/change-booking.js'

/** A booking in a list, with its show and its checked-in seats. */
export interface ListedBooking extends Booking {
  showName: string
  /** When the show starts. */
  showStartTime: Date
  /** The show's time zone. */
  timeZone: string
  /** Whether the hold has expired by the database's clock, so that its seats are free. */
  hasExpired: boolean
  /** The checked-in seats, ascending. */
  admittedSeats: number[]
}

/** The bookings to list, and their order. */
export interface BookingFilter {
  /** The id of a show (default: all shows). */
  show?: string | undefined
  /** Words, or beginnings of words, that the customer's name must all contain. */
  customer?: string | undefined
  status?: BookingStatus | readonly BookingStatus[] | undefined
  /** Only bookings with this seat number. */
  seat?: number | undefined
  /** Only bookings made at this time or later, by the database's clock. */
  since?: Date | undefined
  /** Only bookings made before this time. */
  until?: Date | undefined
  /**
   * By creation, the oldest or the newest first, or by customer for a door list (default: 'time').
   */
  sort?: 'time' | 'newest' | 'customer' | undefined
  limit?: number | undefined
}

const PAGE_SIZE = 1000
/**
 * How many bookings to read at once by customer. No index has that order, so each page sorts all
 * bookings.
 */
const AT_DOOR = 20_000

/**
 * Lists bookings page by page, in constant memory and in a stable order: by creation and then by
 * id, or by customer before both. Throws INVALID_INPUT for a customer without a word in it.
 */
export async function* listBookings(
  db: Database,
  filter: BookingFilter = {},
): AsyncGenerator<ListedBooking> {
  const pages = filter.sort === 'customer' ? pagesAtDoor(db, filter) : pagesInOrder(db, filter)
  for await (const rows of pages) yield* rows.map(toListed)
}

/** Returns the bookings with these ids, in the same order. */
export async function bookingsWithIds(
  db: Database,
  ids: readonly string[],
): Promise<ListedBooking[]> {
  return (await rowsOf(db, ids, {})).map(toListed)
}

/** Returns one booking, by its id or reference. Throws BOOKING_NOT_FOUND. */
export async function viewBooking(db: Database, name: string): Promise<ListedBooking> {
  return withRetry(db, async () => {
    const { id } = await findBookingRow(db.knex, name)
    const [row] = await readListed(db.knex, `${SELECT_LISTED} where b.id = ?`, [id])
    return toListed(row!)
  })
}

/**
 * Returns the latest bookings in one of the states whose reference begins with `prefix`, as people
 * type it; at most 50.
 */
export async function suggestBookings(
  db: Database,
  prefix: string,
  statuses: readonly BookingStatus[] = ['HELD', 'CONFIRMED', 'CANCELLED'],
): Promise<ListedBooking[]> {
  const first = prefix.toUpperCase().replace(/[^0-9A-Z]/g, '')
  const rows = await withRetry(db, () =>
    readListed(
      db.knex,
      // A range, because LIKE uses the index only with some collations.
      `${SELECT_LISTED} where b.status = any(?::text[])
       ${first === '' ? '' : 'and b.reference between rpad(?, 8, ?) and rpad(?, 8, ?)'}
       order by b.created_at desc, b.id desc limit 50`,
      [statuses, ...(first === '' ? [] : [first, '2', first, 'Z'])],
    ),
  )
  return rows.map(toListed)
}

interface ListRow extends BookingRow, LayoutRow, WithPlan {
  show_name: string
  show_start_time: Date
  time_zone: string
  has_expired: boolean
  admitted_seats: number[]
}

/** A timestamp to the microsecond; a Date has only milliseconds. */
const EXACT_CREATED_AT = 'created_at::text as exact_created_at'

const SELECT_LISTED = `
  select b.*, b.${EXACT_CREATED_AT}, s.name as show_name, s.start_time as show_start_time, s.time_zone, ${LAYOUT_COLUMNS.map((column) => `s.${column}`)},
         ${IS_EXPIRED_HOLD} as has_expired,
         array(select seat from admissions where booking_id = b.id order by seat) as admitted_seats
  from bookings b join shows s on s.id = b.show_id`

async function readListed<Row extends ListRow = ListRow>(
  knex: Knex,
  statement: string,
  values: unknown[],
): Promise<Row[]> {
  return withPlans(knex, await query<Row>(knex, statement, values))
}

/** Pages by creation, the oldest or the newest first. */
function pagesInOrder(db: Database, filter: BookingFilter) {
  const isDescending = filter.sort === 'newest'
  const [direction, beyond] = isDescending ? ['desc', '<'] : ['asc', '>']
  return inPages<ListRow & { exact_created_at: string }>((after, size) => {
    const where = (rows: Knex.QueryBuilder) => {
      narrow(rows, filter)
      if (after === undefined) return
      const cursor = [after.exact_created_at, after.id]
      rows.whereRaw(`(created_at, id) ${beyond} (?::timestamptz, ?::uuid)`, cursor)
    }
    const page = selectInOrder(db.knex, filter.customer, { where, isDescending, size })
    return withRetry(db, () =>
      readListed(
        db.knex,
        `${SELECT_LISTED} where b.id in (?) order by b.created_at ${direction}, b.id ${direction}`,
        [page],
      ),
    )
  }, filter)
}

function selectInOrder(
  knex: Knex,
  customer: string | undefined,
  page: Pick<WordSearch, 'where' | 'isDescending' | 'size'>,
): Knex.QueryBuilder {
  const { where, isDescending, size } = page
  const order = ['created_at', 'id']
  if (customer !== undefined) {
    const search = { table: 'bookings', column: 'customer', order, look: 256, ...page }
    return selectIdsWithWords(knex, checkText('customer', customer, 200), search)
  }
  const direction = isDescending ? 'desc' : 'asc'
  return knex('bookings')
    .select('id')
    .modify(where)
    .orderBy(order.map((column) => ({ column, order: direction })))
    .limit(size)
}

/** A booking's position in the order of customers. */
interface DoorCursor {
  id: string
  is_nameless: boolean
  folded_customer: string
  exact_created_at: string
}

/** Pages by customer, for the door list; walk-ups without a name come last. */
async function* pagesAtDoor(db: Database, filter: BookingFilter) {
  const read = (after: DoorCursor | undefined, size: number) =>
    withRetry(db, () => selectAtDoor(db.knex, filter, after, size))
  for await (const cursors of inPages(read, { limit: filter.limit, pageSize: AT_DOOR })) {
    for (let first = 0; first < cursors.length; first += PAGE_SIZE) {
      const ids = cursors.slice(first, first + PAGE_SIZE).map(({ id }) => id)
      // Filters again, because bookings may have changed since their positions were read.
      yield await rowsOf(db, ids, filter)
    }
  }
}

/** Returns the bookings with these ids that match the filter, in the order of the ids. */
function rowsOf(db: Database, ids: readonly string[], filter: BookingFilter): Promise<ListRow[]> {
  const meant = db.knex('bookings').select('id').whereIn('id', ids).modify(narrow, filter)
  return withRetry(db, () =>
    readListed(
      db.knex,
      `${SELECT_LISTED} where b.id in (?) order by array_position(?::uuid[], b.id)`,
      [meant, ids],
    ),
  )
}

function selectAtDoor(
  knex: Knex,
  filter: BookingFilter,
  after: DoorCursor | undefined,
  size: number,
): Promise<DoorCursor[]> {
  const folded = knex('bookings')
    .select('id', 'created_at', knex.raw('customer is null as is_nameless'))
    .select(knex.raw(`folded_text(coalesce(customer, '')) as folded_customer`))
    .modify(narrow, filter)
  if (filter.customer !== undefined) {
    folded.whereRaw(...wordCondition('customer', checkText('customer', filter.customer, 200)))
  }
  const order = 'is_nameless, folded_customer collate people, created_at, id'
  return (
    knex
      // Materialized, so that each name is folded only once.
      .withMaterialized('folded', folded)
      .select<DoorCursor[]>('id', 'is_nameless', 'folded_customer', knex.raw(EXACT_CREATED_AT))
      .from('folded')
      .modify((rows) => {
        if (after === undefined) return
        const { is_nameless, folded_customer, exact_created_at, id } = after
        rows.whereRaw(`(${order}) > (?::bool, ?::text, ?::timestamptz, ?::uuid)`, [
          is_nameless,
          folded_customer,
          exact_created_at,
          id,
        ])
      })
      .orderByRaw(order)
      .limit(size)
  )
}

function narrow(
  rows: Knex.QueryBuilder,
  { show, status, seat, since, until }: BookingFilter,
): void {
  if (show !== undefined) rows.where('show_id', show)
  if (status !== undefined) rows.whereIn('status', [status].flat())
  if (seat !== undefined) rows.whereRaw('?::int = any(seats)', seat)
  if (since !== undefined) rows.where('created_at', '>=', since)
  if (until !== undefined) rows.where('created_at', '<', until)
}

function toListed(row: ListRow): ListedBooking {
  return {
    ...toBooking(row, layoutOf(row)),
    showName: row.show_name,
    showStartTime: row.show_start_time,
    timeZone: row.time_zone,
    hasExpired: row.has_expired,
    admittedSeats: row.admitted_seats,
  }
}
