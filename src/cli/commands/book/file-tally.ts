import type { BookingOutcome, DryRunOutcome } from '../../../client/api.js'
import { type Exit, errorCodes, exitOf, type TicketsError } from '../../../shared/errors.js'
import { formatNumber } from '../../../shared/numbers.js'
import { recordOf } from './file-lines.js'

export type LineEnd =
  | 'booked'
  | 'replayed'
  | 'cancelled since'
  | 'expired since'
  | 'refused'
  | 'wrong'
  | 'busy'
  | 'in doubt'
  | 'failed'
  | 'undone'

/** How to count a line with a booking. One that its key made earlier may be over by now. */
export function lineEndOfBooked(outcome: BookingOutcome | DryRunOutcome): LineEnd {
  const record = recordOf(outcome)
  if (record?.hasExpired) return 'expired since'
  if (record?.status === 'CANCELLED') return 'cancelled since'
  return outcome.replayed ? 'replayed' : 'booked'
}

/** How to count a line that was not booked: as `undone` if the reason is not its own. */
export function lineEndOf(error: TicketsError): LineEnd {
  if (error.code === 'IN_DOUBT') return 'in doubt'
  return endsByExit[errorCodes[error.code].exit]
}

const endsByExit: Record<Exit, LineEnd> = {
  [exitOf.bug]: 'failed',
  [exitOf.usage]: 'wrong',
  [exitOf.notFound]: 'wrong',
  [exitOf.refused]: 'refused',
  [exitOf.busy]: 'busy',
  [exitOf.noDatabase]: 'undone',
  [exitOf.checkFailed]: 'undone',
  [exitOf.interrupted]: 'undone',
}

/** Counts the lines of a file by how they ended. */
export class Tally {
  readonly #counts: Record<LineEnd, number> = {
    booked: 0,
    replayed: 0,
    'cancelled since': 0,
    'expired since': 0,
    refused: 0,
    wrong: 0,
    busy: 0,
    'in doubt': 0,
    failed: 0,
    undone: 0,
  }
  total = 0

  add(end: LineEnd): void {
    this.#counts[end]++
    this.total++
  }

  /** Whether each line has its seats. */
  get isAllBooked(): boolean {
    return this.#counts.booked + this.#counts.replayed === this.total
  }

  /**
   * 0 when all were booked, now or before; `refused` when a line was refused or wrong; `busy` when the others
   * failed only because the database was busy, so that a retry may book them.
   */
  get exitCode(): number {
    const { refused, wrong, busy, failed } = this.#counts
    if (failed > 0) return exitOf.bug
    if (refused + wrong > 0) return exitOf.refused
    return busy > 0 ? exitOf.busy : 0
  }

  /** '98 of 100 lines booked, 3 of them under a key used before; 1 cancelled since, 1 refused.' */
  sentence({ isDryRun }: { isDryRun: boolean }): string {
    const { booked, replayed, ...others } = this.#counts
    const done = booked + replayed
    const share =
      done === this.total
        ? formatNumber(done)
        : `${formatNumber(done)} of ${formatNumber(this.total)}`
    const lines = `${share} ${this.total === 1 ? 'line' : 'lines'}`
    const head = `${lines} ${isDryRun ? 'could be booked' : 'booked'}`
    const earlier =
      replayed > 0 ? `, ${formatNumber(replayed)} of them under a key used before` : ''
    const rest = Object.entries(others)
      .filter(([, count]) => count > 0)
      .map(([end, count]) => `${formatNumber(count)} ${end}`)
      .join(', ')
    const tail = isDryRun ? ' Nothing was booked (dry run).' : ''
    return `${head}${earlier}${rest === '' ? '' : `; ${rest}`}.${tail}`
  }
}
