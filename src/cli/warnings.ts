import { safeText } from '../shared/safe-text.js'
import type { Warned } from '../shared/warnings.js'
import type { Output } from '../terminal/io.js'

/** Warns people on stderr about a change that was made all the same. */
export function printWarnings(output: Output, { warnings = [] }: Warned): void {
  for (const { message } of warnings) output.hint(warningLine(message))
}

/** A warning as people read it. */
export function warningLine(message: string): string {
  return `Warning: ${safeText(message)}`
}
