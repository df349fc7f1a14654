import type { SeatSet } from '../seat-set.js'
import {
  type Floor,
  isIn,
  offsetOf,
  type Spot,
  type Stretches,
  stretchAt,
  stretchOfRow,
  stretchUpTo,
} from './floor.js'

/** A row is as deep as two seats are wide. Distances are in half seats. */
const ROW_DEPTH = 4

/** Where to look for seats, and which of them are the best. */
export interface Aim {
  floor: Floor
  /** The sections to look in, the best first. */
  sections: readonly number[]
  /** Where the middle of `count` seats should be; undefined: at the sweet spot of each section. */
  spot?: (count: number) => Spot
  /** Whether nearness to the spot comes before the demerits of the seats. */
  isNearest?: boolean
  /** How far a row is, in half seats; by default as far as two seats. */
  rowDepth?: number
  /** The floor to take the rest from if all seats of the aim's own floor are too few. */
  reserve?: Floor
}

/** Adjacent seats. */
export interface Piece {
  start: number
  length: number
}

/**
 * Finds the best `count` adjacent free seats in one block, or in one row across its aisles;
 * undefined if there are none.
 *
 * In each section it goes from the row of the spot to both ends, and in each row from the column of
 * the spot to both ends. It skips seats without room 32 at a time, and stops at the distance where
 * nothing better can follow.
 */
export function findTogether(
  taken: SeatSet,
  count: number,
  aim: Aim,
  isAcrossAisles = false,
): Piece | undefined {
  const stretches = isAcrossAisles ? aim.floor.acrossAisles : aim.floor.blocks
  if (stretches === undefined || count > stretches.longest) return undefined
  const search = new Search({ taken, count, aim, stretches })
  for (const [rank, section] of aim.sections.entries()) {
    search.searchSection(section, rank)
    if (search.isSettled) break
  }
  return search.best && { start: search.best.start, length: count }
}

/**
 * Finds the best `atMost` pieces of `length` seats; no block may have more room than that. Finds
 * the same as `findTogether` one by one, but in one pass through the house.
 */
export function findPieces(
  taken: SeatSet,
  { length, atMost, aim }: { length: number; atMost: number; aim: Aim },
): Piece[] {
  const candidates: Candidate[] = []
  const search = new Search({
    ...{ taken, count: length, aim, stretches: aim.floor.blocks },
    onCandidate: (candidate) => candidates.push(candidate),
  })
  for (const [rank, section] of aim.sections.entries()) search.searchSection(section, rank)
  candidates.sort((a, b) => compare(a, b, aim))
  return candidates.slice(0, atMost).map(({ start }) => ({ start, length }))
}

/** The largest number of adjacent free seats in a block, up to `atMost`; 0 if none is free. */
export function longestRoom(taken: SeatSet, atMost: number, { floor, sections }: Aim): number {
  const { blocks } = floor
  let longest = 0
  for (let tooLong = Math.min(atMost, blocks.longest) + 1; tooLong - longest > 1; ) {
    const count = (longest + tooLong) >> 1
    const rooms = new Rooms(taken, count, blocks)
    const hasRoom = sections.some((section) => rooms.next(...blocksOf(blocks, section)) !== -1)
    if (hasRoom) longest = count
    else tooLong = count
  }
  return longest
}

/** How many seats of the aim's floor and sections are free, up to `atMost`. */
export function countFree(taken: SeatSet, { floor, sections }: Aim, atMost = Infinity): number {
  const { blocks } = floor
  const rooms = new Rooms(taken, 1, blocks)
  let free = 0
  for (const section of sections) {
    const [begin, end] = blocksOf(blocks, section)
    let index = rooms.next(begin, end)
    for (; index !== -1 && free < atMost; index = rooms.next(index + 1, end)) {
      const last = blocks.last[index]!
      let seat = taken.nextOutside(blocks.first[index]!)
      while (seat <= last) {
        const after = Math.min(taken.nextIn(seat), last + 1)
        free += after - seat
        seat = taken.nextOutside(after)
      }
    }
  }
  return Math.min(free, atMost)
}

/** The aim's spot if it is in this section; or else the section's sweet spot. */
export function spotIn(section: number, count: number, { floor, spot }: Aim): Spot {
  const wanted = spot?.(count)
  if (wanted?.section === section) return wanted
  const { firstRow, lastRow } = floor.rows.sections[section]!
  return { section, row: firstRow + Math.round((lastRow - firstRow) / 3), offset: 0 }
}

