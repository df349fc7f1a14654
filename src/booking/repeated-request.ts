import { isDeepStrictEqual } from 'node:util'
import type { Knex } from 'knex'
import { query } from '../database/sql.js'
import { type SeatLayout, seatLabel } from '../house/seats.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { canonicalText, foldText } from '../shared/fold-text.js'
import { type HouseUntil, readHouses } from '../shows/houses-over-time.js'
import { type Attempt, scopedKey } from './attempt.js'
import type { BookingRow } from './booking.js'

/**
 * Returns, by index, each attempt as it is recorded: by an earlier try of the same call, or, with
 * its key, by an earlier call. Undefined if it is not, or KEY_REUSED, or INVALID_INPUT for an id that
 * belongs to a booking for another show.
 */
export async function findRecorded(
  knex: Knex,
  showId: string,
  attempts: readonly Attempt[],
): Promise<(Attempt | Error | undefined)[]> {
  const rows = await query<Recorded>(
    knex,
    `select id, reference, show_id, status, key, key_scope, key_request from bookings
     where id = any(?::uuid[]) or key = any(?::text[])`,
    [attempts.map(({ id }) => id), attempts.flatMap(({ key }) => key ?? [])],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const byKey = new Map(
    rows.flatMap((row) => (row.key === null ? [] : [[scopedKey(row.key_scope, row.key), row]])),
  )
  const repeated = new RepeatedRequests(knex, showId)
  const find = async (attempt: Attempt) => {
    const { id, key, keyScope } = attempt
    const own = byId.get(id)
    if (own?.status === 'PENDING' && own.show_id !== showId) return idReused()
    if (own !== undefined) return { ...attempt, reference: own.reference }
    const earlier = key === null ? undefined : byKey.get(scopedKey(keyScope, key))
    if (earlier === undefined) return undefined
    if (!(await repeated.isSame(attempt, earlier.key_request!))) return keyReused()
    return { ...attempt, id: earlier.id, reference: earlier.reference, isReplay: true }
  }
  const found: (Attempt | Error | undefined)[] = []
  for (const attempt of attempts) found.push(await find(attempt))
  return found
}

type Recorded = Pick<
  BookingRow,
  'id' | 'reference' | 'show_id' | 'status' | 'key' | 'key_scope' | 'key_request'
>

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

function idReused(): TicketsError {
  return invalidInput('This id belongs to a booking for another show.')
}
