import type { ListedBooking } from '../core/booking-list.js'
import { TicketsError } from '../core/errors.js'
import { checkSeatSpec, formatLabels } from '../core/seats.js'
import type { Context, Handler } from './context.js'
import { announceStep, namedBooking, UNCHANGED } from './named-booking.js'

export interface BookingCancelOptions {
  seats?: string
  reason?: string
  yes?: boolean
}

/** `tickets booking cancel BOOKING`: gives seats back, all or some; a person is asked first. */
export const run: Handler<BookingCancelOptions, [string | undefined]> = async (
  context,
  { seats, reason, yes },
  name,
) => {
  if (seats !== undefined) checkSeatSpec(seats)
  const booking = await namedBooking(context, name)
  const isCancelled = booking.status === 'CANCELLED'
  if (context.output.canPrompt && !yes && !isCancelled) await askLeave(context, booking, seats)
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
  { asking, output }: Context,
  booking: ListedBooking,
  seats: string | undefined,
): Promise<void> {
  const { askConfirm } = await import('../terminal/prompts.js')
  const whose = booking.customer === null ? '' : ` of ${booking.customer}`
  const what = seats ?? formatLabels(booking.seats, booking.seatLabels)
  const message = `Cancel ${what}${whose}, ${booking.showName}?`
  if (await askConfirm({ ...asking, unchanged: UNCHANGED }, { message, default: false })) return
  output.hint(UNCHANGED)
  throw new TicketsError('INTERRUPTED', UNCHANGED)
}
