import { formatLabels } from '../../house/seats.js'
import { safeText } from '../../shared/safe-text.js'
import { drawFields } from './fields.js'
import { wrapWords } from './fit-text.js'
import { isLong, nameSeats } from './seat-names.js'
import { type RenderStyle, signs, type Tone, tint } from './style.js'

/** What the card of a booking shows. */
export interface BookingFacts {
  reference: string
  status: 'PENDING' | 'HELD' | 'CONFIRMED' | 'FAILED' | 'CANCELLED'
  /** Seat numbers, ascending. */
  seats: number[]
  seatLabels: string[]
  customer: string | null
  note: string | null
  show: { name: string; when: string }
  /** The end of the hold, formatted for people; null: until it is released. */
  heldUntil: string | null
  /** Whether the hold has expired, so that its seats are free. */
  hasExpired?: boolean
  /** A sentence that says why it failed. */
  failure: string | null
  /** Whether it was made earlier, by a request with the same key. */
  isReplayed?: boolean
  /** The action that was just taken, shown instead of the state: 'Moved A1 → B1 (1 seat) for Ada'. */
  done?: string | undefined
}

/** Draws a booking, with its reference last and on its own. The last line ends with a newline. */
export function renderBookingCard(booking: BookingFacts, style: RenderStyle): string {
  const { show, seats, seatLabels } = booking
  return [
    ...headline(booking, style),
    ...wrapWords(`${safeText(show.name)}, ${safeText(show.when)}`, style.columns - 2).map(
      (line) => `  ${line}`,
    ),
    '',
    ...drawFields(style, [
      ['Seats', isLong(seats, seatLabels) ? formatLabels(seats, seatLabels) : null],
      ['Held', heldFor(booking)],
      ['Note', booking.note && safeText(booking.note)],
      ['Earlier', booking.isReplayed ? 'this key had already made this booking' : null],
      ['Reference', tint(style, 'strong', booking.reference)],
    ]),
    '',
  ].join('\n')
}

type Sign = 'done' | 'failed' | 'held' | 'waiting'

interface Outcome {
  verb: string
  sign: Sign
  tone: Tone
}

const expired: Outcome = { verb: 'No longer holding', sign: 'failed', tone: 'quiet' }

const outcomes: Record<BookingFacts['status'], Outcome> = {
  CONFIRMED: { verb: 'Booked', sign: 'done', tone: 'good' },
  HELD: { verb: 'Holding', sign: 'held', tone: 'warning' },
  PENDING: { verb: 'Still booking', sign: 'waiting', tone: 'quiet' },
  FAILED: { verb: 'Did not book', sign: 'failed', tone: 'bad' },
  CANCELLED: { verb: 'Cancelled', sign: 'failed', tone: 'quiet' },
}

function headline(booking: BookingFacts, style: RenderStyle): string[] {
  const { sign, tone } = booking.done === undefined ? outcomeOf(booking) : outcomes.CONFIRMED
  const text = safeText(booking.done ?? stateOf(booking))
  const [first, ...rest] = wrapWords(text, style.columns - 2)
  return [
    `${tint(style, tone, signs(style)[sign])} ${tint(style, 'strong', first!)}`,
    ...rest.map((line) => `  ${tint(style, 'strong', line)}`),
    ...(booking.failure === null ? [] : [`  ${safeText(booking.failure)}`]),
  ]
}

function outcomeOf({ status, hasExpired }: BookingFacts): Outcome {
  return hasExpired ? expired : outcomes[status]
}

function stateOf(booking: BookingFacts): string {
  const { seats, seatLabels, customer } = booking
  const named = seats.length === 0 ? 'any seats' : nameSeats(seats, seatLabels)
  return `${outcomeOf(booking).verb} ${named}${customer === null ? '' : ` for ${customer}`}`
}

function heldFor({ status, heldUntil, hasExpired }: BookingFacts): string | null {
  if (status !== 'HELD') return null
  if (heldUntil === null) return 'until it is released'
  return `until ${heldUntil}${hasExpired ? '; it can be confirmed while its seats are free' : ''}`
}
