import type { ListedBooking } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { formatStartTime } from '../../../shared/time/format-time.js'
import { type Context, inputRequired } from '../../context.js'
import { statusesFor } from './statuses.js'

/**
 * The booking that the command line names. If it names none, the clerk is asked for one that
 * `command` can act on, by its reference, customer or seat; `show` is the show at the door.
 */
export async function namedBooking(
  { output, asking, tickets }: Context,
  name: string | undefined,
  { command, show }: { command: keyof typeof statusesFor; show?: string | undefined },
): Promise<ListedBooking> {
  if (name !== undefined) return tickets.findBooking(name)
  if (!output.canPrompt) throw inputRequired('BOOKING')
  const { askChoice } = await import('../../../terminal/prompts/prompts.js')
  const statuses = statusesFor[command]
  return askChoice(asking, {
    message: 'Which booking?',
    noun: 'booking',
    hint: 'its reference, a name or a seat',
    search: async (text = '', signal) =>
      (
        await tickets.searchBookings(text, {
          ...(statuses !== 'any' && { statuses }),
          show,
          signal,
        })
      ).map((booking) => ({
        value: booking,
        name: booking.reference,
        details: detailsOf(booking),
      })),
  })
}

function detailsOf(booking: ListedBooking): string {
  const { customer, seats, seatLabels, showName, showStartTime, status, timeZone } = booking
  return [
    customer,
    formatLabels(seats, seatLabels),
    `${showName}, ${formatStartTime(showStartTime, timeZone)}`,
    status === 'CONFIRMED' ? undefined : booking.hasExpired ? 'expired' : status.toLowerCase(),
  ]
    .filter(Boolean)
    .join('; ')
}
