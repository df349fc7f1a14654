import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/knex-pool.js'
import { subscribe } from '../database/listener.js'
import { type ShowDetails, viewShow } from './shows.js'

export interface WatchOptions {
  /** Ends the watch, quietly. */
  signal?: AbortSignal | undefined
}

/** At most five houses a second: more than that, no person can follow. */
const BREATH_MS = 200
/** How often to look while changes cause no wake-up. */
const POLL_MS = 500
/** A hold that expires causes no wake-up. */
const HELD_MS = 1000
/** What changes without a booking, such as the show's name, is seen this late. */
const QUIET_MS = 5000

/**
 * Yields a show and its house, now and after every change, until `signal` is aborted. Changes that
 * come fast are yielded together. All watches of a database share one listener; while it has no
 * connection, the house is read twice a second instead.
 *
 * Throws SHOW_NOT_FOUND, and INTERRUPTED when the database's signal is aborted.
 */
export async function* watchShow(
  db: Database,
  showId: string,
  { signal }: WatchOptions = {},
): AsyncGenerator<ShowDetails> {
  const pause = new Pause([signal, db.signal])
  // Before the first look: a change between the two wakes the watch, and is seen at the next look.
  const subscription = subscribe(db, showId, () => pause.end())
  try {
    for (let seen: ShowDetails | undefined; !signal?.aborted; ) {
      const show = await viewShow(db, showId)
      if (signal?.aborted) return
      if (seen === undefined || !isSame(seen, show)) yield show
      seen = show
      await pause.rest(BREATH_MS)
      const longestMs = show.held.size > 0 ? HELD_MS : QUIET_MS
      await pause.wait(subscription.isLive ? longestMs : POLL_MS)
    }
  } finally {
    subscription.close()
  }
}

function isSame(before: ShowDetails, after: ShowDetails): boolean {
  return (
    facts(before) === facts(after) &&
    before.booked.toBytes().equals(after.booked.toBytes()) &&
    before.held.toBytes().equals(after.held.toBytes())
  )
}

function facts({ name, startTime, timeZone, totalSeats, seatsPerRow, cancelledAt }: ShowDetails) {
  return JSON.stringify([name, startTime, timeZone, totalSeats, seatsPerRow, cancelledAt])
}

/** The time between two looks, which ends early at a wake-up, or when a signal is aborted. */
class Pause {
  readonly #abortion: AbortSignal
  #isWoken = false
  #wake = () => {}

  constructor(signals: (AbortSignal | undefined)[]) {
    this.#abortion = AbortSignal.any(signals.filter((signal) => signal !== undefined))
  }

  /** Wakes it now, or at its next `wait`. */
  end(): void {
    this.#isWoken = true
    this.#wake()
  }

  /** Waits, whatever wakes it meanwhile; the next `wait` then ends at once. */
  async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#abortion }).catch(() => {})
  }

  /** Waits until it is woken, or was since the last time. */
  async wait(ms: number): Promise<void> {
    const waking = new AbortController()
    this.#wake = () => waking.abort()
    if (this.#isWoken) this.#wake()
    const signal = AbortSignal.any([this.#abortion, waking.signal])
    await sleep(ms, undefined, { signal }).catch(() => {})
    this.#isWoken = false
  }
}
