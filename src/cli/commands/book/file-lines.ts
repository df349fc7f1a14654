import type { BookingOutcome, BookingStatus, DryRunOutcome } from '../../../client/api.js'
import { safeText } from '../../../shared/safe-text.js'
import { tabLine } from '../../../terminal/render/list.js'
import { nameSeats } from '../../../terminal/render/seat-names.js'

/** A line of a file that was booked, or under a dry run could be. */
interface BookedLine {
  line: number
  outcome: BookingOutcome | DryRunOutcome
}

/** What was booked for a line of a file, for programs: tab-separated. Ends with a newline. */
export function lineForPrograms({ line, outcome }: BookedLine): string {
  const { seatLabels, customer, section } = bookingOf(outcome)
  // A dry run makes no booking, so its lines have neither a reference nor a status.
  const booking = 'booking' in outcome ? outcome.booking : undefined
  return tabLine([
    booking?.reference ?? '',
    seatLabels.join(', '),
    customer ?? '',
    booking?.status ?? '',
    String(line),
    String(outcome.replayed),
    section ?? '',
    'booking' in outcome && outcome.hasExpired ? 'true' : '',
  ])
}

/**
 * The same for people: 'Line 2: Booked 3 seats: C1-C3 for Ada, reference K7Q2-9FMX.' Ends with a
 * newline.
 */
export function lineForPeople({ line, outcome }: BookedLine): string {
  const { seats, seatLabels, customer } = bookingOf(outcome)
  const what = nameSeats(seats, seatLabels)
  const whom = customer === null ? '' : ` for ${safeText(customer)}`
  if (!('booking' in outcome)) {
    const key = outcome.replayed ? ' (its key was used before)' : ''
    return `Line ${line}: ${what} free${whom}${key}.\n`
  }
  const { booking, replayed, hasExpired } = outcome
  const { status, reference } = booking
  const verb = hasExpired ? 'No longer holding' : (verbs[status] ?? status)
  const since = hasExpired ? ', and the hold has expired since' : (changes[status] ?? '')
  const key = replayed ? ` (its key was used before${since})` : ''
  return `Line ${line}: ${verb} ${what}${whom}, reference ${reference}${key}.\n`
}

/** A booking that its key made earlier may be cancelled since. */
const verbs: Partial<Record<BookingStatus, string>> = {
  CONFIRMED: 'Booked',
  HELD: 'Holding',
  CANCELLED: 'Cancelled',
}

const changes: Partial<Record<BookingStatus, string>> = {
  CANCELLED: ', and the booking has been cancelled since',
}

function bookingOf(outcome: BookedLine['outcome']) {
  return 'booking' in outcome ? outcome.booking : outcome
}
