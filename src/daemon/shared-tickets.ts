import { type Client, type ClientOptions, openClient } from '../client/open-client.js'
import { identityOf } from '../client/open-from-options.js'

/**
 * After this time the login, the schema and all else is looked at anew, and a database in which
 * nothing is booked any more is left: PostgreSQL makes `drop database` wait for connections (5 s).
 */
const LONGEST_MS = 2000
/** Two connections: recording and deciding go side by side. All else belongs to one run alone. */
const SHARED = { connections: 2, signal: undefined, onRetry: undefined, trace: undefined }

/** Clients that runs share, as long as they come from the same place with the same rights. */
export class SharedTickets {
  readonly #current = new Map<string, Shared>()

  /** A client for a run that ends when `run` resolves: opened for it, or shared with others. */
  open(options: ClientOptions, run: Promise<unknown>): Client {
    const identity = identityOf(options)
    const shared = this.#current.get(identity) ?? this.#openNew(options, identity)
    shared.runs.push(run)
    const { operator } = options
    return operator === undefined ? shared.tickets : shared.tickets.as(operator)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#current.keys()].map((identity) => this.#retire(identity)))
  }

  #openNew(options: ClientOptions, identity: string): Shared {
    const tickets = openClient({ ...options, ...SHARED })
    const shared: Shared = { tickets, runs: [] }
    this.#current.set(identity, shared)
    setTimeout(() => this.#retire(identity), LONGEST_MS).unref()
    return shared
  }

  /** Closes a client when its last run has ended; new runs get another. */
  async #retire(identity: string): Promise<void> {
    const shared = this.#current.get(identity)
    this.#current.delete(identity)
    await Promise.all(shared?.runs ?? [])
    await shared?.tickets.close()
  }
}

type Shared = { tickets: Client; runs: Promise<unknown>[] }
