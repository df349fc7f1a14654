import type { Tickets } from '../../../client/api.js'
import type { RetryReason } from '../../../client/load-test.js'
import type { Context } from '../../context.js'

/** When it is set, `tickets book` prints to stderr why it retried. */
export const STATS_VARIABLE = 'TICKETS_STATS'

/** The client of the run. In a process that `tickets stress` started, it prints its retries. */
export function measuredTickets(context: Context): Tickets {
  const { output } = context
  if (!output.io.env[STATS_VARIABLE]) return context.tickets
  return context.open({ onRetry: (reason) => output.problem(PREFIX + reason) })
}

/** Separates the retries from the rest of what a process wrote to stderr. */
export function readRetryLines(stderr: string): { retries: RetryReason[]; rest: string } {
  const lines = stderr.split('\n')
  return {
    retries: lines
      .filter((line) => line.startsWith(PREFIX))
      .map((line) => line.slice(PREFIX.length) as RetryReason),
    rest: lines.filter((line) => !line.startsWith(PREFIX)).join('\n'),
  }
}

const PREFIX = 'tickets retry: '
