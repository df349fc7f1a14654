import type { SeatSet } from './seat-set.js'
import type { SeatLayout } from './seats.js'

const LONGEST_SUGGESTION = 20

/** A party that wants seats together, and where. */
export interface Party {
  count: number
  /** The index of the only section to choose from; undefined: any. */
  section?: number | undefined
  /** A wheelchair place, with its companion's seat if the party is of two or more. */
  accessible?: boolean | undefined
  /** Gives out wheelchair places and companions' seats too, as far as no other seats are left. */
  includeAccessible?: boolean | undefined
}

/**
 * Chooses `count` free seats, ascending: adjacent in one row if possible, or else adjacent by
 * number, or else in the fewest pieces; in each case nearest the front, which is seat 1. Returns
 * undefined if fewer seats are free. `taken` contains the booked and held seats.
 *
 * It runs while the show is locked, so it checks 32 seats at a time.
 */
export function chooseSeats(
  taken: SeatSet,
  { count }: Party,
  layout: SeatLayout,
): number[] | undefined {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${count} seats cannot be chosen.`)
  }
  return chooseNear(1, taken, count, layout)
}

/**
 * Suggests free seats in place of `wanted`: the same number, by the rule of chooseSeats, but
 * nearest the first wanted seat; on a tie, nearer the front. They may include wanted seats that are
 * free. Returns an empty list if no seats or more than 20 were wanted, or if fewer are free.
 */
export function suggestSeats(
  wanted: readonly number[],
  taken: SeatSet,
  layout: SeatLayout,
): number[] {
  if (wanted.length === 0 || wanted.length > LONGEST_SUGGESTION) {
    return []
  }
  const first = Math.min(...wanted)
  return chooseNear(first, taken, wanted.length, layout) ?? []
}

/**
 * Like chooseSeats, but nearest a seat instead of the front: in its own row, starting at that seat
 * if possible, or else in the nearest row; on a tie, the row nearer the front.
 */
export function chooseAround(
  seat: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  return choose(seat, { taken, count, layout }, (rows) => rows.nearestRow(seat))
}

/** Like chooseSeats, but nearest a seat by number. */
function chooseNear(
  target: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  return choose(target, { taken, count, layout }, (rows) =>
    nearer(target, rows.previous(target), rows.next(target), layout.totalSeats),
  )
}

interface Choice {
  taken: SeatSet
  count: number
  layout: SeatLayout
}

/**
 * In one row if `inOneRow` finds a start, or else adjacent by number, or else in the fewest pieces.
 */
function choose(
  target: number,
  { taken, count, layout }: Choice,
  inOneRow: (rows: RoomInRows) => number | undefined,
): number[] | undefined {
  const { totalSeats, seatsPerRow } = layout
  if (taken.totalSeats !== totalSeats) {
    throw new RangeError(`${taken.totalSeats} seats are not a house of ${totalSeats}.`)
  }
  if (totalSeats - taken.size < count) return undefined
  const hasRows = seatsPerRow !== null && count <= seatsPerRow
  const start =
    (hasRows ? inOneRow(new RoomInRows(taken, count, seatsPerRow)) : undefined) ??
    nearestRoom(target, taken, count)
  return start === undefined
    ? inFewestPieces(target, taken, count)
    : seatsOf([{ start, length: count }])
}

/** Finds places for `count` adjacent free seats in one row. */
class RoomInRows {
  readonly #taken: SeatSet
  readonly #count: number
  readonly #seatsPerRow: number

  constructor(taken: SeatSet, count: number, seatsPerRow: number) {
    this.#taken = taken
    this.#count = count
    this.#seatsPerRow = seatsPerRow
  }

  /** The first such place from `seat` on; a number beyond the house if there is none. */
  next(seat: number): number {
    let start = this.#taken.nextRoom(seat, this.#count)
    while (start <= this.#taken.totalSeats && start > this.#lastStart(start)) {
      start = this.#taken.nextRoom(this.#rowOf(start) + this.#seatsPerRow, this.#count)
    }
    return start
  }

  /** The last such place up to `seat`; 0 if there is none. */
  previous(seat: number): number {
    let start = this.#taken.previousRoom(seat, this.#count)
    while (start > 0 && start > this.#lastStart(start)) {
      start = this.#taken.previousRoom(this.#lastStart(start), this.#count)
    }
    return start
  }

  /**
   * The place in the row nearest to a seat's row, as close to the seat's own column as possible.
   */
  nearestRow(seat: number): number | undefined {
    const own = this.#rowOf(seat)
    const after = this.next(own)
    const before = after <= this.#lastStart(own) ? 0 : this.previous(own)
    const { totalSeats } = this.#taken
    const rowAfter = after > totalSeats ? after : this.#rowOf(after)
    const row = nearer(own, before && this.#rowOf(before), rowAfter, totalSeats)
    if (row === undefined) return undefined
    const place = row + seat - own
    const last = this.#lastStart(row)
    const left = this.previous(Math.min(place, last))
    return nearer(place, left >= row ? left : 0, this.next(place), last)
  }

  /** The first seat of a seat's row. */
  #rowOf(seat: number): number {
    return seat - ((seat - 1) % this.#seatsPerRow)
  }

  /** The last seat of a seat's row at which `count` seats could start. */
  #lastStart(seat: number): number {
    const last = this.#rowOf(seat) + this.#seatsPerRow - this.#count
    return Math.min(last, this.#taken.totalSeats)
  }
}

/**
 * The start of the `count` adjacent free seats nearest to the target; undefined if there are none.
 */
function nearestRoom(target: number, taken: SeatSet, count: number): number | undefined {
  const before = taken.previousRoom(target, count)
  return nearer(target, before, taken.nextRoom(target, count), taken.totalSeats)
}

/**
 * Returns the nearer of a seat before the target (0: none) and one after it (beyond `last`: none).
 */
function nearer(target: number, before: number, after: number, last: number): number | undefined {
  if (before === 0) return after <= last ? after : undefined
  return after > last || target - before <= after - target ? before : after
}

/** A piece of `length` adjacent seats, starting at `start`. */
interface Piece {
  start: number
  length: number
}

/**
 * Takes the largest pieces whole, then the nearest piece with room for the rest. Taking the largest
 * first makes them fewest. `count` seats must be free, but no `count` adjacent ones.
 */
function inFewestPieces(target: number, taken: SeatSet, count: number): number[] {
  const left = taken.clone()
  let pieces: Piece[] = []
  let rest = count
  let length = count
  for (;;) {
    length = longestRoom(left, Math.min(length, rest))
    const whole = nearestRooms(target, left, { length, atMost: Math.ceil(rest / length) - 1 })
    pieces = pieces.concat(whole)
    rest -= whole.length * length
    left.addAll(seatsOf(whole))
    if (left.nextRoom(1, length) > left.totalSeats) continue
    return seatsOf([...pieces, { start: nearestRoom(target, left, rest)!, length: rest }])
  }
}

/** The largest number of adjacent free seats, up to `atMost`. At least one must be free. */
function longestRoom(taken: SeatSet, atMost: number): number {
  let longest = 1
  for (let tooLong = atMost + 1; tooLong - longest > 1; ) {
    const middle = (longest + tooLong) >> 1
    if (taken.nextRoom(1, middle) <= taken.totalSeats) longest = middle
    else tooLong = middle
  }
  return longest
}

/**
 * Returns the pieces of this length nearest to the target, up to a maximum number. No piece may be
 * longer.
 */
function nearestRooms(
  target: number,
  taken: SeatSet,
  { length, atMost }: { length: number; atMost: number },
): Piece[] {
  const pieces: Piece[] = []
  let before = taken.previousRoom(target, length)
  let after = taken.nextRoom(target + 1, length)
  while (pieces.length < atMost) {
    const start = nearer(target, before, after, taken.totalSeats)
    if (start === undefined) break
    pieces.push({ start, length })
    if (start === before) before = taken.previousRoom(before - 1, length)
    else after = taken.nextRoom(after + 1, length)
  }
  return pieces
}

function seatsOf(pieces: Piece[]): number[] {
  const seats: number[] = []
  for (const { start, length } of pieces.sort((a, b) => a.start - b.start)) {
    for (let seat = start; seat < start + length; seat++) seats.push(seat)
  }
  return seats
}
