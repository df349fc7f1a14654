import type { Booking, BookingOutcome, ListedBooking } from '../../../client/api.js'
import { checkSeatSpec, formatLabels } from '../../../house/seats.js'
import { formatCount } from '../../../shared/numbers.js'
import { isLong } from '../../../terminal/render/seat-names.js'
import { type RenderStyle, signs } from '../../../terminal/render/style.js'
import { type Context, type Handler, inputRequired } from '../../context.js'
import { idOrName, ifNamed } from '../../named-show.js'
import { announceBooking } from './announce.js'
import { namedBooking } from './named-booking.js'

export interface BookingMoveOptions {
  to?: string
  toShow?: string
  date?: string
}

/**
 * `tickets booking move BOOKING --to SPEC`: exchanges its seats; on a terminal, for seats of the
 * map.
 */
export const run: Handler<BookingMoveOptions, [string | undefined]> = async (
  context,
  { to, toShow: showName, date },
  name,
) => {
  const { asking, output, tickets } = context
  if (to !== undefined) checkSeatSpec(to)
  if (to === undefined && !output.canPrompt) throw inputRequired('--to')
  const before = await namedBooking(context, name, { command: 'move' })
  const named = ifNamed({ name: showName, date })
  const toShow = named && (await idOrName(context, named))
  const outcome =
    to === undefined
      ? await askWhere(context, before, toShow ?? before.showId)
      : await tickets.moveBooking(before.id, { to, toShow })
  if (outcome === undefined) return output.hint(asking.unchanged)
  await announceBooking(context, outcome, {
    done: movedText(before, outcome.booking, output.style),
    already: 'Already there',
  })
}

/** 'Moved A1-A2 → B1-B2 (2 seats)'. */
function movedText(
  before: ListedBooking,
  { seats, seatLabels, showId }: Booking,
  style: RenderStyle,
): string {
  const count = formatCount(seats.length, 'seat')
  if (isLong(seats, seatLabels)) return `Moved ${count}`
  const from = formatLabels(before.seats, before.seatLabels)
  const source = before.showId === showId ? from : `${from} of ${before.showName}`
  return `Moved ${source} ${signs(style).arrow} ${formatLabels(seats, seatLabels)} (${count})`
}

/** Asks for the new seats: on the show's map, or as text. */
async function askWhere(
  context: Context,
  booking: Booking,
  show: string,
): Promise<BookingOutcome | undefined> {
  const { moveByAsking } = await import('./move-by-asking.js')
  return moveByAsking(context, booking, await context.tickets.findShow(show))
}
