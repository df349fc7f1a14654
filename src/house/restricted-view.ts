import type { Warning } from '../shared/warnings.js'
import { formatSeats, type SeatLayout } from './seats.js'

/** Those of the seats that have a restricted view. */
export function restrictedSeats(seats: readonly number[], { plan }: SeatLayout): number[] {
  return plan ? seats.filter((seat) => plan.kindOf(seat) === 'restricted') : []
}

/** The warning for a sale that includes seats with a restricted view; empty without such seats. */
export function viewWarnings(seats: readonly number[], layout: SeatLayout): Warning[] {
  const restricted = restrictedSeats(seats, layout)
  if (restricted.length === 0) return []
  const verb = restricted.length === 1 ? 'has' : 'have'
  const message = `${formatSeats(restricted, layout)} ${verb} a restricted view.`
  return [{ code: 'RESTRICTED_VIEW', message }]
}
