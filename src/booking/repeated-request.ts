import { isDeepStrictEqual } from 'node:util'
import type { Knex } from 'knex'
import { type SeatLayout, seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { canonicalText, foldText } from '../shared/fold-text.js'
import { type HouseUntil, readHouses } from '../shows/houses-over-time.js'
import type { Attempt } from './attempt.js'

/** Compares requests for one show with the recorded ones that had the same keys. */
export class RepeatedRequests {
  readonly #knex: Knex
  readonly #showId: string
  #houses: HouseUntil[] | undefined

  constructor(knex: Knex, showId: string) {
    this.#knex = knex
    this.#showId = showId
  }

  /**
   * Returns whether `request` repeats the one that was recorded as `recorded`, a `keyRequest`. If
   * the show has another plan now, the same seats are those with the same labels.
   */
  async isSame({ keyRequest, layout }: Attempt, recorded: string): Promise<boolean> {
    if (canonicalText(recorded) === canonicalText(keyRequest!)) return true
    const { seats: firstSeats, plan: firstPlan, ...firstRest } = readRequest(recorded)
    const { seats, plan, ...rest } = readRequest(keyRequest!)
    if (!firstSeats || !seats || firstPlan === plan) return false
    if (!isDeepStrictEqual(firstRest, rest)) return false
    this.#houses ??= await readHouses(this.#knex, this.#showId)
    const house = this.#houses.find((one) => one.layout.plan?.id === firstPlan)
    return (
      house !== undefined &&
      isDeepStrictEqual(labelsOf(firstSeats, house.layout), labelsOf(seats, layout))
    )
  }
}

function readRequest(keyRequest: string) {
  return JSON.parse(keyRequest, (_, value) =>
    typeof value === 'string' ? canonicalText(value) : value,
  )
}

function labelsOf(seats: readonly number[], layout: SeatLayout): Set<string> {
  return new Set(seats.map((seat) => foldText(seatLabel(seat, layout))))
}

/** The error for a key that was first used with a different request. */
export function keyReused(): TicketsError {
  return new TicketsError(
    'KEY_REUSED',
    'This key was used for another request. Use a new key for a new request.',
  )
}
