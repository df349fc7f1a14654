import { Sample } from './violations.js'

/** The owner of each seat of one house: the first booking that `give` named. */
export class SeatOwners {
  /** References by the number of the seat. */
  readonly #owners: (string | undefined)[]

  constructor(totalSeats: number) {
    this.#owners = new Array(totalSeats + 1)
  }

  /** The reference of the booking that owns the seat. */
  ownerOf(seat: number): string | undefined {
    return this.#owners[seat]
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
    for (const seat of seats) this.#owners[seat] ??= reference
  }
}
