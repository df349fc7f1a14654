/** Limits on adjacent seats: they are in one block, and none is excluded. */
export interface RoomBounds {
  /** The first seat of each block. */
  blockStarts: SeatSet
  excluded?: SeatSet | undefined
}

/**
 * A set of seats as bits: bit n-1 is seat n.
 *
 * The bits have the positions of PostgreSQL's `get_bit(bytea, n)`, so that SQL reads the same
 * seats: "Functions get_bit and set_bit number bits from the right within each byte; for example
 * bit 0 is the least significant bit of the first byte, and bit 15 is the most significant bit of
 * the second byte" (PostgreSQL documentation, 9.5 Binary String Functions).
 */
export class SeatSet implements Iterable<number> {
  readonly totalSeats: number
  readonly #bytes: Uint8Array
  /** The same memory as 32-bit words, for speed in a house of 100,000 seats. */
  readonly #words: Int32Array
  #size = 0

  private constructor(totalSeats: number) {
    this.totalSeats = totalSeats
    this.#words = new Int32Array((totalSeats + 31) >> 5)
    this.#bytes = new Uint8Array(this.#words.buffer, 0, byteLength(totalSeats))
  }

  static empty(totalSeats: number): SeatSet {
    return new SeatSet(totalSeats)
  }

  /**
   * Copies a `bytea`. If its length does not match the house or a bit beyond the last seat is set,
   * throws a plain Error, because only a bug or a damaged row can cause this.
   */
  static fromBytes(bytes: Uint8Array, totalSeats: number): SeatSet {
    if (bytes.length !== byteLength(totalSeats)) {
      throw new Error(
        `${totalSeats} seats take ${byteLength(totalSeats)} bytes, not ${bytes.length}.`,
      )
    }
    const set = new SeatSet(totalSeats)
    set.#bytes.set(bytes)
    set.#size = countBits(set.#words)
    if (set.#beyondTheHouse()) {
      throw new Error(`A bit beyond seat ${totalSeats} is set.`)
    }
    return set
  }

  static of(seats: Iterable<number>, totalSeats: number): SeatSet {
    const set = SeatSet.empty(totalSeats)
    set.addAll(seats)
    return set
  }

  get size(): number {
    return this.#size
  }

  /** False for a number that is not a seat of the house. */
  has(seat: number): boolean {
    return this.#contains(seat) && (this.#byteOf(seat) & maskOf(seat)) !== 0
  }

  /** Returns true if the seat was not in the set before. Throws RangeError outside the house. */
  add(seat: number): boolean {
    this.#assertContains(seat)
    if (this.has(seat)) {
      return false
    }
    this.#bytes[(seat - 1) >> 3] = this.#byteOf(seat) | maskOf(seat)
    this.#size++
    return true
  }

  /** Returns true if the seat was in the set before. Throws RangeError outside the house. */
  delete(seat: number): boolean {
    this.#assertContains(seat)
    if (!this.has(seat)) {
      return false
    }
    this.#bytes[(seat - 1) >> 3] = this.#byteOf(seat) & ~maskOf(seat)
    this.#size--
    return true
  }

  /** Throws RangeError if the other house is larger or a seat is outside this one. */
  addAll(seats: SeatSet | Iterable<number>): void {
    if (seats instanceof SeatSet) {
      this.#merge(seats)
      return
    }
    for (const seat of seats) {
      this.add(seat)
    }
  }

  deleteAll(seats: Iterable<number>): void {
    for (const seat of seats) {
      this.delete(seat)
    }
  }

  clone(): SeatSet {
    const clone = SeatSet.empty(this.totalSeats)
    clone.#words.set(this.#words)
    clone.#size = this.#size
    return clone
  }

