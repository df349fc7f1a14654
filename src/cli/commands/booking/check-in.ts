import type { CheckIn } from '../../../client/api.js'
import { checkInJson } from '../../../client/json.js'
import { checkSeatSpec } from '../../../house/seats.js'
import { printCommitted, printWarnings } from '../../committed.js'
import type { Context, Handler } from '../../context.js'
import { idOrName, ifNamed } from '../../named-show.js'
import { renderDoorAnswer } from './door-answer.js'
import { namedBooking } from './named-booking.js'

export interface BookingCheckInOptions {
  seats?: string
  show?: string
  date?: string
  undo?: boolean
}

/**
 * `tickets booking check-in BOOKING`: lets its seats in, each once. Exits 4 when it lets no seat
 * in: a turnstile that opens on success must stay shut for the copy of a ticket that was used.
 */
export const run: Handler<BookingCheckInOptions, [string | undefined]> = async (
  context,
  { seats, show: showName, date, undo },
  name,
) => {
  if (seats !== undefined) checkSeatSpec(seats)
  const named = ifNamed({ name: showName, date })
  const show = named && (await idOrName(context, named))
  const { id } = await namedBooking(context, name, { command: 'check-in', show })
  const answer = await context.tickets.checkIn(id, {
    seats,
    show,
    ...(undo && { undo }),
  })
  await printAnswer(context, answer, undo === true)
  return answer.admitted.length > 0 || undo ? 0 : 4
}

async function printAnswer({ output, tickets }: Context, answer: CheckIn, isUndo: boolean) {
  const { admitted, booking } = answer
  const sentence = () => {
    const labels = admitted.map((seat) => booking.seatLabels[booking.seats.indexOf(seat)])
    return `${booking.reference}: ${isUndo ? 'check-in undone' : 'checked in'}: ${labels.join(', ') || 'none'}.`
  }
  await printCommitted(output, sentence, async () => {
    printWarnings(output, answer)
    if (output.json) return output.document(checkInJson(answer))
    const show = await tickets.findShow(booking.showId)
    await output.write(renderDoorAnswer({ ...answer, show, isUndo }, output.style))
  })
}
