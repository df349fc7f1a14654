import type { Booking, BookingOutcome } from '../core/booking.js'
import { checkSeatSpec } from '../core/seats.js'
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
  const outcome =
    to === undefined
      ? await askWhere(context, before, toShow ?? before.showId)
      : await tickets.moveBooking(before.id, { to, toShow })
  if (outcome === undefined) return output.hint(UNCHANGED)
  await announceStep(context, outcome, {
    sentence: `Given back: ${givenBack(before, outcome.booking).join(', ')}.`,
  })
}

function givenBack(before: Booking, { showId, seats }: Booking): string[] {
  const kept = new Set(showId === before.showId ? seats : [])
  return before.seatLabels.filter((_, index) => !kept.has(before.seats[index]!))
}

/** On the show's map, or in typed answers. */
async function askWhere(
  context: Context,
  booking: Booking,
  showName: string,
): Promise<BookingOutcome | undefined> {
  const { moveByAsking } = await import('./move-by-asking.js')
  return moveByAsking(context, booking, await context.tickets.findShow(showName))
}
