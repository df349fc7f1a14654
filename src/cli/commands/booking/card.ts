import type { Booking, BookingStatus, Show } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { safeText } from '../../../shared/safe-text.js'
import { formatStartTime } from '../../../shared/time/format-time.js'
import { drawFields } from '../../../terminal/render/fields.js'
import { wrapWords } from '../../../terminal/render/fit-text.js'
import { isLong, nameSeats } from '../../../terminal/render/seat-names.js'
import { type RenderStyle, signs, type Tone, tint } from '../../../terminal/render/style.js'
import { whenOf } from '../show/text.js'

/** A booking, its show, and how the booking came about. */
export interface BookingCard {
  booking: Omit<Booking, 'id' | 'showId' | 'createdAt' | 'updatedAt'>
  show: Pick<Show, 'name' | 'startTime' | 'timeZone'>
  /** Whether the hold has expired, so that its seats are free. */
  hasExpired?: boolean | undefined
  /** Whether it was made earlier, by a request with the same key. */
  isReplayed?: boolean
  /** The action that was just taken, shown instead of the state: 'Moved A1 → B1 (1 seat) for Ada'. */
  done?: string | undefined
}

/** Draws a booking, with its reference last and on its own. The last line ends with a newline. */
export function renderBookingCard(card: BookingCard, style: RenderStyle): string {
  const { booking, show } = card
  const { seats, seatLabels } = booking
  return [
    ...headline(card, style),
    ...wrapWords(`${safeText(show.name)}, ${whenOf(show)}`, style.columns - 2).map(
      (line) => `  ${line}`,
    ),
    '',
    ...drawFields(style, [
      ['Seats', isLong(seats, seatLabels) ? formatLabels(seats, seatLabels) : null],
      ['Held', heldFor(card)],
      ['Note', booking.note && safeText(booking.note)],
      [
        'Earlier',
        card.isReplayed
          ? `a request with this key made this booking${sinceThen({ ...booking, ...card })}`
          : null,
      ],
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

const outcomes: Record<BookingStatus, Outcome> = {
  CONFIRMED: { verb: 'Booked', sign: 'done', tone: 'good' },
  HELD: { verb: 'Holding', sign: 'held', tone: 'warning' },
  PENDING: { verb: 'Still booking', sign: 'waiting', tone: 'quiet' },
  FAILED: { verb: 'Did not book', sign: 'failed', tone: 'bad' },
  CANCELLED: { verb: 'Cancelled', sign: 'failed', tone: 'quiet' },
}

function headline(card: BookingCard, style: RenderStyle): string[] {
  const { sign, tone } = card.done === undefined ? outcomeOf(card) : outcomes.CONFIRMED
  const text = safeText(card.done ?? stateOf(card))
  const [first, ...rest] = wrapWords(text, style.columns - 2)
  const { failure } = card.booking
  return [
    `${tint(style, tone, signs(style)[sign])} ${tint(style, 'strong', first!)}`,
    ...rest.map((line) => `  ${tint(style, 'strong', line)}`),
    ...(failure === null ? [] : [`  ${safeText(failure.message)}`]),
  ]
}

function outcomeOf({ booking, hasExpired }: BookingCard): Outcome {
  return hasExpired ? expired : outcomes[booking.status]
}

function stateOf(card: BookingCard): string {
  const { seats, seatLabels, customer } = card.booking
  const named = seats.length === 0 ? 'any seats' : nameSeats(seats, seatLabels)
  return `${outcomeOf(card).verb} ${named}${customer === null ? '' : ` for ${customer}`}`
}

/** What has become of a booking that was made earlier, if it has no seats any more. */
export function sinceThen({
  status,
  hasExpired,
}: Pick<Booking, 'status'> & Pick<BookingCard, 'hasExpired'>): string {
  if (status === 'CANCELLED') return ', which has been cancelled since'
  return hasExpired ? ', whose hold has expired since' : ''
}

function heldFor({ booking, show, hasExpired }: BookingCard): string | null {
  const { status, heldUntil } = booking
  if (status !== 'HELD') return null
  if (heldUntil === null) return 'until it is released'
  const end = formatStartTime(heldUntil, show.timeZone)
  return `until ${end}${hasExpired ? '; it can be confirmed while its seats are free' : ''}`
}
