import type { Knex } from 'knex'
import { query } from '../database/sql.js'
import type { House } from './decide.js'
import { SeatSet } from './seat-set.js'
import type { SeatLayout } from './seats.js'
import { IS_LIVE_HOLD, showNotFound } from './shows.js'

/** A show's row as far as selling needs it. */
export interface HouseRow {
  id: string
  total_seats: number
  seats_per_row: number | null
  booked_seats: Buffer
  cancelled_at: Date | null
}

/** Reads a show's house. */
export function selectHouse(knex: Knex, showId: string) {
  return knex<HouseRow>('shows')
    .where({ id: showId })
    .first('id', 'total_seats', 'seats_per_row', 'booked_seats', 'cancelled_at')
}

/**
 * Locks a show until the transaction ends: nobody else sells, holds or frees a seat of it. What
 * must be fresh is read after this, in statements of their own: a statement's snapshot predates
 * its wait for the lock. Throws SHOW_NOT_FOUND.
 */
export async function lockHouse(trx: Knex.Transaction, showId: string): Promise<HouseRow> {
  const show = await selectHouse(trx, showId).forUpdate().options({ name: 'lock_house' })
  if (show === undefined) throw showNotFound(showId)
  return show
}

/** Seats that live holds keep, but for the hold of one booking. */
export async function heldSeats(
  knex: Knex,
  showId: string,
  exceptBooking: string | null = null,
): Promise<number[]> {
  const rows = await query<{ seat: number }>(
    knex,
    `select unnest(seats) as seat from bookings
     where show_id = ? and ${IS_LIVE_HOLD} and id is distinct from ?::uuid`,
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

export function layoutOf(show: Pick<HouseRow, 'total_seats' | 'seats_per_row'>): SeatLayout {
  return { totalSeats: show.total_seats, seatsPerRow: show.seats_per_row }
}

/**
 * Writes what a locked show has sold and freed. The bits are merged here and the count is changed
 * by addition in SQL: if either were based on a stale row, or a seat were sold twice or freed
 * unsold, the two would disagree, and the table's check refuses the row.
 */
export async function writeSales(
  trx: Knex.Transaction,
  show: HouseRow,
  { sold = [], freed = [] }: { sold?: Iterable<number>; freed?: Iterable<number> },
): Promise<void> {
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
  await trx('shows')
    .where({ id: show.id })
    .update({
      booked_seats: booked.toBytes(),
      confirmed_seats_count: trx.raw('confirmed_seats_count + ?', change),
      updated_at: trx.raw('clock_timestamp()'),
    })
    .options({ name: 'write_sales' })
}
