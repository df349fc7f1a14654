import type { BookingOutcome } from '../../../client/api.js'
import { bookingJson } from '../../../client/json.js'
import { committedBooking, printCommitted, printWarnings } from '../../committed.js'
import type { Context } from '../../context.js'

/** How a change to a booking is announced. */
export interface ChangeWords {
  /** What was done: 'Confirmed 4 seats: C5-C8'. */
  done: string
  /** The words for when there was nothing to do: 'Already confirmed'. */
  already: string
  /** One more sentence for people. */
  hint?: string | undefined
  /** More fields for programs. */
  json?: object
}

/** Prints a booking that was just made, or with `words` changed: as JSON, or as its card. */
export async function announceBooking(
  { output, tickets }: Context,
  { booking, replayed, hasExpired, warnings }: BookingOutcome,
  words?: ChangeWords,
): Promise<void> {
  await printCommitted(
    output,
    () => committedBooking(booking),
    async () => {
      printWarnings(output, { warnings })
      if (output.json) {
        const document = { ...bookingJson({ booking, replayed, hasExpired }), ...words?.json }
        return output.document({ ...document, ...(warnings && { warnings }) })
      }
      const { renderBookingCard } = await import('./card.js')
      const show = await tickets.findShow(booking.showId)
      const whom = booking.customer === null ? '' : ` for ${booking.customer}`
      const how = words
        ? { done: replayed ? `${words.already}; nothing changed.` : `${words.done}${whom}` }
        : { isReplayed: replayed, hasExpired }
      await output.write(renderBookingCard({ booking, show, ...how }, output.style))
    },
  )
  if (!replayed && words?.hint !== undefined) output.hint(words.hint)
}
