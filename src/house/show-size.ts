import { invalidInput, TicketsError } from '../shared/errors.js'
import { formatCount } from '../shared/numbers.js'
import { formatSeats, MAX_SEATS, type SeatLayout, seatLabel } from './seats.js'

/** A house with its sold and held seats. */
export interface TakenHouse extends SeatLayout {
  booked: Iterable<number>
  held: Iterable<number>
}

/**
 * The smallest size that a show can have now, and the seat that prevents a smaller one: 'C12 is
 * sold'.
 */
export function leastSize(house: TakenHouse): { seats: number; reason: string | null } {
  const perRow = house.seatsPerRow ?? 0
  const [sold, held] = [lastOf(house.booked), lastOf(house.held)]
  const last = Math.max(sold, held)
  if (last > perRow) {
    const reason = `${seatLabel(last, house)} is ${sold > held ? 'sold' : 'held'}`
    return { seats: last, reason }
  }
  return perRow > 0 ? { seats: perRow, reason: `a row has ${perRow}` } : { seats: 1, reason: null }
}

/** Checks the row length for a house of `totalSeats`. Throws INVALID_INPUT. */
export function checkSeatsPerRow(seatsPerRow: number, totalSeats: number): void {
  if (Number.isInteger(seatsPerRow) && seatsPerRow >= 1 && seatsPerRow <= totalSeats) return
  throw invalidInput(
    `A row has 1 to ${totalSeats} seats here, as a whole number; got ${seatsPerRow}.`,
  )
}

/**
 * Throws INVALID_INPUT for a size that is never possible, and SEATS_TAKEN for one that the current
 * sales prevent.
 */
export function checkSize(house: TakenHouse, totalSeats: number): void {
  const { seats, reason } = leastSize(house)
  const least = `at least ${seats}${reason === null ? '' : ` (${reason})`}`
  if (
    !Number.isInteger(totalSeats) ||
    totalSeats < (house.seatsPerRow ?? 1) ||
    totalSeats > MAX_SEATS
  ) {
    throw invalidInput(
      `This show must have ${least} and at most 100,000 seats, as a whole number; got ${totalSeats}. Nothing was changed.`,
    )
  }
  const inTheWay = [...house.booked, ...house.held].filter((seat) => seat > totalSeats)
  if (inTheWay.length === 0) return
  const named = inTheWay.sort((a, b) => a - b).slice(0, 100)
  const more = inTheWay.length > named.length ? ` and ${inTheWay.length - named.length} more` : ''
  const verb = inTheWay.length === 1 ? 'is' : 'are'
  throw new TicketsError(
    'SEATS_TAKEN',
    `A house of ${formatCount(totalSeats, 'seat')} has no room for ${formatSeats(named, house)}${more}, which ${verb} sold or held. This show must have ${least}. Nothing was changed.`,
    { seats: named },
  )
}

function lastOf(seats: Iterable<number>): number {
  let last = 0
  for (const seat of seats) last = Math.max(last, seat)
  return last
}
