import type { ListedBooking } from '../core/booking-list.js'
import { checkSeatSpec, formatLabels } from '../core/seats.js'
import type { Context, Handler } from './context.js'
import { announceStep, namedBooking, UNCHANGED } from './named-booking.js'

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
  const isPart = outcome.booking.status !== 'CANCELLED'
  await announceStep(context, outcome, {
    sentence: isPart ? `Given back: ${seats}. The booking keeps the rest.` : undefined,
  })
}

async function askLeave(
  { asking }: Context,
  booking: ListedBooking,
  seats: string | undefined,
): Promise<boolean> {
  const { askConfirm } = await import('../terminal/prompts.js')
  const whose = booking.customer === null ? '' : ` of ${booking.customer}`
  const what = seats ?? formatLabels(booking.seats, booking.seatLabels)
  const message = `Cancel ${what}${whose}, ${booking.showName}?`
  return askConfirm({ ...asking, unchanged: UNCHANGED }, { message, default: false })
}
