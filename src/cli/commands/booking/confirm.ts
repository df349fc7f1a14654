import { checkSeatSpec, formatLabels } from '../../../house/seats.js'
import { nameSeats } from '../../../terminal/render/seat-names.js'
import type { Context, Handler } from '../../context.js'
import { announceBooking } from './announce.js'
import { namedBooking } from './named-booking.js'

/** `tickets booking confirm BOOKING`: sells what a hold keeps, all or some. */
export const run: Handler<{ seats?: string }, [string | undefined]> = async (
  context,
  { seats },
  name,
) => {
  if (seats !== undefined) checkSeatSpec(seats)
  const { id } = await namedBooking(context, name, { command: 'confirm' })
  const { hadExpired, ...outcome } = await context.tickets.confirmBooking(
    id,
    seats === undefined ? {} : { seats },
  )
  await announceBooking(context, outcome, {
    done: `Confirmed ${nameSeats(outcome.booking.seats, outcome.booking.seatLabels)}`,
    already: 'Already confirmed',
    hint:
      [
        ...(hadExpired ? ['The hold had expired, but its seats were still free.'] : []),
        ...(outcome.booking.id === id ? [] : [await leftOf(context, id)]),
      ].join('\n') || undefined,
    json: { had_expired: hadExpired },
  })
}

/** What a hold still keeps after some of its seats were sold as another booking. */
async function leftOf({ tickets }: Context, id: string): Promise<string> {
  const { reference, seats, seatLabels, hasExpired } = await tickets.findBooking(id)
  return `${hasExpired ? 'No longer' : 'Still'} held: ${formatLabels(seats, seatLabels)}, as ${reference}.`
}
