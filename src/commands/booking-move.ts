import type { Booking } from '../core/booking.js'
import type { ListedBooking } from '../core/booking-list.js'
import { TicketsError } from '../core/errors.js'
import { checkSeatSpec, formatSeats, parseSeats } from '../core/seats.js'
import type { ShowDetails } from '../core/shows.js'
import { type Context, type Handler, inputRequired } from './context.js'
import { announceStep, namedBooking, UNCHANGED } from './named-booking.js'

export interface BookingMoveOptions {
  to?: string
  toShow?: string
}

/** `tickets booking move BOOKING --to SPEC`: exchanges its seats; on a terminal, for seats of the map. */
export const run: Handler<BookingMoveOptions, [string | undefined]> = async (
  context,
  { to, toShow },
  name,
) => {
  const { output, tickets } = context
  if (to !== undefined) checkSeatSpec(to)
  if (to === undefined && !output.canPrompt) throw inputRequired(['--to'])
  const before = await namedBooking(context, name)
  const goal = to ?? (await chooseSeats(context, before, toShow ?? before.showId))
  const outcome = await tickets.moveBooking(before.id, {
    to: goal,
    ...(toShow !== undefined && { toShow }),
  })
  await announceStep(context, outcome, {
    sentence: `Given back: ${givenBack(before, outcome.booking).join(', ')}.`,
  })
}

function givenBack(before: Booking, { showId, seats }: Booking): string[] {
  const kept = new Set(showId === before.showId ? seats : [])
  return before.seatLabels.filter((_, index) => !kept.has(before.seats[index]!))
}

async function chooseSeats(
  { asking, output, tickets }: Context,
  booking: ListedBooking,
  showName: string,
): Promise<string> {
  const { askText } = await import('../terminal/prompts.js')
  const { errorPaperOf } = await import('../terminal/paper.js')
  const { renderHouse } = await import('./show-view.js')
  const house = await tickets.viewShow(showName)
  output.problem(`\n${renderHouse(house, errorPaperOf(output))}`)
  return askText(
    { ...asking, unchanged: UNCHANGED },
    {
      message: `Which seats instead of ${booking.seatLabels.join(', ')}?`,
      hint: `${booking.seats.length} of them`,
      check: (text) => checkGoal(text, booking, house),
    },
  )
}

/** Refuses what is seen to be wrong; the lock decides in the end. */
function checkGoal(text: string, booking: ListedBooking, house: ShowDetails): void {
  const seats = parseSeats(text, house)
  if (seats.length !== booking.seats.length) {
    throw new TicketsError('INVALID_INPUT', `Name ${booking.seats.length} seats.`)
  }
  const own = new Set(house.id === booking.showId ? booking.seats : [])
  const taken = seats.filter(
    (seat) => (house.booked.has(seat) || house.held.has(seat)) && !own.has(seat),
  )
  if (taken.length > 0) {
    throw new TicketsError('SEATS_TAKEN', `${formatSeats(taken, house)} is taken. Name others.`)
  }
}
