import type {
  BookingOutcome,
  BookingStatus,
  DryRunOutcome,
  EarlierBooking,
} from '../../../client/api.js'
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
  const { seatLabels, customer, section } = seatsOf(outcome)
  const record = recordOf(outcome)
  return tabLine([
    record?.reference ?? '',
    seatLabels.join(', '),
    customer ?? '',
    record?.status ?? '',
    String(line),
    String(outcome.replayed),
    section ?? '',
    record?.hasExpired ? 'true' : '',
  ])
}

/**
 * The same for people: 'Line 2: Booked 3 seats: C1-C3 for Ada, reference K7Q2-9FMX.' Ends with a
 * newline.
 */
export function lineForPeople({ line, outcome }: BookedLine): string {
  const { seats, seatLabels, customer } = seatsOf(outcome)
  const what = nameSeats(seats, seatLabels)
  const whom = customer === null ? '' : ` for ${safeText(customer)}`
  const record = recordOf(outcome)
  if (!record) {
    const found = outcome.replayed
      ? `${what}${whom} (an earlier line has the same key)`
      : `${what} free${whom}`
    return `Line ${line}: ${found}.\n`
  }
  const { status, reference, hasExpired } = record
  const verb = hasExpired ? 'No longer holding' : (verbs[status] ?? status)
  const since = hasExpired ? ', and the hold has expired since' : (changes[status] ?? '')
  const key = outcome.replayed ? ` (its key was used before${since})` : ''
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

/** The booking of a line; undefined for a line of a dry run that would make one. */
export function recordOf(
  outcome: BookedLine['outcome'],
):
  | (Pick<EarlierBooking, 'reference' | 'status'> & { hasExpired?: boolean | undefined })
  | undefined {
  if (!('booking' in outcome)) return outcome.earlier
  const { booking, hasExpired } = outcome
  return { reference: booking.reference, status: booking.status, hasExpired }
}

function seatsOf(outcome: BookedLine['outcome']) {
  return 'booking' in outcome ? outcome.booking : outcome
}
