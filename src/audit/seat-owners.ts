import { Sample } from './violations.js'

/** The owner of each seat of one house: the first booking that `give` named. */
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

  /** Groups those of the seats that have an owner by its reference. */
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

  /** Makes a booking the owner of those seats that have none. */
  give(seats: Iterable<number>, reference: string): void {
    // Stores only bookings that get a seat, so there are at most as many as seats.
    const owner = this.#references.length
    for (const seat of seats) {
      if (this.#owners[seat] !== 0) continue
      this.#references[owner] = reference
      this.#owners[seat] = owner
    }
  }
}
