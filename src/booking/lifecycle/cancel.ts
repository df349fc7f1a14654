import type { Database } from '../../database/knex-pool.js'
import { TicketsError } from '../../shared/errors.js'
import { checkOptionalText } from '../../shared/text-input.js'
import { writeSales } from '../../shows/locked-house.js'
import { layoutOf } from '../../shows/plans.js'
import { type BookingOutcome, namesOf } from '../booking.js'
import {
  changeBooking,
  refuseIfAdmitted,
  seatReader,
  seatsMeant,
  updateBooking,
  without,
  wrongState,
} from './change-booking.js'

export interface CancelOptions {
  /** The seats to cancel (default: all). */
  seats?: string | undefined
  /** The reason, for the history. */
  reason?: string | null | undefined
  /**
   * Refuses the call if the booking has changed since then: its `updatedAt`, as the caller has read
   * it.
   */
  ifUnchangedSince?: Date | undefined
  /**
   * Changes nothing, but makes the same checks: `returned` lists the seats that would be given
   * back.
   */
  dryRun?: boolean | undefined
}

/** The result of cancelling. */
export interface Cancelled extends BookingOutcome {
  /** The seats that this call gave back, or with `dryRun` would give back, ascending. */
  returned: number[]
  returnedLabels: string[]
}

/**
 * Gives all or some seats of a booking back, at once. Repeatable.
 *
 * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, and WRONG_STATE if the booking never had
 * seats, does not have the named seats, is checked in on them, or has changed since
 * `ifUnchangedSince`.
 */
export async function cancelBooking(
  db: Database,
  name: string,
  options: CancelOptions = {},
): Promise<Cancelled> {
  const reason = checkOptionalText('reason', options.reason, 1000)
  const named = options.seats === undefined ? undefined : seatReader(options.seats)
  let returned: number[] = []
  let returnedLabels: string[] = []
  const outcome = await changeBooking(db, name, async (locked) => {
    const { trx, show, row } = locked
    if (row.status === 'PENDING' || row.status === 'FAILED') throw wrongState(row, 'cancelled')
    const meant = seatsMeant(locked, named, [...row.seats, ...row.cancelled_seats])
    // A cancelled seat may belong to the booking again after a move; the current seats count.
    const has = new Set(row.seats)
    const seats = meant.filter((seat) => has.has(seat))
    if (row.status === 'CANCELLED' || seats.length === 0) return { row, replayed: true }
    const { ifUnchangedSince: known } = options
    if (known && known.getTime() !== row.updated_at.getTime()) {
      throw new TicketsError('WRONG_STATE', 'The booking has changed since. Nothing was changed.')
    }
    await refuseIfAdmitted(locked, seats)
    returned = seats
    returnedLabels = namesOf(seats, layoutOf(show), row.former_seats).seatLabels
    if (options.dryRun) return { row, replayed: false }
    if (row.status === 'CONFIRMED') await writeSales(trx, show, { freed: seats })
    const left = without(row.seats, seats)
    const changed = await updateBooking(trx, row.id, {
      ...(left.length === 0 ? { status: 'CANCELLED', held_until: null } : { seats: left }),
      cancelled_seats: [...row.cancelled_seats, ...seats].sort((a, b) => a - b),
      ...(reason !== null && { cancel_reason: reason }),
    })
    return { row: changed, replayed: false }
  })
  return outcome.replayed
    ? { ...outcome, returned: [], returnedLabels: [] }
    : { ...outcome, returned, returnedLabels }
}
