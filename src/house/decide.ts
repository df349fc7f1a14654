import type { ErrorCode } from '../shared/errors.js'
import { chooseSeats, type Party, suggestSeats } from './best-available.js'
import type { SeatSet } from './seat-set.js'
import { formatSeats, type SeatLayout } from './seats.js'

/** What a request wants: these seats, or the best seats for a party. */
export type Wanted = { seats: readonly number[] } | Party

/** A house as it is under the show's lock. `taken` contains the sold and held seats. */
export interface House {
  layout: SeatLayout
  taken: SeatSet
  isCancelled: boolean
}

/**
 * The reason for a refusal. A FAILED booking stores it, so that a replay returns the same error.
 */
export interface Refusal {
  code: ErrorCode
  message: string
  seats?: number[]
  alternatives?: number[]
  alternativeSpec?: string
}

export type Verdict = { seats: readonly number[] } | { refusal: Refusal }

/**
 * The rule of the box office: decides whether a request gets seats, and which. Changes nothing: the
 * caller adds granted seats to `taken` before it decides the next request.
 */
export function decide(house: House, wanted: Wanted): Verdict {
  if (house.isCancelled) {
    return refuse({ code: 'SHOW_CANCELLED', message: 'The show is cancelled. Nothing was booked.' })
  }
  return 'seats' in wanted ? decideSeats(house, wanted.seats) : decideCount(house, wanted)
}

function decideSeats({ layout, taken }: House, seats: readonly number[]): Verdict {
  const missing = seats.filter((seat) => seat > layout.totalSeats)
  if (missing.length > 0) {
    return refuse({
      code: 'NO_SUCH_SEAT',
      message: `The show has seats 1 to ${layout.totalSeats} only. Nothing was booked.`,
      seats: missing,
    })
  }
  const lost = seats.filter((seat) => taken.has(seat))
  if (lost.length === 0) return { seats }
  const alternatives = suggestSeats(seats, taken, layout)
  const [subject, verb] = lost.length === 1 ? ['Seat', 'is'] : ['Seats', 'are']
  return refuse({
    code: 'SEATS_TAKEN',
    message: `${subject} ${formatSeats(lost, layout)} ${verb} taken. Nothing was booked.`,
    seats: lost,
    alternatives,
    alternativeSpec: formatSeats(alternatives, layout),
  })
}

function decideCount({ layout, taken }: House, party: Party): Verdict {
  const { count } = party
  const seats = chooseSeats(taken, party, layout)
  if (seats !== undefined) return { seats }
  const free = layout.totalSeats - taken.size
  const left = free === 0 ? 'No seat is' : free === 1 ? 'Only 1 seat is' : `Only ${free} seats are`
  return refuse({
    code: 'NOT_ENOUGH_SEATS',
    message: `${left} free; ${count} ${count === 1 ? 'was' : 'were'} wanted. Nothing was booked.`,
  })
}

function refuse(refusal: Refusal): Verdict {
  return { refusal }
}
