import type { Booking } from '../client/api.js'
import { formatCount } from '../shared/numbers.js'
import { safeText } from '../shared/safe-text.js'
import type { Warned } from '../shared/warnings.js'
import type { Output } from '../terminal/io.js'

/**
 * Prints the result of a change that is committed. The change stands even if the result cannot be
 * read, formatted or printed, so none of these fails the command: a sentence is printed in place of
 * the result, to stderr if stdout cannot be written. `sentence` is called only then, because the
 * first number that Node formats takes 15 ms.
 */
export async function printCommitted(
  output: Output,
  sentence: () => string,
  print: () => Promise<void>,
): Promise<void> {
  try {
    await print()
  } catch (failure) {
    const said = safeText(sentence())
    // A part of the document may be on stdout already.
    if (output.json) output.problem(said)
    else await output.write(`${said}\n`).catch(() => output.problem(said))
    const reason = failure instanceof Error ? failure.message : String(failure)
    output.hint(`The whole result could not be printed: ${safeText(reason)}`)
  }
}

/** What is known of a booking without reading its show. */
export function committedBooking({ reference, status, seats, seatLabels }: Booking): string {
  return `${reference} is ${status}: ${seatLabels.join(', ')} (${formatCount(seats.length, 'seat')}).`
}

/** Prints the warnings about a change that was made. */
export function printWarnings(output: Output, { warnings = [] }: Warned): void {
  for (const { message } of warnings) output.hint(warningLine(message))
}

export function warningLine(message: string): string {
  return `Warning: ${safeText(message)}`
}
