import { formatStartTime } from './format-time.js'
import { quote } from './quote.js'

/**
 * What the caller should know of something that was done all the same. An object, as an error is: the
 * code is for programs and may be relied on, the sentence is for people and may change.
 */
export type Warning = {
  code: 'SHOW_STARTED'
  message: string
}

/** What may come with a result; undefined when there is nothing to warn of. */
export interface Warned {
  warnings?: Warning[] | undefined
}

interface Start {
  name: string
  startTime: Date
  timeZone: string
  /** Is the start in the past, by the database's clock? */
  hasStarted: boolean
}

/** The warning that a show sells, or lets in, though its start is in the past. */
export function startWarnings({ name, startTime, timeZone, hasStarted }: Start): Warned {
  if (!hasStarted) return {}
  const when = formatStartTime(startTime, timeZone)
  const message = `The start of ${quote(name)} is in the past: ${when}.`
  return { warnings: [{ code: 'SHOW_STARTED', message }] }
}
