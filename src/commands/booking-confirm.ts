import { checkSeatSpec } from '../core/seats.js'
import type { Handler } from './context.js'
import { announceStep, namedBooking } from './named-booking.js'

/** `tickets booking confirm BOOKING`: sells what a hold keeps, all or some. */
export const run: Handler<{ seats?: string }, [string | undefined]> = async (
  context,
  { seats },
  name,
) => {
  if (seats !== undefined) checkSeatSpec(seats)
  const { id } = await namedBooking(context, name)
  const { hadExpired, ...outcome } = await context.tickets.confirmBooking(
    id,
    seats === undefined ? {} : { seats },
  )
  await announceStep(context, outcome, {
    sentence: hadExpired ? 'The hold had expired, but its seats were still free.' : undefined,
    json: { had_expired: hadExpired },
  })
}
