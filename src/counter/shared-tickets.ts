import { type Client, type ClientOptions, openClient } from '../client/open-client.js'
import { identityOf } from '../client/open-from-options.js'

interface Shared {
  tickets: Client
  /** Who works here unless told otherwise. */
  operator: string | undefined
  /** Runs that use it now. */
  users: number
  isOld: boolean
}

/** Recording and deciding go side by side. */
const CONNECTIONS = 2
/**
 * Then the login, the schema and all that was looked at once is looked at anew, and a database that
 * nobody books in any more is left: whoever drops it is kept waiting by PostgreSQL for 5 s.
 */
const LONGEST_MS = 2000

/** Box offices that many runs share, as long as they come from the same place with the same rights. */
export class SharedTickets {
  readonly #current = new Map<string, Shared>()
  readonly #all = new Set<Shared>()

  /** Runs `work` with a way to open box offices that are open already, if a run has used them lately. */
  async lend<T>(work: (open: (options: ClientOptions) => Client) => Promise<T>): Promise<T> {
    const used: Shared[] = []
    try {
      return await work((options) => {
        const shared = this.#open(options)
        used.push(shared)
        const { operator } = options
        const isUsual = operator === undefined || operator === shared.operator
        return isUsual ? shared.tickets : shared.tickets.as(operator)
      })
    } finally {
      for (const shared of used) this.#leave(shared)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(({ tickets }) => tickets.close()))
  }

  #open(options: ClientOptions): Shared {
    const identity = identityOf(options)
    const shared = this.#current.get(identity) ?? this.#openNew(options, identity)
    shared.users++
    return shared
  }

  #openNew(options: ClientOptions, identity: string): Shared {
    const tickets = openClient({ ...options, ...lasting })
    const shared = { tickets, operator: options.operator, users: 0, isOld: false }
    this.#current.set(identity, shared)
    this.#all.add(shared)
    setTimeout(() => {
      this.#current.delete(identity)
      shared.isOld = true
      this.#closeIfDone(shared)
    }, LONGEST_MS).unref()
    return shared
  }

  #leave(shared: Shared): void {
    shared.users--
    this.#closeIfDone(shared)
  }

  #closeIfDone(shared: Shared): void {
    if (!shared.isOld || shared.users > 0) return
    this.#all.delete(shared)
    void shared.tickets.close()
  }
}

/** Neither the signal of one run nor its words may be those of the others. */
const lasting = {
  connections: CONNECTIONS,
  signal: undefined,
  onRetry: undefined,
  trace: undefined,
}
