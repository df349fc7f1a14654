import type { IncomingMessage } from 'node:http'
import { TicketsError } from '../shared/errors.js'

/** The maximum size of a body, in bytes, unless its route has another. */
export const BODY_LIMIT = 1024 * 1024
/** The maximum size of a body that may contain a plan: its text has up to 2,000,000 characters of three bytes. */
export const PLAN_BODY_LIMIT = 8 * BODY_LIMIT

/** The load above which further requests are refused. */
export interface LoadLimits {
  requests: number
  /** The total size of bodies that are still arriving, in bytes. */
  bytes: number
}

/**
 * Back-pressure: requests and arriving bodies take memory, so a request beyond these limits is
 * refused at once.
 */
export class LoadLimit {
  #bytes = 0
  /** The requests in progress, and the bytes reserved for their bodies. */
  readonly #underWay = new Map<IncomingMessage, number>()
  readonly #limits: LoadLimits
  #onEmpty = () => {}

  constructor(limits: LoadLimits = { requests: 5000, bytes: 64 * BODY_LIMIT }) {
    this.#limits = limits
  }

  get requests(): number {
    return this.#underWay.size
  }

  /** Admits a request, without its body. Throws BUSY. */
  enter(request: IncomingMessage): void {
    if (this.requests >= this.#limits.requests) throw tooMuch()
    this.#underWay.set(request, 0)
  }

  /**
   * Reserves room for the body of an admitted request, until `releaseBody`; it has at most `most`
   * bytes. Throws BUSY.
   */
  reserveBody(request: IncomingMessage, most = BODY_LIMIT): void {
    // The client may have disconnected in the meantime.
    if (!this.#underWay.has(request)) return
    const bytes = bytesOf(request, most)
    if (this.#bytes + bytes > this.#limits.bytes) throw tooMuch()
    this.#underWay.set(request, bytes)
    this.#bytes += bytes
  }

  /** Frees the room of a body that has arrived. */
  releaseBody(request: IncomingMessage): void {
    const bytes = this.#underWay.get(request)
    if (bytes === undefined) return
    this.#underWay.set(request, 0)
    this.#bytes -= bytes
  }

  /** Ends a request, if it was admitted. */
  leave(request: IncomingMessage): void {
    this.#bytes -= this.#underWay.get(request) ?? 0
    this.#underWay.delete(request)
    if (this.requests === 0) this.#onEmpty()
  }

  /** Resolves when no request is in progress. */
  async empty(): Promise<void> {
    if (this.requests === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }
}

/** A body without a declared length may have any length up to the limit. */
function bytesOf({ headers }: IncomingMessage, most: number): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length) || 0, most)
  return headers['transfer-encoding'] === undefined ? 0 : most
}

function tooMuch(): TicketsError {
  return new TicketsError('BUSY', 'The server is overloaded. Try again soon.')
}
