import { commandLineInputs } from './command-lines.js'
import { lifeInputs } from './life.js'
import { salesInputs } from './sales.js'
import { serviceInputs } from './service.js'
import type { HostileInput } from './values.js'

/** The table, by kind. Every value is tried with the flags that take its kind. */
export const hostileInputs: Record<string, HostileInput[]> = {
  ...salesInputs,
  ...lifeInputs,
  ...serviceInputs,
  ...commandLineInputs,
}
