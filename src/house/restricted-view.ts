import type { Warned } from '../shared/warnings.js'
import { formatSeats, type SeatLayout } from './seats.js'

/** Those of the seats that have a restricted view. */
export function restrictedSeats(seats: readonly number[], { plan }: SeatLayout): number[] {
  return plan ? seats.filter((seat) => plan.kindOf(seat) === 'restricted') : []
}

/** Adds the warning for a sale that includes seats with a restricted view, if it does. */
export function withViewWarning(
  warned: Warned,
  seats: readonly number[],
  layout: SeatLayout,
): Warned {
  const restricted = restrictedSeats(seats, layout)
  if (restricted.length === 0) return warned
  const verb = restricted.length === 1 ? 'has' : 'have'
  const message = `${formatSeats(restricted, layout)} ${verb} a restricted view.`
  return { warnings: [...(warned.warnings ?? []), { code: 'RESTRICTED_VIEW', message }] }
}
