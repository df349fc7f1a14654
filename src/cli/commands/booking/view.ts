import type { HistoryEvent, ListedBooking } from '../../../client/api.js'
import { historyJson, listedBookingJson } from '../../../client/json.js'
import { formatLabels } from '../../../house/seats.js'
import type { Context, Handler } from '../../context.js'
import { renderTimeline } from '../history/timeline.js'
import { renderBookingCard } from './card.js'
import { namedBooking } from './named-booking.js'

/** `tickets booking view BOOKING`: details and history. */
export const run: Handler<object, [string | undefined]> = async (context, _options, name) => {
  const booking = await namedBooking(context, name, { command: 'view' })
  const history: HistoryEvent[] = []
  for await (const event of context.tickets.listHistory({ booking: booking.id })) {
    history.push(event)
  }
  if (context.output.json) {
    await context.output.document({
      ...listedBookingJson(booking),
      history: history.map(historyJson),
    })
  } else {
    await draw(context, booking, history)
  }
}

async function draw(
  { output, tickets }: Context,
  booking: ListedBooking,
  history: HistoryEvent[],
): Promise<void> {
  const show = await tickets.findShow(booking.showId)
  const { style } = output
  const { admittedSeats, seats, seatLabels } = booking
  const inside = formatLabels(
    admittedSeats,
    admittedSeats.map((seat) => seatLabels[seats.indexOf(seat)] ?? String(seat)),
  )
  await output.write(
    [
      renderBookingCard({ booking, show, hasExpired: booking.hasExpired }, style),
      ...(inside === '' ? [] : [`  Inside: ${inside}\n`]),
      '\n',
      renderTimeline(history, show, style),
    ].join(''),
  )
}