/** The square of a distance, which is given in half seats and in rows. */
export function distanceOf(halfSeats: number, rows: number, { rowDepth = ROW_DEPTH }: Aim): number {
  return halfSeats ** 2 + (rowDepth * rows) ** 2
}

/** A choice of adjacent seats, with what `compare` needs to know about it. */
export interface Candidate {
  start: number
  demerits: number
  /** The rank of its section. */
  rank: number
  /** The square of its distance from the spot. */
  distance: number
  /** The same in rows. */
  rows: number
}

/** Negative if the first one is better. */
export function compare(a: Candidate, b: Candidate, { isNearest }: Aim): number {
  return (
    (isNearest ? 0 : a.demerits - b.demerits) ||
    a.rank - b.rank ||
    a.distance - b.distance ||
    a.demerits - b.demerits ||
    a.rows - b.rows ||
    a.start - b.start
  )
}

/** A spot, seen from a row. */
interface View {
  rank: number
  rows: number
  offset: number
}

class Search {
  best: Candidate | undefined
  readonly #taken: SeatSet
  readonly #count: number
  readonly #aim: Aim
  readonly #stretches: Stretches
  readonly #rooms: Rooms
  /** Receives every candidate; `best` is then not set, and the search never stops early. */
  readonly #onCandidate: ((candidate: Candidate) => void) | undefined

  constructor(search: {
    taken: SeatSet
    count: number
    aim: Aim
    stretches: Stretches
    onCandidate?: (candidate: Candidate) => void
  }) {
    this.#taken = search.taken
    this.#count = search.count
    this.#aim = search.aim
    this.#stretches = search.stretches
    this.#rooms = new Rooms(search.taken, search.count, search.stretches)
    this.#onCandidate = search.onCandidate
  }

