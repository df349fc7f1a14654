import type { BookingOutcome } from '../core/booking.js'
import type { ListedBooking } from '../core/booking-list.js'
import { bookingJson } from '../core/json.js'
import { type Context, inputRequired } from './context.js'

/** The booking that the command line names; where it names none, a person is asked. */
export async function namedBooking(
  { output, asking, tickets }: Context,
  name: string | undefined,
): Promise<ListedBooking> {
  if (name !== undefined) return tickets.findBooking(name)
  if (!output.canPrompt) throw inputRequired(['BOOKING'])
  const { askText } = await import('../terminal/prompts.js')
  let found: ListedBooking | undefined
  await askText(
    { ...asking, unchanged: UNCHANGED },
    {
      message: 'Which booking?',
      hint: 'its reference, like K7Q2-9FMX',
      check: async (text) => {
        found = await tickets.findBooking(text)
      },
    },
  )
  return found!
}

/** What Ctrl-C leaves behind. */
export const UNCHANGED = 'Nothing was changed.'

/** Tells what stands after a step: JSON, or the card and, for people, a sentence about the step. */
export async function announceStep(
  { output, tickets }: Context,
  outcome: BookingOutcome,
  { sentence, json = {} }: { sentence?: string | undefined; json?: object },
): Promise<void> {
  if (output.json) return output.document({ ...bookingJson(outcome), ...json })
  const { booking, replayed } = outcome
  const { renderBookingCard } = await import('../terminal/booking-card.js')
  const { paperOf } = await import('../terminal/paper.js')
  const { bookingFacts } = await import('./booking-text.js')
  // The step is done, whatever becomes of the connection now: it must be told.
  const show = await tickets.findShow(booking.showId).catch(() => undefined)
  await output.write(
    show === undefined
      ? `${booking.reference} is ${booking.status}: ${booking.seatLabels.join(', ')}.\n`
      : renderBookingCard(bookingFacts({ booking, replayed: false }, show), paperOf(output)),
  )
  if (replayed) output.hint(`It was so already. ${UNCHANGED}`)
  else if (sentence !== undefined) output.hint(sentence)
}