  /** A copy in the format of a `bytea`. */
  toBytes(): Buffer {
    return Buffer.from(this.#bytes)
  }

  /** The first seat from `seat` on that is in the set; `totalSeats + 1` if there is none. */
  nextIn(seat: number): number {
    return this.#next(seat, 0x00)
  }

  /** The first seat from `seat` on that is not in the set; `totalSeats + 1` if there is none. */
  nextOutside(seat: number): number {
    return this.#next(seat, 0xff)
  }

  /** The number of seats from `first` to `last` that are in the set. */
  countIn(first: number, last: number): number {
    if (this.#size === 0 || last < first) return 0
    const [begin, end] = [(first - 1) >> 5, (last - 1) >> 5]
    let count = 0
    for (let index = begin; index <= end; index++) {
      let bits = this.#wordAt(index)
      if (index === begin) bits &= -1 << ((first - 1) & 31)
      if (index === end) bits &= -1 >>> (31 - ((last - 1) & 31))
      count += bitCount(bits)
    }
    return count
  }

  /**
   * The first seat from `seat` on that starts `count` adjacent seats outside the set; a number
   * beyond `last` if there is none up to it.
   */
  nextRoom(seat: number, count: number, last = this.totalSeats, bounds?: RoomBounds): number {
    let from = seat
    while (from <= last) {
      const start = this.#nextRoomInWords(from, Math.min(count, 32), last, bounds)
      if (count <= 32) return start
      const end = this.#endOfRoom(start, bounds)
      if (end - start >= count) return start
      from = end
    }
    return this.totalSeats + 1
  }

  /**
   * The last seat up to `seat` that starts `count` adjacent seats outside the set; a number before
   * `first` if there is none from it on.
   */
  previousRoom(seat: number, count: number, first = 1, bounds?: RoomBounds): number {
    let from = seat
    while (from >= first) {
      const start = this.#previousRoomInWords(from, Math.min(count, 32), first, bounds)
      if (start === 0 || count <= 32) return start
      const end = this.#endOfRoom(start, bounds)
      if (end - start >= count) return start
      from = Math.min(start - 1, end - count)
    }
    return 0
  }

  /** In ascending order. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let seat = this.nextIn(1); seat <= this.totalSeats; seat = this.nextIn(seat + 1)) {
      yield seat
    }
  }

  /**
   * Finds a 1 in the bits after `^ flip`, and skips 32 seats at a time if they have none. Words are
   * only compared with all zeros or all ones, so the machine's byte order does not matter.
   */
  #next(seat: number, flip: 0x00 | 0xff): number {
    const bytes = this.#bytes
    let index = (seat - 1) >> 3
    let bits = ((bytes[index] ?? flip) ^ flip) & (0xff << ((seat - 1) & 7))
    while (bits === 0 && ++index < bytes.length) {
      if ((index & 3) === 0) index = this.#skipWords(index >> 2, flip === 0 ? 0 : -1) << 2
      bits = (bytes[index] ?? flip) ^ flip
    }
    if (bits === 0) {
      return this.totalSeats + 1
    }
    // If all seats are in the set, this finds the first spare bit, which is totalSeats + 1.
    const lowestBit = 31 - Math.clz32(bits & -bits)
    return index * 8 + lowestBit + 1
  }

  /** The first number after the seats outside the set, in one block, that begin with `start`. */
  #endOfRoom(start: number, bounds?: RoomBounds): number {
    const taken = this.nextIn(start)
    if (bounds === undefined) return taken
    const { blockStarts, excluded } = bounds
    return Math.min(taken, blockStarts.nextIn(start + 1), excluded?.nextIn(start) ?? taken)
  }

