import type { SeatSet } from '../../house/seat-set.js'
import type { SeatLayout } from '../../house/seats.js'

/** A house and its booked and held seats. */
export interface House extends SeatLayout {
  booked: SeatSet
  held: SeatSet
}

export function stateIn({ booked, held }: House, seat: number): 'free' | 'held' | 'booked' {
  if (booked.has(seat)) return 'booked'
  return held.has(seat) ? 'held' : 'free'
}

/** The numbers of free, held and booked seats from `first` to `last`. */
export function countStates(house: House, { first, last }: { first: number; last: number }) {
  const counts = { free: 0, held: 0, booked: 0 }
  for (let seat = first; seat <= last; seat++) counts[stateIn(house, seat)] += 1
  return counts
}
