import type { Database } from '../../database/knex-pool.js'
import { decide } from '../../house/decide.js'
import { MAX_SEATS } from '../../house/seats.js'
import { TicketsError } from '../../shared/errors.js'
import { newBookingId } from '../../shared/ids.js'
import type { Warned } from '../../shared/warnings.js'
import { heldSeats, houseOf, warningsOf, writeSales } from '../../shows/locked-house.js'
import { layoutOf } from '../../shows/plans.js'
import { type BookingOutcome, type BookingRow, namesOf } from '../booking.js'
import { newReference } from '../references.js'
import {
  changeBooking,
  isExpired,
  type LockedBooking,
  type SeatReader,
  type Step,
  seatReader,
  seatsMeant,
  updateBooking,
  without,
  wrongState,
} from './change-booking.js'

export interface ConfirmOptions {
  /** Sells only these seats, as a separate booking; the rest stays held. */
  seats?: string | undefined
}

/** The result of confirming. */
export interface Confirmed extends BookingOutcome {
  /** Whether the hold had expired and its seats were still free. */
  hadExpired: boolean
}

/**
 * Sells all or some seats of a hold. Sells an expired hold too, if its seats are still free.
 * Confirming again returns the same booking, `replayed`.
 *
 * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, SHOW_CANCELLED, WRONG_STATE if the booking
 * is not a hold, and SEATS_TAKEN with the seats that another booking got after the hold expired.
 */
export async function confirmBooking(
  db: Database,
  name: string,
  { seats: spec }: ConfirmOptions = {},
): Promise<Confirmed> {
  const named = spec === undefined ? undefined : seatReader(spec)
  let hadExpired = false
  let warned: Warned = {}
  const split = { id: newBookingId(), reference: newReference() }
  const outcome = await changeBooking(db, name, async (locked) => {
    const earlier = await confirmedBefore(locked, named)
    if (earlier !== undefined) return { row: earlier, replayed: true }
    const { trx, show, row } = locked
    if (row.status !== 'HELD') throw wrongState(row, 'confirmed')
    const seats = seatsMeant(locked, named)
    refuseIfGone(locked, seats)
    hadExpired = await isExpired(locked)
    warned = warningsOf(show, seats)
    await refuseIfLost(locked, seats, hadExpired)
    await writeSales(trx, show, { sold: seats })
    return seats.length === row.seats.length ? sellWhole(locked) : sellPart(locked, seats, split)
  })
  return { ...outcome, hadExpired, ...(outcome.replayed ? {} : warned) }
}

/** Returns the booking by which an earlier call sold these seats, if it still has them. */
async function confirmedBefore(
  { trx, show, row }: LockedBooking,
  named: SeatReader | undefined,
): Promise<BookingRow | undefined> {
  const own = row.status === 'CONFIRMED' ? [row] : []
  if (named === undefined) return own[0]
  const { id: split_from, show_id } = row
  const parts = await trx<BookingRow>('bookings').where({
    split_from,
    show_id,
    status: 'CONFIRMED',
  })
  const sold = [...own, ...parts] as BookingRow[]
  const among = [...row.seats, ...sold.flatMap((booking) => booking.seats)]
  const meant = seatsMeant({ show, row }, named, among)
  // Seats that a move returned to the hold belong to the hold again.
  if (row.status === 'HELD' && without(meant, row.seats).length === 0) return undefined
  return sold.find((booking) => isSame(booking.seats, meant))
}

/** An expired hold may have seats that the plan of the show no longer has. */
function refuseIfGone({ row, show }: LockedBooking, seats: readonly number[]): void {
  const gone = seats.filter((seat) => seat > MAX_SEATS)
  if (gone.length === 0) return
  const { seatLabels } = namesOf(gone, layoutOf(show), row.former_seats)
  throw new TicketsError(
    'WRONG_STATE',
    `The plan of the show no longer has ${seatLabels.join(', ')}. Cancel the hold. Nothing was changed.`,
  )
}

async function refuseIfLost(
  { trx, show, row }: LockedBooking,
  seats: number[],
  hadExpired: boolean,
): Promise<void> {
  const house = houseOf(show, await heldSeats(trx, show.id, row.id))
  const verdict = decide(house, { seats }, 'Nothing was changed.')
  if ('seats' in verdict) return
  const { refusal } = verdict
  const expired = hadExpired && refusal.code === 'SEATS_TAKEN' ? 'The hold had expired. ' : ''
  throw new TicketsError(refusal.code, expired + refusal.message, refusal)
}

async function sellWhole({ trx, row }: LockedBooking): Promise<Step> {
  const sold = await updateBooking(trx, row.id, { status: 'CONFIRMED', held_until: null })
  return { row: sold, replayed: false }
}

async function sellPart(
  { trx, row }: LockedBooking,
  seats: number[],
  split: Pick<BookingRow, 'id' | 'reference'>,
): Promise<Step> {
  await updateBooking(trx, row.id, { seats: without(row.seats, seats) })
  const { show_id, customer, note } = row
  const [part] = await trx<BookingRow>('bookings')
    .insert({
      ...split,
      show_id,
      customer,
      note,
      seats,
      status: 'CONFIRMED',
      split_from: row.id,
    } as object)
    .returning('*')
  return { row: part as BookingRow, replayed: false }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((seat, i) => seat === b[i])
}
