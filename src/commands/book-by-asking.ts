import type { BookingOutcome, BookingRequest } from '../core/booking.js'
import { TicketsError } from '../core/errors.js'
import { checkText } from '../core/input.js'
import { formatSeats } from '../core/seats.js'
import type { Show, ShowDetails } from '../core/shows.js'
import { wrapWords } from '../terminal/fields.js'
import { errorPaperOf, type Paper, tint } from '../terminal/paper.js'
import { renderProblem } from '../terminal/problem-card.js'
import { askConfirm, askSeats, askShow, askText } from '../terminal/prompts.js'
import { safeText } from '../terminal/safe-text.js'
import type { SeatAnswer } from '../terminal/seat-answer.js'
import { dryRunSentence } from './booking-text.js'
import type { Context } from './context.js'
import { alternativesHint } from './hints.js'
import { showChoices } from './show-choices.js'
import { whenOf } from './show-text.js'
import { renderHouse } from './show-view.js'

/**
 * Books by asking for what the command line left open: which show, which seats, for whom. When the
 * seats go while the clerk decides, it says so and asks for seats again; the rest is kept.
 *
 * Returns undefined when nothing was to be booked after all: the clerk said no, or it was a dry run.
 * Throws INTERRUPTED at Ctrl-C, NOT_ENOUGH_SEATS when the house is full, INVALID_INPUT for a key
 * (it names a whole request, and the seats are not chosen yet), and what a booking throws for a
 * reason that other seats cannot mend.
 */
export async function bookByAsking(
  context: Context,
  name: string | undefined,
  given: BookingRequest,
  options: { yes?: boolean; dryRun?: boolean },
): Promise<BookingOutcome | undefined> {
  const { asking, output, tickets } = context
  if (given.key !== undefined) throw keyNeedsAll()
  const show = name === undefined ? await chooseShow(context) : await tickets.findShow(name)
  const isWanted = (given.seats ?? given.count) !== undefined
  let request = isWanted ? given : { ...given, ...(await chooseSeats(context, show)) }
  for (;;) {
    try {
      const seats = await tickets.preview(show.id, request)
      if (options.dryRun) {
        await output.write(dryRunSentence(seats, show))
        return undefined
      }
      if (request.customer === undefined) {
        request = { ...request, customer: await askCustomer(context) }
      }
      if (
        !options.yes &&
        !(await askConfirm(asking, { message: question(show, seats, request) }))
      ) {
        output.hint('Nothing was booked.')
        return undefined
      }
      // The seats that the clerk agreed to, and no others, even if better ones came free.
      return await tickets.book(show.id, { ...withoutSeats(request), seats })
    } catch (error) {
      if (!isMendedByOtherSeats(error)) throw error
      request = { ...withoutSeats(request), ...(await chooseSeats(context, show, error)) }
    }
  }
}

async function chooseShow(context: Context): Promise<Show> {
  const { asking, tickets } = context
  const [first] = await showChoices(tickets, undefined)
  if (first === undefined) {
    throw new TicketsError(
      'SHOW_NOT_FOUND',
      'There is no show to book. `tickets show create` makes one.',
    )
  }
  return askShow(asking, { search: (term) => showChoices(tickets, term) })
}

/** Draws the house and asks for seats; `refused` is why they are asked for again. */
async function chooseSeats(
  context: Context,
  { id }: Show,
  refused?: TicketsError,
): Promise<BookingRequest> {
  const { asking, output, tickets } = context
  const house = await tickets.viewShow(id)
  output.problem(`\n${drawHouse(house, errorPaperOf(output))}`)
  if (refused) tell(context, refused, house)
  if (house.booked.size + house.held.size === house.totalSeats) throw houseFull(house)
  const answer = await askSeats(asking, {
    layout: house,
    check: (seats) => checkFree(context, house, requestFor(seats)),
  })
  return requestFor(answer)
}

/** More lines than this would only push the questions before them out of sight. */
const MOST_LINES = 60

function drawHouse(house: ShowDetails, paper: Paper): string {
  const heading = wrapWords(`${safeText(house.name)}, ${whenOf(house)}`, paper.columns)
  const map = renderHouse(house, paper)
  const isDrawn = map.split('\n').length <= MOST_LINES
  return [
    ...heading.map((line) => tint(paper, 'strong', line)),
    '',
    isDrawn ? map : `The house is too large to be drawn here: \`tickets show view ${house.id}\`.\n`,
  ].join('\n')
}

/** Refuses seats that are gone already, and names others, as the answer to what was typed. */
async function checkFree({ tickets }: Context, show: Show, request: BookingRequest): Promise<void> {
  try {
    await tickets.preview(show.id, request)
  } catch (error) {
    const hint = error instanceof TicketsError ? alternativesHint(error, show) : undefined
    if (!(error instanceof TicketsError) || hint === undefined) throw error
    throw new TicketsError(error.code, `${error.message} ${hint}.`, { cause: error })
  }
}

async function askCustomer({ asking }: Context): Promise<string | null> {
  const customer = await askText(asking, {
    message: 'For whom?',
    hint: 'Enter: no name',
    check: (text) => text === '' || checkText('customer', text, 200),
  })
  return customer === '' ? null : customer
}

function question(show: Show, seats: number[], { customer, hold }: BookingRequest): string {
  const whom = customer ? ` for ${customer}` : ''
  return `${hold === undefined ? 'Book' : 'Hold'} ${formatSeats(seats, show)}${whom}?`
}

function tell({ output }: Context, error: TicketsError, show: Show): void {
  const hint = alternativesHint(error, show)
  output.problem(
    renderProblem({ message: error.message, hints: hint ? [hint] : [] }, errorPaperOf(output)),
  )
}

function requestFor(answer: SeatAnswer): BookingRequest {
  return 'count' in answer ? { count: answer.count } : { seats: answer.spec }
}

function withoutSeats({ seats, count, ...rest }: BookingRequest): BookingRequest {
  return rest
}

function isMendedByOtherSeats(error: unknown): error is TicketsError {
  return (
    error instanceof TicketsError &&
    ['SEATS_TAKEN', 'NOT_ENOUGH_SEATS', 'NO_SUCH_SEAT'].includes(error.code)
  )
}

function houseFull({ name, held }: ShowDetails): TicketsError {
  const how = held.size > 0 ? 'sold or held' : 'sold'
  return new TicketsError(
    'NOT_ENOUGH_SEATS',
    `Every seat of ${name} is ${how}. Nothing was booked.`,
  )
}

function keyNeedsAll(): TicketsError {
  return new TicketsError(
    'INVALID_INPUT',
    'A key stands for one whole request, so nothing may be left open: give SHOW, and --seats or --count.',
  )
}
