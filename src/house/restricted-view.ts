import type { Warning } from '../shared/warnings.js'
import { formatSeats, type SeatLayout } from './seats.js'

/** The warning for a sale that includes seats with a restricted view; empty without such seats. */
export function viewWarnings(seats: readonly number[], layout: SeatLayout): Warning[] {
  const { plan } = layout
  if (!plan) return []
  const restricted = seats.filter((seat) => plan.kindOf(seat) === 'restricted')
  if (restricted.length === 0) return []
  const verb = restricted.length === 1 ? 'has' : 'have'
  const message = `${formatSeats(restricted, layout)} ${verb} a restricted view.`
  return [{ code: 'RESTRICTED_VIEW', message }]
}
