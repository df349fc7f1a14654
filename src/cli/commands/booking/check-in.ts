import type { CheckIn, Show } from '../../../client/api.js'
import { checkInJson } from '../../../client/json.js'
import { checkSeatSpec, countSeats, formatLabels } from '../../../house/seats.js'
import { renderDoorAnswer } from '../../../terminal/render/door-answer.js'
import { printCommitted, printWarnings } from '../../committed.js'
import type { Context, Handler } from '../../context.js'
import { idOrName, ifNamed } from '../../named-show.js'
import { timeOf } from '../show/text.js'
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
  const committed = () => {
    const labels = admitted.map((seat) => booking.seatLabels[booking.seats.indexOf(seat)])
    return {
      sentence: `${booking.reference}: seats let ${isUndo ? 'out' : 'in'}: ${labels.join(', ') || 'none'}.`,
      json: { reference: booking.reference, admitted },
    }
  }
  await printCommitted(output, committed, async () => {
    printWarnings(output, answer)
    if (output.json) return output.document(checkInJson(answer))
    const show = await tickets.findShow(booking.showId)
    await output.write(renderDoorAnswer(factsOf(answer, show, isUndo), output.style))
  })
}

function factsOf({ booking, admitted, already }: CheckIn, show: Show, isUndo: boolean) {
  const labelsOf = (seats: number[]) =>
    formatLabels(
      seats,
      seats.map((seat) => booking.seatLabels[booking.seats.indexOf(seat)]!),
    )
  return {
    isUndo,
    admitted: admitted.length === 0 ? '' : `${labelsOf(admitted)} (${countSeats(admitted.length)})`,
    already: [...seatsByTime(already, show)].map(
      ([time, seats]) => `${labelsOf(seats)} since ${time}`,
    ),
    customer: booking.customer,
    reference: booking.reference,
    show: show.name,
  }
}

function seatsByTime(already: CheckIn['already'], show: Show): Map<string, number[]> {
  const seats = new Map<string, number[]>()
  for (const { seat, at } of already) {
    const time = timeOf(at, show)
    seats.set(time, [...(seats.get(time) ?? []), seat])
  }
  return seats
}
