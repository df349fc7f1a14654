import type { BookingOutcome } from '../core/booking.js'
import { formatStartTime } from '../core/format-time.js'
import { formatSeats } from '../core/seats.js'
import type { Show } from '../core/shows.js'
import type { BookingFacts } from '../terminal/booking-card.js'
import { whenOf } from './show-text.js'

/** A booking as the terminal's booking card wants it. */
export function bookingFacts(
  { booking, replayed }: BookingOutcome,
  show: Show,
  hasExpired = false,
): BookingFacts {
  return {
    reference: booking.reference,
    status: booking.status,
    seats: booking.seats,
    customer: booking.customer,
    note: booking.note,
    show: { name: show.name, when: whenOf(show), layout: show },
    heldUntil: booking.heldUntil && formatStartTime(booking.heldUntil, show.timeZone),
    hasExpired,
    failure: booking.failure?.message ?? null,
    isReplayed: replayed,
  }
}

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence(seats: readonly number[], show: Show): string {
  return `${formatSeats(seats, show)} free. Nothing was booked (dry run).\n`
}
