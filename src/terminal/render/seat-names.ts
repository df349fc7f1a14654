import { countSeats, formatLabels, formatSeats, type SeatLayout } from '../../house/seats.js'
import { textWidth } from './fit-text.js'
import { kindNames } from './seat-signs.js'

/** Seats in a sentence: '4 seats: A1-A4', or '30 seats' if their names are too long for one. */
export function nameSeats(seats: readonly number[], labels: readonly string[]): string {
  return countAndName(seats.length, formatLabels(seats, labels))
}

/** Seats in a sentence, given their number and their names: 4 and 'A1-A4' give '4 seats: A1-A4'. */
export function countAndName(count: number, names: string): string {
  return areTooLong(count, names) ? countSeats(count) : `${countSeats(count)}: ${names}`
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

/** Whether the names of the seats are too long for a sentence. */
export function isLong(seats: readonly number[], labels: readonly string[]): boolean {
  return areTooLong(seats.length, formatLabels(seats, labels))
}

// Longer names hide what else the sentence says.
function areTooLong(count: number, names: string): boolean {
  return count > 4 && textWidth(names) > 32
}
