import type { Booking } from '../client/api.js'
import { countSeats } from '../house/seats.js'
import { safeText } from '../shared/safe-text.js'
import type { Output } from '../terminal/io.js'

/** What a command has changed for good, in few words that need nothing more from anywhere. */
export interface Committed {
  /** For people. */
  sentence: string
  /** For programs; a document of the contract's fields, as far as they are known. */
  json: object
}

/**
 * Prints the answer to a change that is committed. The change stands whatever fails from here on: to
 * read more for the answer, to format it, or to print it. So none of this fails the command: the
 * facts are printed in place of the answer, and on stderr where stdout takes nothing. They are made
 * only then: a number in words costs Node 15 ms.
 */
export async function printCommitted(
  output: Output,
  facts: () => Committed,
  print: () => Promise<void>,
): Promise<void> {
  try {
    await print()
  } catch (failure) {
    const { sentence, json } = facts()
    const said = safeText(sentence)
    const written = output.json ? output.document(json) : output.write(`${said}\n`)
    await written.catch(() => output.problem(said))
    const reason = failure instanceof Error ? failure.message : String(failure)
    output.hint(`The whole answer could not be printed: ${safeText(reason)}`)
  }
}

/** The facts of a booking. */
export function committedBooking({ id, reference, showId, status, seats, seatLabels }: Booking) {
  return {
    sentence: `${reference} is ${status}: ${seatLabels.join(', ')} (${countSeats(seats.length)}).`,
    json: { id, reference, show_id: showId, status, seats, seat_labels: seatLabels },
  }
}
