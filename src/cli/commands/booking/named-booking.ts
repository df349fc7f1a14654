import type { BookingOutcome, ListedBooking } from '../../../client/api.js'
import { bookingJson } from '../../../client/json.js'
import { formatLabels } from '../../../house/seats.js'
import { formatStartTime } from '../../../shared/time/format-time.js'
import { committedBooking, printCommitted, printWarnings } from '../../committed.js'
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
  if (!output.canPrompt) throw inputRequired(['BOOKING'])
  const { askChoice } = await import('../../../terminal/prompts/prompts.js')
  const statuses = statusesFor[command]
  return askChoice(
    { ...asking, unchanged: UNCHANGED },
    {
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
    },
  )
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

/** Said when the clerk stops before the change. */
export const UNCHANGED = 'Nothing was changed.'

/** How a change to a booking is announced. */
export interface StepWords {
  /** What was done: 'Confirmed 4 seats: C5-C8'. */
  done: string
  /** The words for when there was nothing to do: 'Already confirmed'. */
  already: string
  /** One more sentence for people. */
  hint?: string | undefined
  /** More fields for programs. */
  json?: object
}

/** Prints what a change did to a booking, and the booking: as JSON, or as its card. */
export async function announceStep(
  { output, tickets }: Context,
  { booking, replayed, warnings }: BookingOutcome,
  { done, already, hint, json = {} }: StepWords,
): Promise<void> {
  await printCommitted(
    output,
    () => committedBooking(booking),
    async () => {
      printWarnings(output, { warnings })
      if (output.json) {
        const document = { ...bookingJson({ booking, replayed }), ...json }
        return output.document(warnings ? { ...document, warnings } : document)
      }
      const { renderBookingCard } = await import('./card.js')
      const show = await tickets.findShow(booking.showId)
      const whom = booking.customer === null ? '' : ` for ${booking.customer}`
      const said = replayed ? `${already}; nothing changed.` : `${done}${whom}`
      await output.write(renderBookingCard({ booking, show, done: said }, output.style))
    },
  )
  if (!replayed && hint !== undefined) output.hint(hint)
}
