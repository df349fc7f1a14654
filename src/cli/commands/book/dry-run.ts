import type { DryRunOutcome } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { formatCount } from '../../../shared/numbers.js'
import { sinceThen } from '../booking/card.js'

/** The seats that a dry run found, or those of the booking that its key has made earlier. */
export type Found = Readonly<Pick<DryRunOutcome, 'seats' | 'seatLabels' | 'earlier'>>

/** The answer to a dry run. Ends with a newline. */
export function dryRunSentence({ seats, seatLabels, earlier }: Found): string {
  const [count, labels] = [formatCount(seats.length, 'seat'), formatLabels(seats, seatLabels)]
  const found = earlier
    ? `This key was used before, so the command would return booking ${earlier.reference} (${count}: ${labels})${sinceThen(earlier)}.`
    : `${count} free: ${labels}.`
  return `${found} Nothing was booked (dry run).\n`
}
