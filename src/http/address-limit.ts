import { normalizeIP } from '@fastify/rate-limit'

/** What one address may have open at once. */
export interface AddressLimits {
  connections: number
  /** Streams of the seats of a show. */
  streams: number
}

/**
 * Counts what each address has open, up to a limit. As for the rate, all IPv6 addresses that begin
 * with the same 64 bits are one, since a single customer of a provider has at least as many.
 */
export class AddressLimit {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Takes a place, and returns a function that gives it back, to be called once; undefined when all places are taken. */
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
