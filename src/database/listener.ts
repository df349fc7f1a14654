import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import type pg from 'pg'
import { pgConnect } from './connection/pg-connect.js'
import type { Database } from './knex-pool.js'
import { query } from './sql.js'

/** A request to be woken, until it is closed. */
export interface Subscription {
  /**
   * Whether changes cause wake-ups. False without a connection, or behind a pooler that does not
   * forward notifications; the subscriber must then poll.
   */
  readonly isLive: boolean
  close(): void
}

/**
 * Calls `onWakeUp` after every change of a show's bookings, and when listening begins or ends,
 * because a change before that may have caused no wake-up. A change of the show alone, such as its
 * size, causes none. Subscribe before you read the house, and you miss no change of a booking.
 *
 * All subscriptions of a database share one listener, which has one connection outside the pool.
 * The connection is opened for the first subscription, reopened if it is lost, and closed after the
 * last subscription. Never throws.
 */
export function subscribe(db: Database, showId: string, onWakeUp: () => void): Subscription {
  let listener = listeners.get(db.knex)
  if (listener === undefined) {
    listener = new Listener(db, () => listeners.delete(db.knex))
    listeners.set(db.knex, listener)
  }
  return listener.subscribe(showId, onWakeUp)
}

/** How many connections this database has open for listening: none or one. */
export function listenerConnections(db: Database): number {
  return listeners.get(db.knex)?.connections ?? 0
}

/** Keyed by the pool, which the databases of several operators share. */
const listeners = new WeakMap<Knex, Listener>()

/** The triggers on bookings send the id of each changed show to this channel. */
const CHANNEL = 'tickets_seats'
const CONNECT_MS = 10_000
const LISTEN_TIMEOUT_MS = 5000
const PAUSE_MS = 2000

class Listener {
  isLive = false
  readonly #db: Database
  readonly #onClose: () => void
  readonly #subscribers = new Map<string, Set<() => void>>()
  readonly #closing = new AbortController()
  readonly #sockets = new Set<Socket>()

  constructor(db: Database, onClose: () => void) {
    this.#db = db
    this.#onClose = onClose
    // Stops listening; subscribers poll until they close.
    if (db.signal?.aborted) this.#closing.abort()
    db.signal?.addEventListener('abort', this.#close, { once: true })
    void this.#keepListening(this.#closing.signal)
  }

  get connections(): number {
    return this.#sockets.size
  }

  subscribe(showId: string, onWakeUp: () => void): Subscription {
    // A new function for each subscription, so that a function may subscribe twice.
    const wake = () => onWakeUp()
    const ofShow = this.#subscribers.get(showId) ?? new Set()
    this.#subscribers.set(showId, ofShow.add(wake))
    const listener = this
    return {
      get isLive() {
        return listener.isLive
      },
      close() {
        ofShow.delete(wake)
        if (ofShow.size > 0 || listener.#subscribers.get(showId) !== ofShow) return
        listener.#subscribers.delete(showId)
        if (listener.#subscribers.size === 0) listener.#close()
      },
    }
  }

  #close = (): void => {
    this.#db.signal?.removeEventListener('abort', this.#close)
    this.#closing.abort()
    this.#cut()
    this.#onClose()
  }

  async #keepListening(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      // Any failure may be temporary; until a retry succeeds, subscribers poll.
      await this.#listenOnce().catch(() => {})
      this.#cut()
      this.#setLive(false)
      await sleep(PAUSE_MS, undefined, { signal: closing }).catch(() => {})
    }
  }

  /** Listens on one connection; returns when it is lost. */
  async #listenOnce(): Promise<void> {
    let lose = () => {}
    const lost = new Promise<void>((resolve) => {
      lose = resolve
    })
    const client = await pgConnect(this.#db.target, {
      timeoutMs: CONNECT_MS,
      sockets: this.#sockets,
      onLost: () => lose(),
    })
    if (this.#closing.signal.aborted) return
    const ownMessage = randomUUID()
    client.on('notification', ({ payload = '' }: pg.Notification) => {
      if (payload === ownMessage) this.#setLive(true)
      else for (const wake of this.#subscribers.get(payload) ?? []) wake()
    })
    const timer = setTimeout(() => this.#cut(), LISTEN_TIMEOUT_MS)
    await client.query(`listen ${CHANNEL}`).finally(() => clearTimeout(timer))
    // Sent from another connection, because a pooler may return a connection's own notifications to
    // it and forward no others.
    await query(this.#db.knex, 'select pg_notify(?, ?)', [CHANNEL, ownMessage])
    await lost
  }

  #setLive(isLive: boolean): void {
    if (this.isLive === isLive) return
    this.isLive = isLive
    for (const ofShow of this.#subscribers.values()) for (const wake of ofShow) wake()
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
