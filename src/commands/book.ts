import type { BookingOutcome, BookingRequest } from '../core/booking.js'
import { parseDuration } from '../core/duration.js'
import { TicketsError } from '../core/errors.js'
import { bookingJson } from '../core/json.js'
import { checkSeatSpec, formatSeats, seatLabel } from '../core/seats.js'
import { type Context, type Handler, inputRequired, parseCount } from './context.js'
import { measuredTickets } from './retry-lines.js'

export interface BookOptions {
  seats?: string
  count?: string
  customer?: string
  note?: string
  key?: string
  hold?: string
  dryRun?: boolean
  yes?: boolean
}

/** `tickets book [SHOW]`: books what the flags say; what they leave open is asked on a terminal. */
export const run: Handler<BookOptions, [string | undefined]> = async (context, options, show) => {
  const request = requestOf(options)
  const isComplete = show !== undefined && (request.seats ?? request.count) !== undefined
  if (!isComplete && !context.output.canPrompt) {
    throw inputRequired([
      ...(show === undefined ? ['SHOW'] : []),
      ...((request.seats ?? request.count) === undefined ? ['--seats or --count'] : []),
    ])
  }
  if (isComplete && options.dryRun) return preview(context, show, request)
  if (isComplete) {
    return announce(context, await measuredTickets(context).book(show, request))
  }
  const { bookByAsking } = await import('./book-by-asking.js')
  await announce(context, await bookByAsking(context, show, request, options))
}

/** What the flags say, checked as far as it can be without knowing the show. */
function requestOf(options: BookOptions): BookingRequest {
  const { seats, count, customer, note, key, hold } = options
  if (seats !== undefined && count !== undefined) {
    throw new TicketsError('INVALID_INPUT', '--seats and --count exclude each other. Give one.')
  }
  if (seats !== undefined) checkSeatSpec(seats)
  return {
    ...(seats !== undefined && { seats }),
    ...(count !== undefined && { count: parseCount('--count', count) }),
    ...(customer !== undefined && { customer }),
    ...(note !== undefined && { note }),
    ...(key !== undefined && { key }),
    ...(hold !== undefined && { hold: hold === 'forever' ? hold : parseHold(hold) }),
  }
}

function parseHold(hold: string): number {
  const ms = parseDuration(hold)
  if (ms > 0) return ms
  throw new TicketsError('INVALID_INPUT', 'A hold lasts longer than nothing: 15m, 2h, or forever.')
}

async function preview({ output, tickets }: Context, name: string, request: BookingRequest) {
  const show = await tickets.findShow(name)
  const seats = await tickets.preview(show.id, request)
  if (output.json) {
    return output.document({
      dry_run: true,
      show_id: show.id,
      seats,
      seat_labels: seats.map((seat) => seatLabel(seat, show)),
      customer: request.customer ?? null,
    })
  }
  await output.write(`${formatSeats(seats, show)} free. Nothing was booked (dry run).\n`)
}

/** Tells what was booked: JSON, or the card. */
async function announce({ output, tickets }: Context, outcome: BookingOutcome): Promise<void> {
  if (output.json) return output.document(bookingJson(outcome))
  const { renderBookingCard } = await import('../terminal/booking-card.js')
  const { paperOf } = await import('../terminal/paper.js')
  const { bookingFacts } = await import('./booking-text.js')
  const show = await tickets.findShow(outcome.booking.showId)
  await output.write(renderBookingCard(bookingFacts(outcome, show), paperOf(output)))
}
