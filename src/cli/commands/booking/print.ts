import { writeFile } from 'node:fs/promises'
import { listedBookingJson } from '../../../client/json.js'
import { withViewWarning } from '../../../house/restricted-view.js'
import { parseSeats } from '../../../house/seats.js'
import { invalidInput, TicketsError } from '../../../shared/errors.js'
import { quote } from '../../../shared/quote.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'
import { fileFailure } from '../../files.js'
import { namedBooking } from './named-booking.js'
import { drawTicket, isDarkBackground, renderTicket } from './ticket.js'

/** `tickets booking print BOOKING`: the ticket on the terminal, or as a picture in a file. */
export const run: Handler<{ svg?: string }, [string | undefined]> = async (
  context,
  { svg },
  name,
) => {
  const { output, tickets } = context
  const booking = await namedBooking(context, name, { command: 'print' })
  if (booking.status !== 'CONFIRMED') {
    throw new TicketsError(
      'WRONG_STATE',
      `The booking is ${booking.status.toLowerCase()}: there is no ticket for it.`,
    )
  }
  const show = await tickets.findShow(booking.showId)
  // By their labels: the show may have got another plan, with other numbers, since the booking was read.
  const seats = parseSeats(booking.seatLabels.join(','), show)
  const ticket = { booking, show, seats }
  if (svg !== undefined) await save(context, svg, drawTicket(ticket))
  if (output.json) {
    // The ticket says that its show is cancelled, so the document does.
    const show_cancelled_at = show.cancelledAt?.toISOString() ?? null
    await output.document({
      ...listedBookingJson(booking),
      show_cancelled_at,
      ...withViewWarning({}, seats, show),
    })
  } else if (svg === undefined) {
    await output.write(renderTicket(ticket, output.style, isDarkBackground(output)))
  }
}

async function save({ output }: Context, file: string, picture: string): Promise<void> {
  if (file === '-') {
    if (output.json)
      throw invalidInput('--svg - and --json cannot be used together: both write to stdout.')
    return output.write(picture)
  }
  try {
    await writeFile(file, picture)
  } catch (error) {
    throw fileFailure(error, { name: quote(file), verb: 'written' })
  }
  output.hint(`The ticket is in ${safeText(file)}.`)
}
