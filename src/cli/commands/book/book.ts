import type { Booking, BookingOutcome, BookingRequest, Tickets } from '../../../client/api.js'
import { dryRunJson } from '../../../client/json.js'
import { withViewWarning } from '../../../house/restricted-view.js'
import { parseSeats } from '../../../house/seats.js'
import { hasCode, invalidInput, TicketsError } from '../../../shared/errors.js'
import { startWarnings, type Warned } from '../../../shared/warnings.js'
import { printWarnings } from '../../committed.js'
import { type Context, type Handler, inputRequired } from '../../context.js'
import { idOrName, ifNamed, type NamedShow, namedShow } from '../../named-show.js'
import { announceBooking } from '../booking/announce.js'
import { askToUseAccessible, hasAccessibleLeft, namingOption } from './last-seats.js'
import { type BookCommandOptions, requestOf, saysWhich } from './request.js'

/**
 * `tickets book [SHOW]`: books as the options say; on a terminal, asks for what they leave open.
 */
export const run: Handler<BookCommandOptions, [string | undefined]> = async (
  context,
  options,
  show,
) => {
  const { file, date } = options
  const given = { name: show, date }
  if (file !== undefined) {
    const { bookFile } = await import('./file.js')
    return bookFile(context, { ...options, file }, given)
  }
  const named = ifNamed(given)
  if (options.atomic) throw invalidInput('--atomic requires --file.')
  const request = requestOf(options)
  const areSeatsGiven = saysWhich(request)
  if (named !== undefined && areSeatsGiven) {
    if (options.dryRun) return preview(context, named, request)
    const outcome = await book(context, named, request, options)
    if (outcome === undefined) return context.output.hint(context.asking.unchanged)
    return announceBooking(context, outcome)
  }
  if (!context.output.canPrompt) {
    throw inputRequired(show === undefined && 'SHOW', !areSeatsGiven && '--seats or --count')
  }
  const { runBookingLoop } = await import('./booking-loop.js')
  await runBookingLoop(context, { show: named, request, options })
}

/**
 * Books a complete request. If only wheelchair places and companion seats are left, asks on a
 * terminal whether to use them; undefined if the clerk says no.
 */
async function book(
  context: Context,
  named: NamedShow,
  request: BookingRequest,
  { yes }: BookCommandOptions,
): Promise<BookingOutcome | undefined> {
  const { asking, environment, output, signal, tickets } = context
  const { bookingId: id, isRepeat } = environment
  if (isRepeat) return bookAgain(context, named, { ...request, id: id! })
  const show = await idOrName(context, named)
  try {
    return await tickets.book(show, { ...request, id }, { signal })
  } catch (error) {
    // A key stands for the request that was refused.
    const mayAsk = output.canPrompt && !yes && request.key === undefined
    if (!mayAsk || !hasAccessibleLeft(error)) throw namingOption(error)
    if (!(await askToUseAccessible(asking, error))) return undefined
    return tickets.book(show, { ...request, includeAccessible: true }, { signal })
  }
}

/**
 * Books what an earlier try, whose answer was lost, may have booked under this id. If that try was
 * decided, this needs neither a lock nor the show's name, which may mean another show by now. If
 * the outcome cannot be determined, the error must not claim that nothing was booked.
 */
async function bookAgain(
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

async function preview(context: Context, named: NamedShow, request: BookingRequest) {
  const { output, tickets } = context
  const show = await namedShow(context, named)
  const outcome = await tickets
    .startDryRun()
    .book(show.id, request)
    .catch((error) => Promise.reject(namingOption(error)))
  printWarnings(output, outcome)
  if (output.json) return output.document(dryRunJson(outcome))
  const { dryRunSentence } = await import('./dry-run.js')
  await output.write(dryRunSentence(outcome))
}
