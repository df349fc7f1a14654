import { identityOf } from '../connect.js'
import { openTickets, type Tickets, type TicketsOptions } from '../index.js'

interface Shared {
  tickets: Tickets
  /** Runs that use it now. */
  users: number
  /** Looks now and then whether anybody still does. */
  look: NodeJS.Timeout
}

/** Recording and deciding go side by side. */
const CONNECTIONS = 2
/** An order may come again soon; a password is not kept for long. */
const IDLE_MS = 60_000

/** Box offices that many runs share, as long as they come from the same place with the same rights. */
export class SharedTickets {
  readonly #shared = new Map<string, Shared>()

  /** Runs `work` with a way to open box offices that are open already, if any run has used them. */
  async lend<T>(work: (open: (options: TicketsOptions) => Tickets) => Promise<T>): Promise<T> {
    const used: Shared[] = []
    try {
      return await work((options) => {
        const shared = this.#open(options)
        used.push(shared)
        return shared.tickets
      })
    } finally {
      for (const shared of used) this.#leave(shared)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shared.keys()].map((identity) => this.#end(identity)))
  }

  #open(options: TicketsOptions): Shared {
    const identity = identityOf(options)
    const known = this.#shared.get(identity)
    const shared = known ?? {
      tickets: openTickets({ ...options, ...lasting }),
      users: 0,
      look: setTimeout(() => this.#endIfIdle(identity), IDLE_MS).unref(),
    }
    this.#shared.set(identity, shared)
    shared.users++
    return shared
  }

  #leave(shared: Shared): void {
    shared.users--
    shared.look.refresh()
  }

  #endIfIdle(identity: string): void {
    const { users, look } = this.#shared.get(identity)!
    if (users > 0) look.refresh()
    else void this.#end(identity)
  }

  async #end(identity: string): Promise<void> {
    const { tickets, look } = this.#shared.get(identity)!
    this.#shared.delete(identity)
    clearTimeout(look)
    await tickets.close()
  }
}

/** Neither the signal of one run nor its words may be those of the others. */
const lasting = { connections: CONNECTIONS, signal: undefined, onProgress: undefined }
