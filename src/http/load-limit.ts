import type { IncomingMessage } from 'node:http'
import { TicketsError } from '../core/errors.js'

/** Bytes of one body at most. */
export const BODY_LIMIT = 1024 * 1024

/** What may be under way at once before further requests are turned away. */
export interface LoadLimits {
  requests: number
  /** Bytes of their bodies, all together. */
  bytes: number
}

/**
 * Back-pressure: whatever is accepted takes memory until it is done with, so beyond these bounds a
 * request is told at once to come again.
 */
export class LoadLimit {
  #bytes = 0
  /** The requests under way, and how long their bodies may be. */
  readonly #underWay = new Map<IncomingMessage, number>()
  readonly #limits: LoadLimits
  #onEmpty = () => {}

  constructor(limits: LoadLimits = { requests: 5000, bytes: 64 * BODY_LIMIT }) {
    this.#limits = limits
  }

  get requests(): number {
    return this.#underWay.size
  }

  /** Lets a request in. Throws BUSY. */
  enter(request: IncomingMessage): void {
    const bytes = this.#bytesOf(request)
    if (this.requests >= this.#limits.requests || this.#bytes + bytes > this.#limits.bytes) {
      throw new TicketsError('BUSY', 'The server has too much to do. Try again soon.')
    }
    this.#underWay.set(request, bytes)
    this.#bytes += bytes
  }

  /** Lets a request out, if it was in. */
  leave(request: IncomingMessage): void {
    this.#bytes -= this.#underWay.get(request) ?? 0
    this.#underWay.delete(request)
    if (this.requests === 0) this.#onEmpty()
  }

  /** Resolves when everybody is out. */
  async empty(): Promise<void> {
    if (this.requests === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  /** Without a length, a body may be as long as any may be. */
  #bytesOf({ headers }: IncomingMessage): number {
    const length = headers['content-length']
    if (length !== undefined) return Math.min(Number(length) || 0, BODY_LIMIT)
    return headers['transfer-encoding'] === undefined ? 0 : BODY_LIMIT
  }
}
