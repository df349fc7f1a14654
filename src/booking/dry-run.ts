import { createHash } from 'node:crypto'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { decide, type House } from '../house/decide.js'
import { seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { canonicalText } from '../shared/fold-text.js'
import { heldSeats, houseOf, selectHouse, warningsOf } from '../shows/locked-house.js'
import { showNotFound } from '../shows/shows.js'
import type { Warned } from '../shows/warnings.js'
import { type Draft, draftOf, scopedKey } from './attempt.js'
import { refusalError } from './book-seats.js'
import type { BookingRequest, BookingRow } from './booking.js'
import { keyReused } from './record-attempt.js'

/** What a request would get. */
export interface Rehearsed extends Warned {
  showId: string
  seats: readonly number[]
  seatLabels: string[]
  customer: string | null
  /** An earlier request had the same key, and this would be its booking. */
  replayed: boolean
}

/**
 * Bookings that are decided and not made: each sees the houses as they were when the rehearsal first
 * needed them, with the seats of those that were rehearsed before it. Writes and locks nothing.
 *
 * It remembers the houses that it has seen and the keys that it was given.
 */
export class Rehearsal {
  readonly #db: Database
  readonly #houses = new Map<string, House & Warned>()
  /** By `scopedKey`. */
  readonly #keys = new Map<string, Earlier>()

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * Decides a batch of requests for one show, in their order. Returns, for each, what it would get
   * or the error that a booking would end with. Throws SHOW_NOT_FOUND and the database's own.
   */
  async bookSeats(
    showId: string,
    requests: readonly BookingRequest[],
  ): Promise<(Rehearsed | Error)[]> {
    const house = await this.#houseOf(showId)
    const { warnings } = house
    const drafts = requests.map((request) => draftOf(request, showId, house.layout))
    await this.#recallKeys(drafts)
    return drafts.map((draft) => {
      if (draft instanceof TicketsError) return draft
      const { verdict, replayed } = this.#verdictOn(draft, house)
      if (verdict instanceof TicketsError) return verdict
      return {
        showId,
        seats: verdict,
        seatLabels: verdict.map((seat) => seatLabel(seat, house.layout)),
        customer: draft.customer,
        replayed,
        ...(warnings && { warnings }),
      }
    })
  }

  async #houseOf(showId: string): Promise<House & Warned> {
    const known = this.#houses.get(showId)
    if (known) return known
    const house = await withRetry(this.#db, () => readHouse(this.#db, showId))
    if (house === undefined) throw showNotFound(showId)
    this.#houses.set(showId, house)
    return house
  }

  /** What the database knows of the keys; what this rehearsal knows of them already stands. */
  async #recallKeys(drafts: readonly (Draft | TicketsError)[]): Promise<void> {
    const unknown = drafts.flatMap((draft) =>
      draft instanceof TicketsError || draft.key === null || this.#earlier(draft) !== undefined
        ? []
        : [draft.key],
    )
    if (unknown.length === 0) return
    const rows = await withRetry(this.#db, () =>
      query<Pick<BookingRow, 'key' | 'key_scope' | 'key_request' | 'seats' | 'failure'>>(
        this.#db.knex,
        `select key, key_scope, key_request, seats, failure from bookings
         where key = any(?::text[]) and status <> 'PENDING'`,
        [unknown],
      ),
    )
    for (const { key, key_scope: scope, key_request, seats, failure } of rows) {
      const verdict = failure === null ? seats : refusalError(failure)
      this.#keys.set(scopedKey(scope, key!), { request: digestOf(key_request!), verdict })
    }
  }

  #verdictOn(draft: Draft, house: House): { verdict: Seats | TicketsError; replayed: boolean } {
    const request = draft.keyRequest === null ? '' : digestOf(draft.keyRequest)
    const earlier = this.#earlier(draft)
    if (earlier) {
      return {
        verdict: earlier.request === request ? earlier.verdict : keyReused(),
        replayed: true,
      }
    }
    const decided = decide(house, draft.wanted)
    const verdict = 'refusal' in decided ? refusalError(decided.refusal) : decided.seats
    if ('seats' in decided) house.taken.addAll(decided.seats)
    if (draft.key !== null)
      this.#keys.set(scopedKey(draft.keyScope, draft.key), { request, verdict })
    return { verdict, replayed: false }
  }

  #earlier({ key, keyScope }: Draft): Earlier | undefined {
    return key === null ? undefined : this.#keys.get(scopedKey(keyScope, key))
  }
}

type Seats = readonly number[]

/** What a key was given with, and what came of it. */
interface Earlier {
  request: string
  verdict: Seats | TicketsError
}

async function readHouse(db: Database, showId: string): Promise<(House & Warned) | undefined> {
  return db.knex.transaction(
    async (trx) => {
      const show = await selectHouse(trx, showId)
      return show && { ...houseOf(show, await heldSeats(trx, showId)), ...warningsOf(show) }
    },
    { readOnly: true, isolationLevel: 'repeatable read' },
  )
}

/** Stands for a request, as texts are compared, in a tenth of its length. */
function digestOf(keyRequest: string): string {
  return createHash('sha256').update(canonicalText(keyRequest)).digest('base64')
}
