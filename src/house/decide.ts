// The house, without I/O. `decide` is the rule of the box office. It takes seats by their numbers
// (seats.ts reads and writes their names) or has best-available.ts choose them. A `SeatLayout` says
// how the house is built: one size of row, or a plan (plan/seat-plan.ts) that plan/plan-file.ts
// reads from text, JSON or CSV; rows.ts sees both alike. seat-set.ts has the seats that are taken.

import type { ErrorCode } from '../shared/errors.js'
import { bestAvailable, countFreeFor, type Party, suggestSeats } from './best-available.js'
import { rowsOf } from './rows.js'
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
  /** How many wheelchair places and companion seats `includeAccessible` would add. */
  accessibleLeft?: number
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
      message: `The show has only seats 1 to ${layout.totalSeats}. Nothing was booked.`,
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
  const seats = bestAvailable(taken, party, layout)
  if (seats !== undefined) return { seats }
  const { count, section, accessible, includeAccessible } = party
  const name = section === undefined ? '' : rowsOf(layout).sections[section]!.name
  const where = name === '' ? '' : ` in ${name}`
  const left = countFreeFor(taken, party, layout)
  let message: string
  let fitsWithAccessible: boolean
  if (accessible) {
    const others =
      count === 1 ? '' : count === 2 ? ' with another seat' : ` with ${count - 1} others`
    message = `No wheelchair place${others} is free${where}. Nothing was booked.`
    fitsWithAccessible =
      bestAvailable(taken, { ...party, includeAccessible: true }, layout) !== undefined
  } else {
    const free = includeAccessible ? left.general + left.accessible : left.general
    const only =
      free === 0 ? 'No seat is' : free === 1 ? 'Only 1 seat is' : `Only ${free} seats are`
    const were = count === 1 ? 'was' : 'were'
    message = `${only} free${where}; ${count} ${were} wanted. Nothing was booked.`
    fitsWithAccessible = free + left.accessible >= count
  }
  if (includeAccessible || !fitsWithAccessible) return refuse({ code: 'NOT_ENOUGH_SEATS', message })
  const are = left.accessible === 1 ? 'seat is' : 'seats are'
  return refuse({
    code: 'NOT_ENOUGH_SEATS',
    message: `${message} ${left.accessible} wheelchair and companion ${are} left: book with --include-accessible to use them too.`,
    accessibleLeft: left.accessible,
  })
}

function refuse(refusal: Refusal): Verdict {
  return { refusal }
}
