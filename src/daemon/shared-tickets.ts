import { type Client, openClient } from '../client/open-client.js'
import type { ClientOptions } from '../client/target.js'

/**
 * After this time, a run checks the login, the schema and everything else again, and the daemon
 * disconnects from a database in which nothing more is booked: PostgreSQL makes `drop database`
 * wait for connections (5 s).
 */
const LONGEST_SHARED_MS = 2000
/** Two connections: recording and deciding go side by side. All else belongs to one run alone. */
const SHARED = { connections: 2, signal: undefined, onRetry: undefined, trace: undefined }

/** Clients that runs share if they have the same settings. */
export class SharedTickets {
  readonly #current = new Map<string, Client>()
  readonly #unfinishedRuns: Iterable<Promise<unknown>>

  constructor(unfinishedRuns: Iterable<Promise<unknown>>) {
    this.#unfinishedRuns = unfinishedRuns
  }

  open(options: ClientOptions): Client {
    const settings = JSON.stringify(options)
    const current = this.#current.get(settings)
    if (current) return current
    const tickets = openClient({ ...options, ...SHARED, hasOneDeadline: false })
    this.#current.set(settings, tickets)
    setTimeout(() => this.#retire(settings), LONGEST_SHARED_MS).unref()
    return tickets
  }

  async close(): Promise<void> {
    await Promise.all([...this.#current.keys()].map((settings) => this.#retire(settings)))
  }

  /** Closes a client when the runs that may use it have ended; new runs get another. */
  async #retire(settings: string): Promise<void> {
    const tickets = this.#current.get(settings)
    this.#current.delete(settings)
    await Promise.all(this.#unfinishedRuns)
    await tickets?.close()
  }
}
