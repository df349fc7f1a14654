import type { ListedBooking } from '../core/booking-list.js'
import type { Cancelled } from '../core/life/cancel.js'
import { checkSeatSpec, countSeats, formatLabels, formatSeats } from '../core/seats.js'
import { isLong, nameSeats } from '../terminal/booking-card.js'
import type { Context, Handler } from './context.js'
import { announceStep, namedBooking, type StepWords, UNCHANGED } from './named-booking.js'

export interface BookingCancelOptions {
  seats?: string
  reason?: string
  yes?: boolean
}

/** `tickets booking cancel BOOKING`: gives seats back, all or some. A person is asked first. */
export const run: Handler<BookingCancelOptions, [string | undefined]> = async (
  context,
  { seats, reason, yes },
  name,
) => {
  if (seats !== undefined) checkSeatSpec(seats)
  const booking = await namedBooking(context, name)
  const isCancelled = booking.status === 'CANCELLED'
  const isAsked = context.output.canPrompt && !yes && !isCancelled
  if (isAsked && !(await askLeave(context, booking, seats))) return context.output.hint(UNCHANGED)
  const outcome = await context.tickets.cancelBooking(booking.id, {
    ...(seats !== undefined && { seats }),
    ...(reason !== undefined && { reason }),
  })
  await announceStep(context, outcome, wordsOf(outcome))
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

async function askLeave(
  { asking }: Context,
  booking: ListedBooking,
  seats: string | undefined,
): Promise<boolean> {
  const { askConfirm } = await import('../terminal/prompts.js')
  const whose = booking.customer === null ? '' : ` of ${booking.customer}`
  const all = `${countSeats(booking.seats.length)}: ${formatLabels(booking.seats, booking.seatLabels)}`
  const what = seats ?? all
  const message = `Cancel ${what}${whose}, ${booking.showName}?`
  return askConfirm({ ...asking, unchanged: UNCHANGED }, { message, default: false })
}
