import type { BookingOutcome, DryRunOutcome, Show } from '../../../client/api.js'
import { countSeats, formatLabels } from '../../../house/seats.js'
import { formatStartTime } from '../../../shared/time/format-time.js'
import type { BookingFacts } from '../../../terminal/render/booking-card.js'
import { whenOf } from '../show/text.js'

/** The facts for the card of a booking. */
export function bookingFacts(
  { booking, replayed }: BookingOutcome,
  show: Show,
  { hasExpired = false, done }: Pick<BookingFacts, 'hasExpired' | 'done'> = {},
): BookingFacts {
  return {
    reference: booking.reference,
    status: booking.status,
    seats: booking.seats,
    seatLabels: booking.seatLabels,
    customer: booking.customer,
    note: booking.note,
    show: { name: show.name, when: whenOf(show) },
    heldUntil: booking.heldUntil && formatStartTime(booking.heldUntil, show.timeZone),
    hasExpired,
    failure: booking.failure?.message ?? null,
    isReplayed: replayed,
    done,
  }
}

/** The seats that a dry run found. */
export type Found = Readonly<Pick<DryRunOutcome, 'seats' | 'seatLabels'>>

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence({ seats, seatLabels }: Found): string {
  return `${countSeats(seats.length)} free: ${formatLabels(seats, seatLabels)}. Nothing was booked (dry run).\n`
}
