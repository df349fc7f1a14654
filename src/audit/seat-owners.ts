import { Sample } from './violations.js'

/** Which booking owns each seat of one house: the first one that it is given to. */
export class SeatOwners {
  readonly #owners: Uint32Array
  readonly #references = ['']

  constructor(totalSeats: number) {
    this.#owners = new Uint32Array(totalSeats + 1)
  }

  /** The reference of the booking that owns the seat. */
  ownerOf(seat: number): string | undefined {
    const owner = this.#owners[seat]!
    return owner === 0 ? undefined : this.#references[owner]
  }

  /** Those of the seats that have an owner, by its reference. */
  clashesWith(seats: Iterable<number>): Map<string, Sample<number>> {
    const clashes = new Map<string, Sample<number>>()
    for (const seat of seats) {
      const owner = this.ownerOf(seat)
      if (owner === undefined) continue
      const shared = clashes.get(owner) ?? new Sample()
      shared.add(seat)
      clashes.set(owner, shared)
    }
    return clashes
  }

  /** Gives a booking those of the seats that have no owner. */
  give(seats: Iterable<number>, reference: string): void {
    // Only a booking that gets a seat is remembered: at most as many as there are seats.
    const owner = this.#references.length
    for (const seat of seats) {
      if (this.#owners[seat] !== 0) continue
      this.#references[owner] = reference
      this.#owners[seat] = owner
    }
  }
}
