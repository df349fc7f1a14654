import type { Booking } from '../client/api.js'
import { formatCount } from '../shared/numbers.js'
import { safeText } from '../shared/safe-text.js'
import type { Warned } from '../shared/warnings.js'
import type { Output } from '../terminal/io.js'

/** What a command has committed, as far as it is known without reading more data. */
export interface Committed {
  /** For people. */
  sentence: string
  /** For programs: those of the contract's fields that are known. */
  json: object
}

/**
 * Prints the result of a change that is committed. The change stands even if the result cannot be
 * read, formatted or printed, so none of these fails the command: the facts are printed in place of
 * the result, and to stderr if stdout cannot be written. `facts` is called only then, because the
 * first number that Node formats takes 15 ms.
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
    output.hint(`The whole result could not be printed: ${safeText(reason)}`)
  }
}

export function committedBooking({ id, reference, showId, status, seats, seatLabels }: Booking) {
  return {
    sentence: `${reference} is ${status}: ${seatLabels.join(', ')} (${formatCount(seats.length, 'seat')}).`,
    json: { id, reference, show_id: showId, status, seats, seat_labels: seatLabels },
  }
}

/** Prints the warnings about a change that was made. */
export function printWarnings(output: Output, { warnings = [] }: Warned): void {
  for (const { message } of warnings) output.hint(warningLine(message))
}

export function warningLine(message: string): string {
  return `Warning: ${safeText(message)}`
}
