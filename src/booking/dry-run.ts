import { createHash } from 'node:crypto'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { decide, type House } from '../house/decide.js'
import { withViewWarning } from '../house/restricted-view.js'
import { TicketsError } from '../shared/errors.js'
import { canonicalText } from '../shared/fold-text.js'
import type { Warned } from '../shared/warnings.js'
import { readLayout } from '../shows/layouts.js'
import { heldSeats, houseOf, readHouse, warningsOf } from '../shows/locked-house.js'
import { IS_EXPIRED_HOLD, showNotFound } from '../shows/shows.js'
import { type Attempt, attemptOf, type RequestedShow, scopedKey } from './attempt.js'
import {
  type Booking,
  type BookingRequest,
  type BookingRow,
  namesOf,
  refusalError,
} from './booking.js'
import { formatReference } from './references.js'
import { keyReused, RepeatedRequests } from './repeated-request.js'

/** What a request would get. */
export interface DryRunOutcome extends Warned, Pick<Booking, 'seatLabels' | 'section'> {
  showId: string
  seats: readonly number[]
  customer: string | null
  /** Whether an earlier request had the same key, so that its booking would be returned. */
  replayed: boolean
  /** That booking; undefined if the earlier request is one of the dry run, which makes none. */
  earlier?: EarlierBooking | undefined
}

/** A booking that an earlier request made with the same key, as it is now. */
export interface EarlierBooking extends Pick<Booking, 'reference' | 'status'> {
  /** Whether it is a hold that has expired. */
  hasExpired: boolean
}

/**
 * Decides requests without booking anything. Each request sees its house as it was when the dry run
 * first read it, minus the seats of the earlier requests. Writes and locks nothing.
 *
 * Remembers the houses that it has read and the keys of the requests.
 */
export class BatchDryRun {
  readonly #db: Database
  readonly #houses = new Map<string, House & Warned>()
  /** Keyed by `scopedKey`. */
  readonly #keys = new Map<string, Earlier>()

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * Decides a batch of requests for one show, in order. Returns, for each, what it would get or the
   * error that it would fail with. Throws SHOW_NOT_FOUND and the database's own errors.
   */
  async bookSeats(
    showId: string,
    requests: readonly BookingRequest[],
  ): Promise<(DryRunOutcome | Error)[]> {
    const house = await this.#houseOf(showId)
    const { warnings } = house
    const show = { showId, layout: house.layout }
    const checked = requests.map((request) => attemptOf(request, show))
    await this.#recallKeys(show, checked)
    return checked.map((valid) => {
      if (valid instanceof TicketsError) return valid
      const { verdict, names, booking: earlier, replayed } = this.#verdictOn(valid, house)
      if (verdict instanceof TicketsError) return verdict
      const hasSeats = earlier?.status !== 'CANCELLED' && !earlier?.hasExpired
      return {
        showId,
        seats: verdict,
        ...(names ?? namesOf(verdict, house.layout)),
        customer: valid.customer,
        replayed,
        ...(earlier && { earlier }),
        ...(hasSeats && withViewWarning({ warnings }, verdict, house.layout)),
      }
    })
  }

  async #houseOf(showId: string): Promise<House & Warned> {
    const known = this.#houses.get(showId)
    if (known) return known
    const house = await withRetry(this.#db, () => snapshotOf(this.#db, showId))
    if (house === undefined) throw showNotFound(showId)
    this.#houses.set(showId, house)
    return house
  }

  /** Reads the bookings of those keys that this dry run has not seen yet. */
  async #recallKeys(
    { showId, layout }: RequestedShow,
    checked: readonly (Attempt | TicketsError)[],
  ): Promise<void> {
    const unknown = new Map<string, Attempt>()
    for (const valid of checked) {
      if (valid instanceof TicketsError || valid.key === null) continue
      if (this.#earlier(valid) === undefined)
        unknown.set(scopedKey(valid.keyScope, valid.key), valid)
    }
    if (unknown.size === 0) return
    const rows = await withRetry(this.#db, () =>
      query<KeyedRow>(
        this.#db.knex,
        `select reference, show_id, status, key, key_scope, key_request, seats, former_seats, failure,
                ${IS_EXPIRED_HOLD} as has_expired
         from bookings
         where key = any(?::text[]) and status <> 'PENDING'`,
        [[...unknown.values()].map(({ key }) => key)],
      ),
    )
    const repeated = new RepeatedRequests(this.#db.knex, showId)
    for (const row of rows) {
      const { key, key_scope: scope, key_request, seats, failure, status } = row
      const verdict = failure === null ? seats : refusalError(failure)
      const isHere = row.show_id === showId
      const own = isHere
        ? layout
        : await withRetry(this.#db, () => readLayout(this.#db.knex, row.show_id))
      const names = namesOf(seats, own, row.former_seats)
      const request = unknown.get(scopedKey(scope, key!))
      const isSame =
        request !== undefined &&
        (await withRetry(this.#db, () => repeated.isSame(request, key_request!)))
      const text = isSame ? request.keyRequest! : key_request!
      const reference = formatReference(row.reference)
      const booking = { reference, status, hasExpired: row.has_expired }
      this.#keys.set(scopedKey(scope, key!), { request: digestOf(text), verdict, names, booking })
    }
  }

  #verdictOn(valid: Attempt, house: House): Omit<Earlier, 'request'> & { replayed: boolean } {
    const request = valid.keyRequest === null ? '' : digestOf(valid.keyRequest)
    const earlier = this.#earlier(valid)
    if (earlier) {
      const { verdict, names, booking } = earlier
      const isSame = earlier.request === request
      return { verdict: isSame ? verdict : keyReused(), names, booking, replayed: true }
    }
    const decided = decide(house, valid.wanted)
    const verdict = 'refusal' in decided ? refusalError(decided.refusal) : decided.seats
    if ('seats' in decided) house.taken.addAll(decided.seats)
    if (valid.key !== null)
      this.#keys.set(scopedKey(valid.keyScope, valid.key), { request, verdict })
    return { verdict, replayed: false }
  }

  #earlier({ key, keyScope }: Attempt): Earlier | undefined {
    return key === null ? undefined : this.#keys.get(scopedKey(keyScope, key))
  }
}

type Seats = readonly number[]

/** The first request with a key, and its result. */
interface Earlier {
  request: string
  verdict: Seats | TicketsError
  /** The names of the seats of a booking that exists: it may be in another show by now. */
  names?: ReturnType<typeof namesOf> | undefined
  /** Undefined if the request is one of the dry run. */
  booking?: EarlierBooking | undefined
}

interface KeyedRow
  extends Pick<
    BookingRow,
    | ('reference' | 'show_id' | 'status' | 'key' | 'key_scope' | 'key_request')
    | ('seats' | 'former_seats' | 'failure')
  > {
  has_expired: boolean
}

async function snapshotOf(db: Database, showId: string): Promise<(House & Warned) | undefined> {
  return db.knex.transaction(
    async (trx) => {
      const show = await readHouse(trx, showId)
      return show && { ...houseOf(show, await heldSeats(trx, showId)), ...warningsOf(show) }
    },
    { readOnly: true, isolationLevel: 'repeatable read' },
  )
}

/** Identifies a request for comparison, in a tenth of its length. */
function digestOf(keyRequest: string): string {
  return createHash('sha256').update(canonicalText(keyRequest)).digest('base64')
}
