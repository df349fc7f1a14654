import type { BookingOutcome, Show } from '../../../client/api.js'
import { countSeats, formatSeats } from '../../../house/seats.js'
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
    customer: booking.customer,
    note: booking.note,
    show: { name: show.name, when: whenOf(show), layout: show },
    heldUntil: booking.heldUntil && formatStartTime(booking.heldUntil, show.timeZone),
    hasExpired,
    failure: booking.failure?.message ?? null,
    isReplayed: replayed,
    done,
  }
}

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence(seats: readonly number[], show: Show): string {
  return `${countSeats(seats.length)} free: ${formatSeats(seats, show)}. Nothing was booked (dry run).\n`
}
