import type { RetryCause } from '../client/api.js'
import type { ClientOptions } from '../client/target.js'
import type { Output } from '../terminal/io.js'

/** When it is set, as in the processes that `tickets stress` starts, retries are printed to stderr. */
export const STATS_VARIABLE = 'TICKETS_STATS'

/** The option of a client that prints its retries, if they are to be printed. */
export function retryPrinter(output: Output): Pick<ClientOptions, 'onRetry'> {
  if (!output.io.env[STATS_VARIABLE]) return {}
  return { onRetry: (reason) => output.problem(PREFIX + reason) }
}

/** Separates the retries from the rest of what a process wrote to stderr. */
export function readRetryLines(stderr: string): { retries: RetryCause[]; rest: string } {
  const lines = stderr.split('\n')
  return {
    retries: lines
      .filter((line) => line.startsWith(PREFIX))
      .map((line) => line.slice(PREFIX.length) as RetryCause),
    rest: lines.filter((line) => !line.startsWith(PREFIX)).join('\n'),
  }
}

const PREFIX = 'tickets retry: '
