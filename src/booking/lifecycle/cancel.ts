import type { Database } from '../../database/knex-pool.js'
import { TicketsError } from '../../shared/errors.js'
import { checkOptionalText } from '../../shared/text-input.js'
import { writeSales } from '../../shows/locked-house.js'
import type { BookingOutcome } from '../booking.js'
import {
  changeBooking,
  refuseIfAdmitted,
  seatsMeant,
  updateBooking,
  wrongState,
} from './change-booking.js'

export interface CancelOptions {
  /** Only these seats; default: all of them. */
  seats?: string | undefined
  /** Why, for the history. */
  reason?: string | null | undefined
  /** Only if the booking has not changed since: its `updatedAt` as the caller knows it. */
  ifUnchangedSince?: Date | undefined
  /** Refuses what would be refused, and changes nothing: `returned` is what would be given back. */
  dryRun?: boolean | undefined
}

/** What cancelling came to. */
export interface Cancelled extends BookingOutcome {
  /** The seats that this call gave back, or under `dryRun` would, by number, ascending. */
  returned: number[]
}

/**
 * Gives a booking's seats back, all or some, at once. Cancelling twice is the same as once.
 *
 * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, and WRONG_STATE when it never had seats,
 * when seats are named that it does not have, when somebody has been let in on them, or when it
 * has changed since `ifUnchangedSince`.
 */
export async function cancelBooking(
  db: Database,
  name: string,
  options: CancelOptions = {},
): Promise<Cancelled> {
  const reason = checkOptionalText('reason', options.reason, 1000)
  let returned: number[] = []
  const outcome = await changeBooking(db, name, async (locked) => {
    const { trx, show, row } = locked
    if (row.status === 'PENDING' || row.status === 'FAILED') throw wrongState(row, 'cancelled')
    const meant = seatsMeant(locked, options.seats, [...row.seats, ...row.cancelled_seats])
    // A seat given back may have come back by a move: what counts is what it has now.
    const has = new Set(row.seats)
    const seats = meant.filter((seat) => has.has(seat))
    if (row.status === 'CANCELLED' || seats.length === 0) return { row, replayed: true }
    const { ifUnchangedSince: known } = options
    if (known && known.getTime() !== row.updated_at.getTime()) {
      throw new TicketsError('WRONG_STATE', 'The booking has changed since. Nothing was changed.')
    }
    await refuseIfAdmitted(locked, seats)
    returned = seats
    if (options.dryRun) return { row, replayed: false }
    if (row.status === 'CONFIRMED') await writeSales(trx, show, { freed: seats })
    const gone = new Set(seats)
    const left = row.seats.filter((seat) => !gone.has(seat))
    const changed = await updateBooking(trx, row.id, {
      ...(left.length === 0 ? { status: 'CANCELLED', held_until: null } : { seats: left }),
      cancelled_seats: [...row.cancelled_seats, ...seats].sort((a, b) => a - b),
      ...(reason !== null && { cancel_reason: reason }),
    })
    return { row: changed, replayed: false }
  })
  return { ...outcome, returned: outcome.replayed ? [] : returned }
}