  #nextRoomInWords(seat: number, count: number, last: number, bounds?: RoomBounds): number {
    const end = (last + 31) >> 5
    let index = (seat - 1) >> 5
    let room = this.#roomIn(index, count, bounds) & (-1 << ((seat - 1) & 31))
    while (room === 0 && ++index < end) {
      index = this.#skipWords(index, -1, end)
      room = this.#roomIn(index, count, bounds)
    }
    return room === 0 ? this.totalSeats + 1 : index * 32 + 32 - Math.clz32(room & -room)
  }

  #previousRoomInWords(seat: number, count: number, first: number, bounds?: RoomBounds): number {
    const begin = (first - 1) >> 5
    let index = Math.min((seat - 1) >> 5, this.#words.length - 1)
    let room = this.#roomIn(index, count, bounds)
    if (index === (seat - 1) >> 5) room &= -1 >>> (31 - ((seat - 1) & 31))
    while (room === 0 && --index >= begin) room = this.#roomIn(index, count, bounds)
    return room === 0 ? 0 : index * 32 + 32 - Math.clz32(room)
  }

  /**
   * Returns, as bits, those of 32 seats that start `count` (at most 32) adjacent seats outside the
   * set. Combines room for a few seats with the same room further on into room for more.
   */
  #roomIn(index: number, count: number, bounds?: RoomBounds): number {
    const outside = this.#outsideIn(index, bounds)
    if (outside === 0 || count === 1) return outside
    // In a nearly full house, most free seats are single.
    if ((outside & ((outside >>> 1) | -0x80000000)) === 0) return 0
    const blockStarts = bounds?.blockStarts
    const following = blockStarts ? outside & ~blockStarts.#wordAt(index) : outside
    const next = this.#outsideIn(index + 1, bounds)
    const nextFollowing = blockStarts ? next & ~blockStarts.#wordAt(index + 1) : next
    // Bit n: the seats after seat n that are outside the set and in its block, `have` of them.
    let room = (following >>> 1) | (nextFollowing << 31)
    let further = nextFollowing >>> 1
    for (let have = 1; have < count - 1; ) {
      const more = Math.min(have, count - 1 - have)
      room &= (room >>> more) | (further << (32 - more))
      further &= further >>> more
      have += more
    }
    return outside & room
  }

  /**
   * Returns, as bits, those of 32 seats that are not in the set; the lowest bit is the first seat.
   */
  #outsideIn(index: number, bounds?: RoomBounds): number {
    if (index >= this.#words.length) return 0
    const excluded = bounds?.excluded
    const outside = ~(this.#wordAt(index) | (excluded ? excluded.#wordAt(index) : 0))
    const beyond = (index + 1) * 32 - this.totalSeats
    return beyond <= 0 ? outside : outside & (-1 >>> beyond)
  }

  /** Returns, as bits, those of 32 seats that are in the set; the lowest bit is the first seat. */
  #wordAt(index: number): number {
    return littleEndian(this.#words[index] ?? 0)
  }

  /** The first word from `index` on and before `end` that differs from `word`; `end` if none does. */
  #skipWords(index: number, word: 0 | -1, end = this.#words.length): number {
    const words = this.#words
    let found = index
    while (found < end && words[found] === word) {
      found++
    }
    return found
  }

  #merge(other: SeatSet): void {
    if (other.totalSeats > this.totalSeats) {
      throw new RangeError(
        `${other.totalSeats} seats do not fit into a house of ${this.totalSeats}.`,
      )
    }
    const words = this.#words
    for (let i = 0; i < other.#words.length; i++) {
      words[i]! |= other.#words[i]!
    }
    this.#size = countBits(words)
  }

  #byteOf(seat: number): number {
    return this.#bytes[(seat - 1) >> 3] ?? 0
  }

  #contains(seat: number): boolean {
    return Number.isInteger(seat) && seat >= 1 && seat <= this.totalSeats
  }

  #assertContains(seat: number): void {
    if (!this.#contains(seat)) {
      throw new RangeError(`${seat} is not a seat of a house of ${this.totalSeats}.`)
    }
  }

  #beyondTheHouse(): boolean {
    const usedBits = this.totalSeats & 7
    return usedBits !== 0 && (this.#bytes.at(-1) ?? 0) >> usedBits !== 0
  }
}

function byteLength(totalSeats: number): number {
  return (totalSeats + 7) >> 3
}

function maskOf(seat: number): number {
  return 1 << ((seat - 1) & 7)
}

const isLittleEndian = new Uint8Array(Int32Array.of(1).buffer)[0] === 1

/** Reads a 32-bit word as a little-endian number. */
function littleEndian(word: number): number {
  if (isLittleEndian) return word
  return (word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)
}

function countBits(words: Int32Array): number {
  let count = 0
  for (let i = 0; i < words.length; i++) count += bitCount(words[i]!)
  return count
}

/** Counts bits in parallel: Warren, "Hacker's Delight", 5-1. */
function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f
  return Math.imul(bits, 0x01010101) >>> 24
}
