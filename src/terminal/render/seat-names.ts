import { formatLabels, formatSeats, type SeatLayout } from '../../house/seats.js'
import { formatCount } from '../../shared/numbers.js'
import { textWidth } from './fit-text.js'
import { kindNames } from './seat-signs.js'

/** Seats in a sentence: '4 seats: A1-A4', or '30 seats' if their names are too long for one. */
export function nameSeats(seats: readonly number[], labels: readonly string[]): string {
  const count = formatCount(seats.length, 'seat')
  return isLong(seats, labels) ? count : `${count}: ${formatLabels(seats, labels)}`
}

/**
 * The seats of special kinds, in brackets: ' (wheelchair: Stalls C1;
 * restricted view: Circle AA13-AA14)'; '' if there are none.
 */
export function nameKinds(seats: readonly number[], layout: SeatLayout): string {
  const { plan } = layout
  if (!plan) return ''
  const parts = (['wheelchair', 'companion', 'restricted'] as const).flatMap((kind) => {
    const some = seats.filter((seat) => plan.kindOf(seat) === kind)
    return some.length === 0 ? [] : [`${kindNames[kind]}: ${formatSeats(some, layout)}`]
  })
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}

/** Whether the names of the seats are so long that they would hide the rest of a sentence. */
export function isLong(seats: readonly number[], labels: readonly string[]): boolean {
  return seats.length > 4 && textWidth(formatLabels(seats, labels)) > 32
}
