import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/connection.js'
import { listen } from '../database/listen.js'
import { type ShowDetails, viewShow } from './shows.js'

export interface WatchOptions {
  /** Ends the watch, quietly. */
  signal?: AbortSignal
}

/** The triggers on bookings tell here which show's house has changed. */
const CHANNEL = 'tickets_seats'

/** At most five houses a second: more than that, nobody can see. */
const BREATH_MS = 200
/** How often to look where the server's word does not get through. */
const POLL_MS = 500
/** A hold that expires makes no sound. */
const HELD_MS = 1000
/** What changes without a booking, such as the show's name, is seen this late. */
const QUIET_MS = 5000

/**
 * A show and its house, now and after every change, until it is told to end. Changes that come
 * fast are seen together. Throws SHOW_NOT_FOUND, INTERRUPTED when the database's signal is aborted.
 */
export async function* watchShow(
  db: Database,
  showId: string,
  { signal }: WatchOptions = {},
): AsyncGenerator<ShowDetails> {
  const bell = new Bell([signal, db.signal])
  const ear = listen(db, CHANNEL, (id) => {
    if (id === undefined || id === showId) bell.ring()
  })
  try {
    for (let seen: ShowDetails | undefined; !signal?.aborted; ) {
      const show = await viewShow(db, showId)
      if (signal?.aborted) return
      if (seen === undefined || !isSame(seen, show)) yield show
      seen = show
      await bell.rest(BREATH_MS)
      await bell.wait(ear.hears ? (show.held.size > 0 ? HELD_MS : QUIET_MS) : POLL_MS)
    }
  } finally {
    ear.close()
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

/** Waits that end early: when it rings, and for good when one of its signals is aborted. */
class Bell {
  readonly #end: AbortSignal
  #hasRung = false
  #wake = () => {}

  constructor(signals: (AbortSignal | undefined)[]) {
    this.#end = AbortSignal.any(signals.filter((signal) => signal !== undefined))
  }

  ring(): void {
    this.#hasRung = true
    this.#wake()
  }

  /** Waits without an ear for the bell; it is not forgotten that it rang. */
  async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end }).catch(() => {})
  }

  /** Waits until it rings, or has rung since the last time. */
  async wait(ms: number): Promise<void> {
    const waking = new AbortController()
    this.#wake = () => waking.abort()
    if (this.#hasRung) this.#wake()
    const signal = AbortSignal.any([this.#end, waking.signal])
    await sleep(ms, undefined, { signal }).catch(() => {})
    this.#hasRung = false
  }
}
