import type { BookingOutcome, BookingRequest } from '../core/booking.js'
import { TicketsError } from '../core/errors.js'
import { checkText } from '../core/input.js'
import { formatSeats } from '../core/seats.js'
import type { Show } from '../core/shows.js'
import { errorPaperOf } from '../terminal/paper.js'
import { renderProblem } from '../terminal/problem-card.js'
import { askConfirm, askSeats, askShow, askText } from '../terminal/prompts.js'
import type { SeatAnswer } from '../terminal/seat-answer.js'
import type { Context } from './context.js'
import { alternativesHint } from './hints.js'
import { whenOf } from './show-text.js'
import { renderShow } from './show-view.js'

/**
 * Books by asking for what the command line left open: which show, which seats, for whom. When the
 * seats go while the clerk decides, it says so and asks for seats again; the rest is kept.
 *
 * Throws INTERRUPTED when the clerk decides against it, and what a booking throws for a reason that
 * other seats cannot mend.
 */
export async function bookByAsking(
  context: Context,
  name: string | undefined,
  given: BookingRequest,
  options: { yes?: boolean; dryRun?: boolean },
): Promise<BookingOutcome> {
  const { asking, tickets } = context
  const show = name === undefined ? await chooseShow(context) : await tickets.findShow(name)
  const isWanted = (given.seats ?? given.count) !== undefined
  let request = isWanted ? given : { ...given, ...(await chooseSeats(context, show.id)) }
  if (request.customer === undefined) {
    const customer = await askText(asking, {
      message: 'For whom?',
      hint: 'Enter: a walk-up, no name',
      check: (text) => text === '' || checkText('customer', text, 200),
    })
    request = { ...request, customer: customer === '' ? null : customer }
  }
  for (;;) {
    try {
      const seats = await tickets.preview(show.id, request)
      await confirm(context, show, seats, request, options)
      // The seats that the clerk agreed to, and no others, even if better ones came free.
      return await tickets.book(show.id, { ...withoutSeats(request), seats })
    } catch (error) {
      if (!isMendedByOtherSeats(error)) throw error
      tell(context, error, show)
      request = { ...withoutSeats(request), ...(await chooseSeats(context, show.id)) }
    }
  }
}

async function chooseShow({ asking, tickets }: Context): Promise<Show> {
  return askShow(asking, {
    async search(term) {
      const choices = []
      const search = term?.trim() ? { search: term } : {}
      for await (const show of tickets.listShows({ ...search, limit: 100 })) {
        if (show.cancelledAt !== null) continue
        const free = show.totalSeats - show.confirmedSeats - show.heldSeats
        choices.push({ value: show, name: show.name, details: `${whenOf(show)}, ${free} free` })
      }
      return choices
    },
  })
}

async function chooseSeats(context: Context, showId: string): Promise<BookingRequest> {
  const { asking, output, tickets } = context
  const house = await tickets.viewShow(showId)
  output.problem(renderShow(house, errorPaperOf(output)))
  return requestFor(
    await askSeats(asking, {
      layout: house,
      check: (answer) => tickets.preview(showId, requestFor(answer)),
    }),
  )
}

async function confirm(
  { asking, output }: Context,
  show: Show,
  seats: number[],
  request: BookingRequest,
  { yes, dryRun }: { yes?: boolean; dryRun?: boolean },
): Promise<void> {
  if (dryRun) {
    throw new TicketsError('INTERRUPTED', 'Nothing was booked (dry run).')
  }
  if (yes) return
  const whom = request.customer ? ` for ${request.customer}` : ''
  const verb = request.hold === undefined ? 'Book' : 'Hold'
  const message = `${verb} ${formatSeats(seats, show)}${whom}?`
  if (await askConfirm(asking, { message })) return
  output.hint('Nothing was booked.')
  throw new TicketsError('INTERRUPTED', 'Nothing was booked.')
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
