import type { SeatSet } from './seat-set.js'
import type { SeatLayout } from './seats.js'

const LONGEST_SUGGESTION = 20

/**
 * Chooses `count` free seats, ascending: together in one row if that can be, else together by
 * number, else in the fewest pieces; each time those nearest the front, which is seat 1.
 * Undefined when fewer are free. `taken` is what is booked or held.
 *
 * It runs while the show is locked, so it looks at 32 seats at a time.
 */
export function chooseSeats(
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${count} seats cannot be chosen.`)
  }
  return chooseNear(1, taken, count, layout)
}

/**
 * Free seats that would have done as well as `wanted`: as many, by the rule of chooseSeats, but
 * nearest the first seat wanted; of two as near, the one nearer the front. They may contain seats
 * that were wanted and are free. Empty when more than 20 seats were wanted, none were, or fewer
 * are free.
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
 * As chooseSeats, but around a seat instead of nearest the front: in its own row, from that seat on
 * where it can be, else in the row nearest to it, of two as near the one nearer the front.
 */
export function chooseAround(
  seat: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  return choose(seat, { taken, count, layout }, (rows) => rows.nearestRow(seat))
}

/** As chooseSeats, but nearest to a seat by number. */
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

/** In one row where `inOneRow` finds a start, else together by number, else in the fewest pieces. */
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

/** Where `count` seats begin that are free and in one row. */
class RoomInRows {
  readonly #taken: SeatSet
  readonly #count: number
  readonly #seatsPerRow: number

  constructor(taken: SeatSet, count: number, seatsPerRow: number) {
    this.#taken = taken
    this.#count = count
    this.#seatsPerRow = seatsPerRow
  }

  /** From `seat` on; beyond the house when there is none. */
  next(seat: number): number {
    let start = this.#taken.nextRoom(seat, this.#count)
    while (start <= this.#taken.totalSeats && start > this.#lastStart(start)) {
      start = this.#taken.nextRoom(this.#rowOf(start) + this.#seatsPerRow, this.#count)
    }
    return start
  }

  /** Up to `seat`; 0 when there is none. */
  previous(seat: number): number {
    let start = this.#taken.previousRoom(seat, this.#count)
    while (start > 0 && start > this.#lastStart(start)) {
      start = this.#taken.previousRoom(this.#lastStart(start), this.#count)
    }
    return start
  }

  /** In the row nearest to a seat's, as near to its place there as can be. */
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

  /** The last seat of a seat's row from which on there can be room. */
  #lastStart(seat: number): number {
    const last = this.#rowOf(seat) + this.#seatsPerRow - this.#count
    return Math.min(last, this.#taken.totalSeats)
  }
}

/** Where `count` free seats begin nearest to the target; undefined when there are none together. */
function nearestRoom(target: number, taken: SeatSet, count: number): number | undefined {
  const before = taken.previousRoom(target, count)
  return nearer(target, before, taken.nextRoom(target, count), taken.totalSeats)
}

/** Of a seat before the target (0: none) and one after it (beyond `last`: none), the nearer. */
function nearer(target: number, before: number, after: number, last: number): number | undefined {
  if (before === 0) return after <= last ? after : undefined
  return after > last || target - before <= after - target ? before : after
}

/** Seats next to one another: `length` of them from `start` on. */
interface Piece {
  start: number
  length: number
}

/**
 * The largest pieces whole, then the nearest one that has room for the rest. Taking the largest
 * first is what makes them fewest. So many must be free, but nowhere together.
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

/** The most seats together that are free, up to `atMost`. One must be free. */
function longestRoom(taken: SeatSet, atMost: number): number {
  let longest = 1
  for (let tooLong = atMost + 1; tooLong - longest > 1; ) {
    const middle = (longest + tooLong) >> 1
    if (taken.nextRoom(1, middle) <= taken.totalSeats) longest = middle
    else tooLong = middle
  }
  return longest
}

/** The pieces of this length, which none exceeds, that are nearest to the target; so many at most. */
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
