import type { TicketsError } from '../core/errors.js'
import { formatSeats, type SeatLayout } from '../core/seats.js'

/** What a person may do about a refusal, when there is something: other seats that are free. */
export function alternativesHint(
  { alternatives }: TicketsError,
  layout: SeatLayout = { totalSeats: Number.POSITIVE_INFINITY, seatsPerRow: null },
): string | undefined {
  if (!alternatives || alternatives.length === 0) return undefined
  return `Free instead: ${formatSeats(alternatives, layout)}`
}
