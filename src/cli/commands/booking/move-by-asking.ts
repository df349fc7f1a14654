import type { Booking, BookingOutcome, Show, ShowDetails } from '../../../client/api.js'
import { formatLabels, formatSeats, parseSeats } from '../../../house/seats.js'
import { hasCode, invalidInput, TicketsError } from '../../../shared/errors.js'
import { askText } from '../../../terminal/prompts/prompts.js'
import { printProblem } from '../../../terminal/render/problem-card.js'
import { canShowMap } from '../../../terminal/seat-picker/seat-picker.js'
import type { Context } from '../../context.js'
import { pickInHouse, seatsOf, type TypingScope, typeInHouse } from '../book/choose-seats.js'

/**
 * Moves a booking to seats that the clerk picks on the map or types. If they are sold while the
 * clerk decides, asks again and keeps the rest. Returns undefined if the clerk went back.
 *
 * Throws INTERRUPTED at Ctrl-C, WRONG_STATE, and the errors of a move that choosing other seats
 * cannot fix.
 */
export async function moveByAsking(
  context: Context,
  booking: Booking,
  show: Show,
): Promise<BookingOutcome | undefined> {
  const { asking, output, tickets } = context
  const { status } = booking
  if (status !== 'CONFIRMED' && status !== 'HELD') {
    throw new TicketsError(
      'WRONG_STATE',
      `The booking is ${status.toLowerCase()}, so it cannot be moved. ${asking.unchanged}`,
    )
  }
  // By their labels: another plan may number the seats differently by now.
  const own = show.id === booking.showId ? booking.seatLabels.join(',') : undefined
  let picked = own
  for (;;) {
    const to = canShowMap(output)
      ? await pickOnMap(context, booking, show, { own, picked })
      : await typeSeats(context, booking, show, own)
    if (to === undefined) return undefined
    try {
      return await tickets.moveBooking(booking.id, { to, toShow: show.id })
    } catch (error) {
      if (!hasCode(error, 'SEATS_TAKEN')) throw error
      // The map itself names the seats that were lost.
      if (!canShowMap(output)) printProblem(output, error)
      picked = to
    }
  }
}

function pickOnMap(
  context: Context,
  booking: Booking,
  show: Show,
  seats: { own: string | undefined; picked: string | undefined },
): Promise<string | undefined> {
  return pickInHouse(context, show.id, (house) => ({
    own: seatsOf(seats.own, house),
    picked: seatsOf(seats.picked, house),
    message: questionFor(booking),
    exchange: booking.seats.length,
  }))
}

function typeSeats(
  context: Context,
  booking: Booking,
  show: Show,
  own: string | undefined,
): Promise<string> {
  const ask = async ({ house, section, named }: TypingScope) => {
    const answer = await askText(context.asking, {
      message: questionFor(booking, section),
      hint: `${booking.seats.length} of them`,
      check: (text) => checkNewSeats(named(text), booking, house),
    })
    return named(answer)
  }
  return typeInHouse(context, show.id, ask, (house) => seatsOf(own, house))
}

function questionFor({ seats, seatLabels }: Booking, section?: string): string {
  const where = section === undefined ? '' : ` in ${section}`
  return `Which seats${where} instead of ${formatLabels(seats, seatLabels)}?`
}

/** Refuses seats that are plainly wrong; the move itself decides under the show's lock. */
function checkNewSeats(text: string, booking: Booking, house: ShowDetails): void {
  const seats = parseSeats(text, house)
  if (seats.length !== booking.seats.length) {
    throw invalidInput(`Name ${booking.seats.length} seats.`)
  }
  const taken = seats.filter((seat) => house.booked.has(seat) || house.held.has(seat))
  if (taken.length > 0) {
    const are = taken.length === 1 ? 'is' : 'are'
    throw new TicketsError('SEATS_TAKEN', `${formatSeats(taken, house)} ${are} taken. Name others.`)
  }
}
