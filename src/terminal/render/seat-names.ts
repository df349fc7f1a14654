import { countSeats, formatSeats, type SeatLayout } from '../../house/seats.js'
import { textWidth } from './fit-text.js'

/** Seats in a sentence: '4 seats: A1-A4', or '30 seats' where their names are too long for one. */
export function nameSeats(seats: readonly number[], layout: SeatLayout): string {
  return countAndName(seats.length, formatSeats(seats, layout))
}

/** Seats in a sentence, given their number and their names: 4 and 'A1-A4' give '4 seats: A1-A4'. */
export function countAndName(count: number, names: string): string {
  return areTooLong(count, names) ? countSeats(count) : `${countSeats(count)}: ${names}`
}

/** Are the names of the seats too long for a sentence? */
export function isLong(seats: readonly number[], layout: SeatLayout): boolean {
  return areTooLong(seats.length, formatSeats(seats, layout))
}

// Longer names hide what else the sentence says.
function areTooLong(count: number, names: string): boolean {
  return count > 4 && textWidth(names) > 32
}
