import type { Knex } from 'knex'
import type { Database } from '../database/connection.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { type Booking, type BookingRow, type BookingStatus, toBooking } from './booking.js'
import { checkText } from './input.js'
import { findBookingRow } from './life/change-booking.js'
import { selectIdsWithWords, wordCondition } from './word-search.js'

/** A booking in a list, with the show that it is for and whoever of it is inside. */
export interface ListedBooking extends Booking {
  showName: string
  /** The show's. */
  timeZone: string
  /** A hold whose time is over by the database's clock: its seats are free. */
  hasExpired: boolean
  /** Seats that have been let in, ascending. */
  admittedSeats: number[]
}

/** Which bookings to list. The oldest comes first, or by customer for a door list. */
export interface BookingFilter {
  /** The id of a show; default: all shows. */
  show?: string
  /** Words, or beginnings of words, that the customer has all of. */
  customer?: string
  status?: BookingStatus
  /** Only bookings with this seat, by number. */
  seat?: number
  sort?: 'time' | 'customer'
  limit?: number
}

const PAGE_SIZE = 1000

/**
 * Lists bookings page by page, any number in constant memory and in a stable order: by their id,
 * which is the order in which they were made, or by customer and then id.
 * Throws INVALID_INPUT for a customer without a word in it.
 */
export async function* listBookings(
  db: Database,
  filter: BookingFilter = {},
): AsyncGenerator<ListedBooking> {
  const byCustomer = filter.sort === 'customer'
  let place: Place | undefined
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  while (left > 0) {
    const size = Math.min(left, PAGE_SIZE)
    const rows = await withRetry(db, () =>
      byCustomer ? doorPage(db.knex, filter, place, size) : page(db.knex, filter, place, size),
    )
    for (const row of rows) yield toListed(row)
    const last = rows.at(-1)
    if (last === undefined || rows.length < size) return
    left -= rows.length
    place = { isNameless: last.customer === null, name: last.lower_customer ?? '', id: last.id }
  }
}

/** One booking, by its id or reference. Throws BOOKING_NOT_FOUND. */
export async function viewBooking(db: Database, name: string): Promise<ListedBooking> {
  return withRetry(db, async () => {
    const { id } = await findBookingRow(db.knex, name)
    const [row] = await query<ListRow>(db.knex, `${SELECT_LISTED} where b.id = ?`, [id])
    return toListed(row!)
  })
}

/**
 * The latest bookings whose reference begins with `prefix`, typed as people do, in one of the
 * states; 50 at most.
 */
export async function suggestBookings(
  db: Database,
  prefix: string,
  statuses: readonly BookingStatus[] = ['HELD', 'CONFIRMED', 'CANCELLED'],
): Promise<ListedBooking[]> {
  const first = prefix.toUpperCase().replace(/[^0-9A-Z]/g, '')
  const rows = await withRetry(db, () =>
    query<ListRow>(
      db.knex,
      // A range, because whether LIKE finds its way by the index depends on the collation.
      `${SELECT_LISTED} where b.status = any(?::text[])
       ${first === '' ? '' : 'and b.reference between rpad(?, 8, ?) and rpad(?, 8, ?)'}
       order by b.id desc limit 50`,
      [statuses, ...(first === '' ? [] : [first, '2', first, 'Z'])],
    ),
  )
  return rows.map(toListed)
}

interface ListRow extends BookingRow {
  show_name: string
  time_zone: string
  has_expired: boolean
  total_seats: number
  seats_per_row: number | null
  admitted_seats: number[]
  /** As PostgreSQL lowers it, whose order the pages follow. */
  lower_customer: string | null
}

const SELECT_LISTED = `
  select b.*, lower(b.customer) as lower_customer,
         s.name as show_name, s.time_zone, s.total_seats, s.seats_per_row,
         coalesce(b.status = 'HELD' and b.held_until <= clock_timestamp(), false) as has_expired,
         array(select seat from admissions where booking_id = b.id order by seat) as admitted_seats
  from bookings b join shows s on s.id = b.show_id`

/** The last row of the page before. */
interface Place {
  isNameless: boolean
  /** Lowered, as the database does it. */
  name: string
  id: string
}

/** In the order in which the bookings were made. */
function page(knex: Knex, filter: BookingFilter, after: Place | undefined, size: number) {
  const isMeant = (rows: Knex.QueryBuilder) => {
    narrow(rows, filter)
    if (after !== undefined) rows.where('id', '>', after.id)
  }
  const { customer } = filter
  const ids =
    customer === undefined
      ? knex('bookings').select('id').modify(isMeant).orderBy('id').limit(size)
      : selectIdsWithWords(knex, checkText('customer', customer, 200), {
          table: 'bookings',
          column: 'customer',
          order: ['id'],
          where: isMeant,
          size,
          look: 256,
        })
  return query<ListRow>(knex, `${SELECT_LISTED} where b.id in (?) order by b.id`, [ids])
}

/** By customer, as at the door; nameless walk-ups come last. */
function doorPage(knex: Knex, filter: BookingFilter, after: Place | undefined, size: number) {
  const order = `(customer is null), lower(coalesce(customer, '')), id`
  const ids = knex('bookings')
    .select('id')
    .modify((rows) => {
      narrow(rows, filter)
      if (filter.customer !== undefined) {
        rows.whereRaw(...wordCondition('customer', checkText('customer', filter.customer, 200)))
      }
      if (after === undefined) return
      rows.whereRaw(`(${order}) > (?, ?, ?)`, [after.isNameless, after.name, after.id])
    })
    .orderByRaw(order)
    .limit(size)
  return query<ListRow>(
    knex,
    `${SELECT_LISTED} where b.id in (?)
     order by (b.customer is null), lower(coalesce(b.customer, '')), b.id`,
    [ids],
  )
}

function narrow(rows: Knex.QueryBuilder, { show, status, seat }: BookingFilter): void {
  if (show !== undefined) rows.where('show_id', show)
  if (status !== undefined) rows.where('status', status)
  if (seat !== undefined) rows.whereRaw('?::int = any(seats)', seat)
}

function toListed(row: ListRow): ListedBooking {
  const layout = { totalSeats: row.total_seats, seatsPerRow: row.seats_per_row }
  return {
    ...toBooking(row, layout),
    showName: row.show_name,
    timeZone: row.time_zone,
    hasExpired: row.has_expired,
    admittedSeats: row.admitted_seats,
  }
}
