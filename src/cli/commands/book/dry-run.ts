import type { DryRunOutcome } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { formatCount } from '../../../shared/numbers.js'

/** The seats that a dry run found. */
export type Found = Readonly<Pick<DryRunOutcome, 'seats' | 'seatLabels'>>

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence({ seats, seatLabels }: Found): string {
  return `${formatCount(seats.length, 'seat')} free: ${formatLabels(seats, seatLabels)}. Nothing was booked (dry run).\n`
}
