import type { DryRunOutcome } from '../../../client/api.js'
import { countSeats, formatLabels } from '../../../house/seats.js'

/** The seats that a dry run found. */
export type Found = Readonly<Pick<DryRunOutcome, 'seats' | 'seatLabels'>>

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence({ seats, seatLabels }: Found): string {
  return `${countSeats(seats.length)} free: ${formatLabels(seats, seatLabels)}. Nothing was booked (dry run).\n`
}
