import type { Tickets } from '../../../client/api.js'
import type { RetryReason } from '../../../client/load-test.js'
import type { Context } from '../../context.js'

/** When it is set, `tickets book` tells on stderr why it had to ask the database again. */
export const STATS_VARIABLE = 'TICKETS_STATS'

/** The run's box office; for a process that `tickets stress` started, one that tells of retries. */
export function measuredTickets(context: Context): Tickets {
  const { output } = context
  if (!output.io.env[STATS_VARIABLE]) return context.tickets
  return context.open({ onRetry: (reason) => output.problem(PREFIX + reason) })
}

/** Takes the retries out of what a process wrote to stderr; the rest is for people. */
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
