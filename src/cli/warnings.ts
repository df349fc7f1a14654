import { safeText } from '../shared/safe-text.js'
import type { Warned } from '../shared/warnings.js'
import type { Output } from '../terminal/io.js'

/** Tells people on stderr of what was done all the same. */
export function tellWarnings(output: Output, { warnings = [] }: Warned): void {
  for (const { message } of warnings) output.hint(`Warning: ${safeText(message)}`)
}
