import type { Booking, BookingRequest } from '../../../client/api.js'
import { hasCode } from '../../../shared/errors.js'
import type { Asking } from '../../../terminal/prompts/asking.js'
import { askKey } from '../../../terminal/prompts/prompts.js'
import { printProblem } from '../../../terminal/render/problem-card.js'
import type { Context } from '../../context.js'
import type { NamedShow } from '../../named-show.js'
import { announceBooking } from '../booking/announce.js'
import { wordsOf } from '../booking/cancel.js'
import { type AskingOptions, bookByAsking } from './by-asking.js'

/**
 * Books by asking for one customer after the other, for the same show, until the clerk is done: one
 * key begins with the next customer.
 *
 * Throws what `bookByAsking` throws. The bookings of earlier customers stand.
 */
export async function runBookingLoop(
  context: Context,
  first: { show: NamedShow | undefined; request: BookingRequest; options: AskingOptions },
): Promise<void> {
  const { show, request, options } = first
  let outcome = await bookByAsking(context, show, request, options)
  if (outcome === undefined) return
  const { showId } = outcome.booking
  const { hold } = request
  const later = withAsking(context, { unchanged: 'Nothing more was booked.' })
  let last: Booking | undefined
  for (;;) {
    if (outcome !== undefined) {
      await announceBooking(context, outcome)
      last = outcome.booking
    }
    const next = await askNext(context, showId, last)
    if (next === 'done') return
    if (next === 'undo') {
      outcome = undefined
      await undo(context, last!)
      last = undefined
    } else {
      // Of the options, only --hold applies to the next customer too.
      outcome = await bookByAsking(later, { name: showId }, { ...(hold && { hold }) }, options)
    }
  }
}

type Next = 'next' | 'undo' | 'done'

async function askNext(context: Context, showId: string, last: Booking | undefined): Promise<Next> {
  const { totalSeats, confirmedSeats, heldSeats } = await context.tickets.findShow(showId)
  const hasRoom = confirmedSeats + heldSeats < totalSeats
  const { asking } = withAsking(context, { unchanged: 'What was booked stands.' })
  try {
    return await askKey<Next>(asking, hasRoom ? '' : 'House full:', [
      ...(hasRoom ? [nextCustomer] : []),
      ...(last ? [undoLast] : []),
      hasRoom ? done : { ...done, keys: [...done.keys, 'return', 'enter'] },
    ])
  } catch (error) {
    // Ctrl-D ends the loop, and every booking stands.
    if (hasCode(error, 'INPUT_REQUIRED')) return 'done'
    throw error
  }
}

const nextCustomer = {
  value: 'next' as const,
  keys: ['return', 'enter', 'n'],
  key: 'enter',
  what: 'next customer',
}
const undoLast = { value: 'undo' as const, keys: ['u'], key: 'u', what: 'undo' }
const done = { value: 'done' as const, keys: ['q', 'escape'], key: 'q', what: 'done' }

/** Gives the seats of the last sale back, unless another command has changed it since. */
async function undo(context: Context, { reference, updatedAt }: Booking): Promise<void> {
  const { output, tickets } = context
  try {
    const reason = 'undone at the window'
    const undone = await tickets.cancelBooking(reference, { reason, ifUnchangedSince: updatedAt })
    await announceBooking(context, undone, wordsOf(undone))
  } catch (error) {
    if (!hasCode(error, 'WRONG_STATE')) throw error
    printProblem(output, error)
  }
}

function withAsking(context: Context, asking: Partial<Asking>): Context {
  return { ...context, asking: { ...context.asking, ...asking } }
}
