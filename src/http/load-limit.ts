import type { IncomingMessage } from 'node:http'
import { TicketsError } from '../core/errors.js'

/** What may be under way at once before further requests are turned away. */
export interface LoadLimits {
  requests: number
  /** Bytes of their bodies, all together. */
  bytes: number
}

/**
 * Back-pressure: whatever is accepted takes memory until it is answered, so beyond these bounds a
 * request is told at once to come again.
 */
export class LoadLimit {
  #requests = 0
  #bytes = 0
  readonly #limits: LoadLimits
  readonly #bodyLimit: number

  constructor(limits: LoadLimits, bodyLimit: number) {
    this.#limits = limits
    this.#bodyLimit = bodyLimit
  }

  get requests(): number {
    return this.#requests
  }

  /** Lets a request in and returns what lets it out. Throws BUSY. */
  enter(request: IncomingMessage): () => void {
    const bytes = this.#bytesOf(request)
    if (this.#requests >= this.#limits.requests || this.#bytes + bytes > this.#limits.bytes) {
      throw new TicketsError('BUSY', 'The server has too much to do. Try again soon.')
    }
    this.#requests++
    this.#bytes += bytes
    return () => {
      this.#requests--
      this.#bytes -= bytes
    }
  }

  /** Without a length, a body may be as long as any may be. */
  #bytesOf({ headers }: IncomingMessage): number {
    const length = headers['content-length']
    if (length !== undefined) return Math.min(Number(length) || 0, this.#bodyLimit)
    return headers['transfer-encoding'] === undefined ? 0 : this.#bodyLimit
  }
}
