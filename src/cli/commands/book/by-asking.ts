import type { BookingOutcome, BookingRequest, Show } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { hasCode, invalidInput, TicketsError } from '../../../shared/errors.js'
import { formatCount } from '../../../shared/numbers.js'
import { checkText } from '../../../shared/text-input.js'
import { startWarnings, type Warned } from '../../../shared/warnings.js'
import { askConfirm, askShow, askText } from '../../../terminal/prompts/prompts.js'
import { nameKinds } from '../../../terminal/render/seat-names.js'
import { printWarnings } from '../../committed.js'
import type { Context } from '../../context.js'
import { type NamedShow, namedShow } from '../../named-show.js'
import { showChoices } from '../show/choices.js'
import { chooseSeats } from './choose-seats.js'
import { dryRunSentence, type Found } from './dry-run.js'
import { askToUseAccessible, hasAccessibleLeft, namingOption } from './last-seats.js'
import { type BookCommandOptions, divideRequest, saysWhich } from './request.js'

/**
 * Books by asking for what the command line leaves open: the show, the seats, the customer. When
 * the seats are sold while the clerk decides, it says so and asks for other seats; the rest is
 * kept.
 *
 * Returns undefined when nothing was booked: the clerk said no, or it was a dry run. Throws
 * INTERRUPTED at Ctrl-C, NOT_ENOUGH_SEATS when the house is full, INVALID_INPUT for a key (a key
 * names a whole request, and the seats are not chosen yet), and the errors of a booking that
 * choosing other seats cannot fix.
 */
export async function bookByAsking(
  context: Context,
  named: NamedShow | undefined,
  given: BookingRequest,
  options: AskingOptions,
): Promise<BookingOutcome | undefined> {
  const { asking, output } = context
  if (given.key !== undefined) throw keyNeedsAll()
  for (;;) {
    const show = await (named === undefined ? chooseShow(context) : namedShow(context, named))
    const outcome = await bookForShow(context, show, given, options)
    if (outcome !== 'back') return outcome
    if (named !== undefined) {
      output.hint(asking.unchanged)
      return undefined
    }
  }
}

export type AskingOptions = Pick<BookCommandOptions, 'yes' | 'dryRun'>

async function bookForShow(
  context: Context,
  show: Show,
  given: BookingRequest,
  options: AskingOptions,
): Promise<BookingOutcome | undefined | 'back'> {
  const { asking, output, tickets } = context
  // Printed now, while the clerk may still go back, and so not again with the booking.
  const warned = startWarnings(show)
  printWarnings(output, warned)
  // Without the warning that was printed before the questions.
  const unseen = ({ warnings = [] }: Warned) =>
    warnings.filter(({ code }) => code !== 'SHOW_STARTED' || !warned.warnings)
  const { wanted, rest } = divideRequest(given)
  let request = rest
  let chosen = saysWhich(wanted) ? { wanted, isSeen: false } : await chooseSeats(context, show)
  while (chosen !== undefined) {
    try {
      const found = await tickets.startDryRun().book(show.id, { ...request, ...chosen.wanted })
      if (options.dryRun) {
        printWarnings(output, { warnings: unseen(found) })
        return void (await output.write(dryRunSentence(found)))
      }
      if (request.customer === undefined) {
        request = { ...request, customer: await askCustomer(context) }
      }
      // It may have another plan than at the start.
      const house = await tickets.findShow(show.id)
      const isAgreed = options.yes || chosen.isSeen
      if (!isAgreed && !(await askConfirm(asking, { message: question(house, found, request) }))) {
        return void output.hint(asking.unchanged)
      }
      // Only the seats that the clerk agreed to, even if better ones became free. By each seat's
      // label: the show may have a new plan by now, in which the numbers differ and a range may
      // contain other seats.
      const seen = chosen.isSeen ? chosen.wanted.seats : undefined
      const agreed = seen ?? found.seatLabels.join(',')
      const { warnings, ...outcome } = await tickets.book(show.id, { ...request, seats: agreed })
      const left = unseen({ warnings })
      return left.length > 0 ? { ...outcome, warnings: left } : outcome
    } catch (error) {
      // Other seats may fix these.
      if (!hasCode(error, 'SEATS_TAKEN', 'NOT_ENOUGH_SEATS', 'NO_SUCH_SEAT')) throw error
      const mayAsk = !options.yes && hasAccessibleLeft(error)
      if (mayAsk && (await askToUseAccessible(asking, error))) {
        chosen = { ...chosen, wanted: { ...chosen.wanted, includeAccessible: true } }
        continue
      }
      chosen = await chooseSeats(context, show, {
        error: namingOption(error),
        wanted: chosen.wanted,
      })
    }
  }
  return 'back'
}

async function chooseShow(context: Context): Promise<Show> {
  const { asking, tickets } = context
  const [first] = await showChoices(tickets, undefined)
  if (first === undefined) {
    throw new TicketsError(
      'SHOW_NOT_FOUND',
      'There are no shows to book. Create one with `tickets show create`.',
    )
  }
  return askShow(asking, { search: (term) => showChoices(tickets, term) })
}

async function askCustomer({ asking }: Context): Promise<string | null> {
  const customer = await askText(asking, {
    message: 'For whom?',
    hint: 'Enter: no name',
    check: (text) => text === '' || checkText('customer', text, 200),
  })
  return customer === '' ? null : customer
}

function question(
  show: Show,
  { seats, seatLabels }: Found,
  { customer, hold }: BookingRequest,
): string {
  const whom = customer ? ` for ${customer}` : ''
  const kinds = nameKinds(seats, show)
  const named = `${formatCount(seats.length, 'seat')}: ${formatLabels(seats, seatLabels)}${kinds}`
  return `${hold === undefined ? 'Book' : 'Hold'} ${named}${whom}?`
}

function keyNeedsAll(): TicketsError {
  return invalidInput(
    'A key identifies one complete request: with --key, give SHOW, and --seats or --count.',
  )
}
