import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { connect } from './connect.js'
import type { Database } from './connection.js'
import { query } from './sql.js'

/** An ear on a channel of the server's, on a connection of its own. */
export interface Ear {
  /**
   * Is what is told on the channel really heard? Not while there is no connection, nor behind a
   * pooler that keeps the server's messages to itself: whoever listens must look for themselves.
   */
  readonly hears: boolean
  close(): void
}

/** Gets every message; undefined when hearing begins: what was told before may have been missed. */
export type OnMessage = (message: string | undefined) => void

/**
 * Listens on a channel until it is closed, and connects again whenever the connection is lost.
 * Never throws: without an ear, one has to look more often. `channel` is a plain identifier.
 */
export function listen(db: Database, channel: string, onMessage: OnMessage): Ear {
  return new SessionEar(db, channel, onMessage)
}

const CONNECT_MS = 10_000
const PAUSE_MS = 2000

class SessionEar implements Ear {
  hears = false
  readonly #db: Database
  readonly #channel: string
  readonly #onMessage: OnMessage
  readonly #closing = new AbortController()
  readonly #sockets = new Set<Socket>()

  constructor(db: Database, channel: string, onMessage: OnMessage) {
    this.#db = db
    this.#channel = channel
    this.#onMessage = onMessage
    db.signal?.addEventListener('abort', this.close, { once: true })
    void this.#keepListening(this.#closing.signal)
  }

  close = (): void => {
    this.#db.signal?.removeEventListener('abort', this.close)
    this.#closing.abort()
    this.#cut()
  }

  async #keepListening(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      // Whatever went wrong: the next attempt may do, and until then nothing is heard.
      await this.#listenOnce().catch(() => {})
      this.hears = false
      this.#cut()
      await sleep(PAUSE_MS, undefined, { signal: closing }).catch(() => {})
    }
  }

  /** Until the connection is lost. */
  async #listenOnce(): Promise<void> {
    let lose = () => {}
    const lost = new Promise<void>((resolve) => {
      lose = resolve
    })
    const client = await connect(this.#db.target, {
      timeoutMs: CONNECT_MS,
      sockets: this.#sockets,
      onLost: () => lose(),
    })
    if (this.#closing.signal.aborted) return
    const ownMessage = randomUUID()
    client.on('notification', ({ payload }: pg.Notification) => {
      const isOwn = payload === ownMessage
      this.hears ||= isOwn
      this.#onMessage(isOwn ? undefined : payload)
    })
    await client.query(`listen ${this.#channel}`)
    // From another connection: a pooler would pass on what a connection tells itself.
    await query(this.#db.knex, 'select pg_notify(?, ?)', [this.#channel, ownMessage])
    await lost
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
