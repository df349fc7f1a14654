import type { Cancelled, CancelOptions } from '../../../client/api.js'
import { checkSeatSpec, formatLabels } from '../../../house/seats.js'
import { formatCount } from '../../../shared/numbers.js'
import { isLong, nameSeats } from '../../../terminal/render/seat-names.js'
import type { Handler } from '../../context.js'
import { type Irrevocable, mayProceed } from '../../irrevocable.js'
import { announceBooking, type ChangeWords } from './announce.js'
import { namedBooking } from './named-booking.js'

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
  const { asking, output, tickets } = context
  if (seats !== undefined) checkSeatSpec(seats)
  const { id, showName } = await namedBooking(context, name, { command: 'cancel' })
  let options: CancelOptions = { seats, reason }
  if (!yes) {
    // A cancellation that the database refuses is refused before the clerk is asked.
    const planned = await tickets.cancelBooking(id, { ...options, dryRun: true })
    if (!planned.replayed && !(await mayProceed(context, questionOf(planned, showName)))) {
      return output.hint(asking.unchanged)
    }
    // What the clerk agreed to is about the booking as it was.
    options = { ...options, ifUnchangedSince: planned.booking.updatedAt }
  }
  const outcome = await tickets.cancelBooking(id, options)
  await announceBooking(context, outcome, wordsOf(outcome))
}

function questionOf(
  { booking, returned, returnedLabels }: Cancelled,
  showName: string,
): Irrevocable {
  const { seats, customer } = booking
  const of = returned.length === seats.length ? '' : `${returned.length} of `
  const whose = customer === null ? '' : ` of ${customer}`
  const what = `${of}${formatCount(seats.length, 'seat')}: ${formatLabels(returned, returnedLabels)}${whose}, ${showName}`
  return {
    isSure: false,
    plan: `This cancels ${what}.`,
    question: `Cancel ${what}?`,
  }
}

/** 'Cancelled 4 seats: A1-A4', or 'Returned A1; kept A2-A3 (1 of 3 seats)'. */
export function wordsOf({ booking, returned, returnedLabels }: Cancelled): ChangeWords {
  const { seats: kept, seatLabels: keptLabels } = booking
  if (booking.status === 'CANCELLED') {
    return {
      done: `Cancelled ${nameSeats(returned, returnedLabels)}`,
      already: 'Already cancelled',
    }
  }
  const all = returned.length + kept.length
  return {
    done:
      isLong(returned, returnedLabels) || isLong(kept, keptLabels)
        ? `Returned ${returned.length} of ${formatCount(all, 'seat')}`
        : `Returned ${formatLabels(returned, returnedLabels)}; kept ${formatLabels(kept, keptLabels)} (${returned.length} of ${formatCount(all, 'seat')})`,
    already: 'Already returned',
  }
}
