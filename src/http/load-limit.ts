import type { IncomingMessage } from 'node:http'
import { TicketsError } from '../shared/errors.js'

/** Bytes of one body at most. */
export const BODY_LIMIT = 1024 * 1024

/** What may be under way at once before further requests are turned away. */
export interface LoadLimits {
  requests: number
  /** Bytes of bodies that are still arriving, all together. */
  bytes: number
}

/**
 * Back-pressure: a request and a body that is arriving take memory, so beyond these bounds a request
 * is refused at once.
 */
export class LoadLimit {
  #bytes = 0
  /** The requests under way, and the bytes reserved for their bodies. */
  readonly #underWay = new Map<IncomingMessage, number>()
  readonly #limits: LoadLimits
  #onEmpty = () => {}

  constructor(limits: LoadLimits = { requests: 5000, bytes: 64 * BODY_LIMIT }) {
    this.#limits = limits
  }

  get requests(): number {
    return this.#underWay.size
  }

  /** Lets a request in, without its body. Throws BUSY. */
  enter(request: IncomingMessage): void {
    if (this.requests >= this.#limits.requests) throw tooMuch()
    this.#underWay.set(request, 0)
  }

  /** Reserves room for the body of a request that is in, until `releaseBody`. Throws BUSY. */
  reserveBody(request: IncomingMessage): void {
    // Its client may have left meanwhile.
    if (!this.#underWay.has(request)) return
    const bytes = bytesOf(request)
    if (this.#bytes + bytes > this.#limits.bytes) throw tooMuch()
    this.#underWay.set(request, bytes)
    this.#bytes += bytes
  }

  /** The body has arrived. */
  releaseBody(request: IncomingMessage): void {
    const bytes = this.#underWay.get(request)
    if (bytes === undefined) return
    this.#underWay.set(request, 0)
    this.#bytes -= bytes
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
}

/** Without a length, a body may have any length up to the limit. */
function bytesOf({ headers }: IncomingMessage): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length) || 0, BODY_LIMIT)
  return headers['transfer-encoding'] === undefined ? 0 : BODY_LIMIT
}

function tooMuch(): TicketsError {
  return new TicketsError('BUSY', 'The server has too much to do. Try again soon.')
}
