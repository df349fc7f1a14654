import { safeText } from '../shared/safe-text.js'
import type { Warned } from '../shared/warnings.js'
import type { Output } from '../terminal/io.js'

/** Prints the warnings about a change that was made. */
export function printWarnings(output: Output, { warnings = [] }: Warned): void {
  for (const { message } of warnings) output.hint(warningLine(message))
}

export function warningLine(message: string): string {
  return `Warning: ${safeText(message)}`
}
