import type { BookingOutcome, BookingRequest } from '../../../client/api.js'
import { dryRunJson } from '../../../client/json.js'
import { invalidInput } from '../../../shared/errors.js'
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
  name,
) => {
  const { file, date } = options
  if (file !== undefined) {
    const { bookFile } = await import('./file.js')
    return bookFile(context, { ...options, file }, { name, date })
  }
  const show = ifNamed({ name, date })
  if (options.atomic) throw invalidInput('--atomic requires --file.')
  const request = requestOf(options)
  const areSeatsGiven = saysWhich(request)
  if (show !== undefined && areSeatsGiven) {
    if (options.dryRun) return preview(context, show, request)
    const outcome = await book(context, show, request, options)
    if (outcome === undefined) return context.output.hint(context.asking.unchanged)
    return announceBooking(context, outcome)
  }
  if (!context.output.canPrompt) {
    throw inputRequired(name === undefined && 'SHOW', !areSeatsGiven && '--seats or --count')
  }
  const { runBookingLoop } = await import('./booking-loop.js')
  await runBookingLoop(context, { show, request, options })
}

/**
 * Books a complete request. If only wheelchair places and companion seats are left, asks on a
 * terminal whether to use them; undefined if the clerk says no.
 */
async function book(
  context: Context,
  show: NamedShow,
  request: BookingRequest,
  { yes }: BookCommandOptions,
): Promise<BookingOutcome | undefined> {
  const { asking, environment, output, signal, tickets } = context
  const { bookingId: id, isRepeat } = environment
  try {
    // The daemon died before it answered: what it did is found out first.
    if (isRepeat) {
      const { bookAgain } = await import('../daemon/book-again.js')
      return await bookAgain(context, show, { ...request, id: id! })
    }
    return await tickets.book(await idOrName(context, show), { ...request, id }, { signal })
  } catch (error) {
    // With a key, the changed request would be KEY_REUSED.
    const mayAsk = output.canPrompt && !yes && request.key === undefined
    if (!mayAsk || !hasAccessibleLeft(error)) throw namingOption(error)
    if (!(await askToUseAccessible(asking, error))) return undefined
    const withAccessible = { ...request, includeAccessible: true }
    return tickets.book(await idOrName(context, show), withAccessible, { signal })
  }
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
