import type { Booking, BookingOutcome, BookingRequest, Tickets } from '../../../client/api.js'
import { withViewWarning } from '../../../house/restricted-view.js'
import { parseSeats } from '../../../house/seats.js'
import { hasCode, TicketsError } from '../../../shared/errors.js'
import { startWarnings, type Warned } from '../../../shared/warnings.js'
import type { Context } from '../../context.js'
import { idOrName, type NamedShow } from '../../named-show.js'

/**
 * Books what a daemon, whose answer was lost, may have booked under this id. If the daemon has
 * decided it, this needs neither a lock nor the show's name, which may mean another show by now. If
 * the outcome cannot be determined, the error must not claim that nothing was booked.
 */
export async function bookAgain(
  context: Context,
  show: NamedShow,
  request: BookingRequest & { id: string },
): Promise<BookingOutcome> {
  const { tickets, signal } = context
  try {
    // A signal that came before the answer was lost must not keep the verdict from being found.
    const finder = signal.aborted ? context.open({ signal: undefined }) : tickets
    const earlier = await finder.findBooking(request.id).catch((error) => {
      if (hasCode(error, 'BOOKING_NOT_FOUND')) return undefined
      throw error
    })
    const isSold = earlier !== undefined && !['PENDING', 'FAILED'].includes(earlier.status)
    if (isSold) {
      // The booking is known even if its warnings cannot be read.
      const warned = await warningsFor(earlier, finder).catch(() => ({}))
      return { booking: earlier, replayed: false, hasExpired: earlier.hasExpired, ...warned }
    }
    const showId = earlier?.showId ?? (await idOrName(context, show))
    return await tickets.book(showId, request, { signal })
  } catch (error) {
    if (!(error instanceof TicketsError) || error.outcome !== undefined) throw error
    const reason = error.code === 'INTERRUPTED' ? 'Interrupted.' : error.message
    const isRetryable = request.key !== undefined
    const advice = isRetryable
      ? ', or repeat the command with the same --key.'
      : ' before you book again.'
    throw new TicketsError(
      'IN_DOUBT',
      `The connection to the daemon was lost, and the program cannot find out the result of the booking: it may or may not have been made. ${reason} Look up ${request.id}${advice}`,
      { cause: error, isRetryable },
    )
  }
}

/** The warnings that the lost answer had. */
async function warningsFor(booking: Booking, tickets: Tickets): Promise<Warned> {
  if (booking.status !== 'CONFIRMED' && booking.status !== 'HELD') return {}
  const show = await tickets.findShow(booking.showId)
  // By their labels: the show may have got another plan, with other numbers, since the booking was read.
  const seats = parseSeats(booking.seatLabels.join(','), show)
  return withViewWarning(startWarnings(show), seats, show)
}