  /** Whether only a nearer candidate in the same section can be better than the best one. */
  get isSettled(): boolean {
    return this.best !== undefined && (this.#aim.isNearest === true || this.best.demerits === 0)
  }

  searchSection(section: number, rank: number): void {
    const rowOf = this.#stretches.row
    const [begin, end] = blocksOf(this.#stretches, section)
    const { row, offset } = spotIn(section, this.#count, this.#aim)
    const middle = Math.min(stretchOfRow(this.#stretches, row, begin), end)
    let after = this.#rooms.next(middle, end)
    let before = this.#rooms.previous(middle - 1, begin)
    while (after !== -1 || before !== -1) {
      const rowsAfter = after === -1 ? Infinity : rowOf[after]! - row
      const rowsBefore = before === -1 ? Infinity : row - rowOf[before]!
      const rows = Math.min(rowsAfter, rowsBefore)
      if (this.isSettled && distanceOf(0, rows, this.#aim) > this.best!.distance) return
      if (rowsAfter <= rowsBefore) {
        this.#searchStretch(after, { rank, rows, offset })
        after = this.#rooms.next(after + 1, end)
      } else {
        this.#searchStretch(before, { rank, rows, offset })
        before = this.#rooms.previous(before - 1, begin)
      }
    }
  }

  #searchStretch(index: number, view: View): void {
    if (this.#stretches === this.#aim.floor.blocks) this.#searchBlock(index, view)
    else this.#searchAcross(index, view)
  }

  #searchBlock(index: number, view: View): void {
    const taken = this.#taken
    const count = this.#count
    const first = this.#stretches.first[index]!
    const lastStart = this.#stretches.last[index]! - count + 1
    // The start, a whole or a half number, that puts the middle of the seats on the spot.
    const best = first + (view.offset - this.#stretches.offset[index]! - (count - 1)) / 2
    const middle = Math.min(Math.max(Math.ceil(best), first), lastStart)
    let after = taken.nextRoom(middle, count, lastStart)
    let before = taken.previousRoom(middle - 1, count, first)
    while (after <= lastStart || before >= first) {
      const isAfter = before < first || (after <= lastStart && after - best < best - before)
      const start = isAfter ? after : before
      const distance = distanceOf(2 * (start - best), view.rows, this.#aim)
      if (this.isSettled && distance > this.best!.distance) return
      this.#offer({ start, demerits: this.#demeritsOf(start, index, index), distance }, view)
      if (isAfter) after = taken.nextRoom(after + 1, count, lastStart)
      else before = taken.previousRoom(before - 1, count, first)
    }
  }

  /** Like `#searchBlock` if aisles may be between the seats. */
  #searchAcross(index: number, view: View): void {
    const { blocks } = this.#aim.floor
    const count = this.#count
    const lastStart = this.#stretches.last[index]! - count + 1
    let start = this.#taken.nextRoom(this.#stretches.first[index]!, count, lastStart)
    for (; start <= lastStart; start = this.#taken.nextRoom(start + 1, count, lastStart)) {
      const firstBlock = stretchAt(blocks, start)
      const lastBlock = stretchAt(blocks, start + count - 1, firstBlock)
      const ends =
        offsetOf(blocks, start, firstBlock) + offsetOf(blocks, start + count - 1, lastBlock)
      const distance = distanceOf(ends / 2 - view.offset, view.rows, this.#aim)
      this.#offer(
        { start, demerits: this.#demeritsOf(start, firstBlock, lastBlock), distance },
        view,
      )
    }
  }

  #offer(
    { start, demerits, distance }: Pick<Candidate, 'start' | 'demerits' | 'distance'>,
    { rank, rows }: View,
  ): void {
    const candidate = { start, demerits, rank, distance, rows }
    if (this.#onCandidate) this.#onCandidate(candidate)
    else if (this.best === undefined || compare(candidate, this.best, this.#aim) < 0)
      this.best = candidate
  }

  /** The demerits of the seats, doubled; one more if they would leave a single seat. */
  #demeritsOf(start: number, firstBlock: number, lastBlock: number): number {
    const { floor } = this.#aim
    const end = start + this.#count - 1
    return demeritsOf(this.#taken, { start, end, firstBlock, lastBlock, floor })
  }
}

/**
 * Twice the demerits of the seats `start` to `end`, and one more if they leave a single free seat
 * beside them in its block.
 */
export function demeritsOf(
  taken: SeatSet,
  seats: { start: number; end: number; firstBlock: number; lastBlock: number; floor: Floor },
): number {
  const { start, end, firstBlock, lastBlock, floor } = seats
  const { blocks, demerits, hasRows } = floor
  const isFree = (seat: number, block: number) => isIn(blocks, block, seat) && !taken.has(seat)
  const leavesSingle =
    hasRows &&
    ((isFree(start - 1, firstBlock) && !isFree(start - 2, firstBlock)) ||
      (isFree(end + 1, lastBlock) && !isFree(end + 2, lastBlock)))
  const ofSeats = demerits === undefined ? 0 : demerits[end]! - demerits[start - 1]!
  return 2 * ofSeats + (leavesSingle ? 1 : 0)
}

/** Finds the stretches with room for `count` adjacent free seats. */
class Rooms {
  readonly #taken: SeatSet
  readonly #count: number
  readonly #stretches: Stretches

  constructor(taken: SeatSet, count: number, stretches: Stretches) {
    this.#taken = taken
    this.#count = count
    this.#stretches = stretches
  }

  /** The index of the first one from `from` on and before `end`; -1 if there is none. */
  next(from: number, end: number): number {
    const { first, last } = this.#stretches
    // A section ends where another begins, in which the next room may be far away.
    const lastStart = last[end - 1]! - this.#count + 1
    let index = from
    while (index < end) {
      const start = this.#taken.nextRoom(first[index]!, this.#count, lastStart)
      if (start + this.#count - 1 <= last[index]!) return index
      if (start > lastStart) return -1
      index = stretchAt(this.#stretches, start, index + 1)
    }
    return -1
  }

  /** The index of the last one up to `from` and not before `begin`; -1 if there is none. */
  previous(from: number, begin: number): number {
    const { first, last } = this.#stretches
    let index = from
    while (index >= begin) {
      const latest = last[index]! - this.#count + 1
      const start = this.#taken.previousRoom(latest, this.#count, first[begin]!)
      if (start >= first[index]!) return index
      if (start < first[begin]!) return -1
      index = stretchUpTo(this.#stretches, start, index - 1)
    }
    return -1
  }
}

/** The indexes of a section's stretches: the first one, and the one after the last. */
function blocksOf({ ofSection }: Stretches, section: number): [begin: number, end: number] {
  return [ofSection[section]!, ofSection[section + 1]!]
}
