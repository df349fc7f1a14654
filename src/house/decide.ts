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
 * caller adds granted seats to `taken` before it decides the next request. The message of a refusal
 * says with `unchanged` what was left as it is.
 */
export function decide(house: House, wanted: Wanted, unchanged = 'Nothing was booked.'): Verdict {
  if (house.isCancelled) {
    return refuse({ code: 'SHOW_CANCELLED', message: `The show is cancelled. ${unchanged}` })
  }
  return 'seats' in wanted
    ? decideSeats(house, wanted.seats, unchanged)
    : decideCount(house, wanted, unchanged)
}

function decideSeats(
  { layout, taken }: House,
  seats: readonly number[],
  unchanged: string,
): Verdict {
  const missing = seats.filter((seat) => seat > layout.totalSeats)
  if (missing.length > 0) {
    return refuse({
      code: 'NO_SUCH_SEAT',
      message: `The show has only seats 1 to ${layout.totalSeats}. ${unchanged}`,
      seats: missing,
    })
  }
  const lost = seats.filter((seat) => taken.has(seat))
  if (lost.length === 0) return { seats }
  const alternatives = suggestSeats(seats, taken, layout)
  const [subject, verb] = lost.length === 1 ? ['Seat', 'is'] : ['Seats', 'are']
  return refuse({
    code: 'SEATS_TAKEN',
    message: `${subject} ${formatSeats(lost, layout)} ${verb} taken. ${unchanged}`,
    seats: lost,
    alternatives,
    alternativeSpec: formatSeats(alternatives, layout),
  })
}

function decideCount({ layout, taken }: House, party: Party, unchanged: string): Verdict {
  const seats = bestAvailable(taken, party, layout)
  if (seats !== undefined) return { seats }
  const { count, section, accessible, includeAccessible } = party
  const name = section === undefined ? '' : rowsOf(layout).sections[section]!.name
  const where = name === '' ? '' : ` in ${name}`
  const left = countFreeFor(taken, party, layout)
  let message: string
  let fitsWithAccessible: boolean
  if (accessible) {
    const others = count === 2 ? 'another seat' : `${count - 1} other seats`
    const beside = count === 1 ? '' : ` with ${others} beside it`
    message = `No wheelchair place${where} is free${beside}. ${unchanged}`
    fitsWithAccessible =
      bestAvailable(taken, { ...party, includeAccessible: true }, layout) !== undefined
  } else {
    const free = includeAccessible ? left.general + left.accessible : left.general
    const only = free === 1 ? 'Only 1 seat is' : `Only ${free} seats are`
    const found =
      free === 0 ? `No seats are free${where}` : `${only} free${where}, but ${count} were requested`
    message = `${found}. ${unchanged}`
    fitsWithAccessible = free + left.accessible >= count
  }
  if (includeAccessible || !fitsWithAccessible) return refuse({ code: 'NOT_ENOUGH_SEATS', message })
  const are = left.accessible === 1 ? 'seat is' : 'seats are'
  return refuse({
    code: 'NOT_ENOUGH_SEATS',
    message: `${message} ${left.accessible} wheelchair or companion ${are} left, which the request does not include.`,
    accessibleLeft: left.accessible,
  })
}

function refuse(refusal: Refusal): Verdict {
  return { refusal }
}
