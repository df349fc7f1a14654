import { quote } from './quote.js'
import { formatStartTime } from './time/format-time.js'

/**
 * A warning about a request that succeeded. Like an error, it is an object: programs may rely on
 * the code; the message is for people and may change.
 */
export type Warning = {
  code: 'SHOW_STARTED' | 'RESTRICTED_VIEW'
  message: string
}

/** The warnings of a result; undefined if there are none. */
export interface Warned {
  warnings?: Warning[] | undefined
}

interface Start {
  name: string
  startTime: Date
  timeZone: string
  /** Whether the start is in the past, by the database's clock. */
  hasStarted: boolean
}

/** The warning for a sale or a check-in at a show whose start is in the past. */
export function startWarnings({ name, startTime, timeZone, hasStarted }: Start): Warned {
  if (!hasStarted) return {}
  const when = formatStartTime(startTime, timeZone)
  const message = `The start time of ${quote(name)} is in the past: ${when}.`
  return { warnings: [{ code: 'SHOW_STARTED', message }] }
}
