import type { Cancelled } from '../../../client/api.js'
import { checkSeatSpec, countSeats, formatLabels, formatSeats } from '../../../house/seats.js'
import { isLong, nameSeats } from '../../../terminal/render/seat-names.js'
import type { Handler } from '../../context.js'
import { type Irrevocable, mayProceed } from '../../irrevocable.js'
import { announceStep, namedBooking, type StepWords, UNCHANGED } from './named-booking.js'

export interface BookingCancelOptions {
  seats?: string
  reason?: string
  yes?: boolean
}

/** `tickets booking cancel BOOKING`: gives seats back, all or some. It cannot be undone. */
export const run: Handler<BookingCancelOptions, [string | undefined]> = async (
  context,
  { seats, reason, yes = false },
  name,
) => {
  const { output, tickets } = context
  if (seats !== undefined) checkSeatSpec(seats)
  const { id, showName } = await namedBooking(context, name, { command: 'cancel' })
  const options = { seats, reason }
  if (!yes) {
    // A cancellation that the database refuses is refused before the clerk is asked.
    const planned = await tickets.cancelBooking(id, { ...options, dryRun: true })
    if (!planned.replayed && !(await mayProceed(context, questionOf(planned, showName)))) {
      return output.hint(UNCHANGED)
    }
  }
  const outcome = await tickets.cancelBooking(id, options)
  await announceStep(context, outcome, wordsOf(outcome))
}

function questionOf({ booking, returned }: Cancelled, showName: string): Irrevocable {
  const { seats, seatLabels, customer } = booking
  const labels = returned.map((seat) => seatLabels[seats.indexOf(seat)]!)
  const of = returned.length === seats.length ? '' : `${returned.length} of `
  const whose = customer === null ? '' : ` of ${customer}`
  const what = `${of}${countSeats(seats.length)}: ${formatLabels(returned, labels)}${whose}, ${showName}`
  return {
    isSure: false,
    plan: `This gives back ${what}.`,
    question: `Cancel ${what}?`,
    unchanged: UNCHANGED,
  }
}

/** 'Cancelled 4 seats: A1-A4', or 'Returned A1; kept A2-A3 (1 of 3 seats)'. */
export function wordsOf({ booking, returned }: Cancelled): StepWords {
  const { seats: kept } = booking
  if (booking.status === 'CANCELLED') {
    return {
      done: (show) => `Cancelled ${nameSeats(returned, show)}`,
      already: 'Already cancelled',
    }
  }
  const all = returned.length + kept.length
  return {
    done: (show) =>
      isLong(returned, show) || isLong(kept, show)
        ? `Returned ${returned.length} of ${countSeats(all)}`
        : `Returned ${formatSeats(returned, show)}; kept ${formatSeats(kept, show)} (${returned.length} of ${countSeats(all)})`,
    already: 'Already returned',
  }
}
