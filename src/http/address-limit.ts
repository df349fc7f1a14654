import { normalizeIP } from '@fastify/rate-limit'

/** The most that one address may have open at once. */
export interface AddressLimits {
  connections: number
  /** Streams of a show's seats. */
  streams: number
}

/**
 * Counts what each address has open, up to a limit. Like the rate limit, treats all IPv6 addresses
 * with the same first 64 bits as one, because a provider gives each customer at least that many.
 */
export class AddressLimit {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /**
   * Takes a slot. Returns a function that frees it, to be called once; undefined if no slot is
   * free.
   */
  enter(address: string): (() => void) | undefined {
    const key = normalizeIP(address)
    const open = this.#open.get(key) ?? 0
    if (open >= this.#most) return undefined
    this.#open.set(key, open + 1)
    return () => this.#leave(key)
  }

  #leave(key: string): void {
    const left = this.#open.get(key)! - 1
    if (left > 0) this.#open.set(key, left)
    else this.#open.delete(key)
  }
}
