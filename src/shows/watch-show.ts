import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/knex-pool.js'
import { subscribe } from '../database/listener.js'
import { type ShowDetails, viewShow } from './shows.js'

export interface WatchOptions {
  /** When aborted, the watch ends without an error. */
  signal?: AbortSignal | undefined
}

/** At most five updates per second; a person cannot follow more. */
const BREATH_MS = 200
/** How often to poll while changes cause no wake-up. */
const POLL_MS = 500
/** How often to check for expired holds, which cause no wake-up. */
const HELD_MS = 1000
/** How late changes without a booking, such as a new name, may appear. */
const QUIET_MS = 5000

/**
 * Yields a show and its house, now and after every change, until `signal` is aborted. Combines
 * changes in quick succession. All watches of a database share one listener; while wake-ups do not
 * arrive, polls twice a second.
 *
 * Throws SHOW_NOT_FOUND, and INTERRUPTED if the database's signal is aborted.
 */
export async function* watchShow(
  db: Database,
  showId: string,
  { signal }: WatchOptions = {},
): AsyncGenerator<ShowDetails> {
  const pause = new Pause([signal, db.signal])
  // Subscribes before the first read, so that a change after it causes a wake-up.
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

function facts(show: ShowDetails) {
  const { name, startTime, timeZone, totalSeats, seatsPerRow, planId, cancelledAt } = show
  return JSON.stringify([name, startTime, timeZone, totalSeats, seatsPerRow, planId, cancelledAt])
}

/** The pause between two reads, which a wake-up or an aborted signal ends early. */
class Pause {
  readonly #aborted: AbortSignal
  #isWoken = false
  #wake = () => {}

  constructor(signals: (AbortSignal | undefined)[]) {
    this.#aborted = AbortSignal.any(signals.filter((signal) => signal !== undefined))
  }

  /** Ends the current `wait`, or the next one. */
  end(): void {
    this.#isWoken = true
    this.#wake()
  }

  /** Waits regardless of wake-ups; if one arrives, the next `wait` ends at once. */
  async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#aborted }).catch(() => {})
  }

  /** Waits for a wake-up; returns at once if there was one since the last wait. */
  async wait(ms: number): Promise<void> {
    const waking = new AbortController()
    this.#wake = () => waking.abort()
    if (this.#isWoken) this.#wake()
    const signal = AbortSignal.any([this.#aborted, waking.signal])
    await sleep(ms, undefined, { signal }).catch(() => {})
    this.#isWoken = false
  }
}
