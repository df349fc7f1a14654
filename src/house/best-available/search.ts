import type { RoomBounds, SeatSet } from '../seat-set.js'
import type { Geometry } from './geometry.js'

/** A row is as deep as two seats are wide. Distances are in half seats. */
const ROW_DEPTH = 4

/** Any number of seats with a restricted view is better than one of these. */
const ACCESSIBLE_PENALTY = 2 ** 20

/** Which seats of a house may be chosen, and which of them are the best. */
export interface Criteria {
  geometry: Geometry
  /** The sections to look in, the best first. */
  sections: readonly number[]
  /** Where the seats should be; undefined: at the focal point of each section. */
  focus?: FocalPoint | undefined
  /** Whether nearness to the focal point comes before the penalty. */
  isNearestFirst?: boolean
  /** How far a row is, in half seats; by default as far as two seats. */
  rowDepth?: number
  /** Whether wheelchair places and companion seats may be chosen; 'if needed': if others are too few. */
  accessible: 'never' | 'if needed' | 'always'
}

/** A point of a house: a row of a section, and half seats to the right of the row's middle. */
export interface FocalPoint {
  section: number
  row: number
  offset: number
  /** Whether it is for the first of the seats; otherwise it is for the middle of them. */
  isForFirst?: boolean
}

/** Adjacent seats `first` to `last`. */
export interface SeatGroup {
  first: number
  last: number
}

/** Adjacent seats that may be chosen, with what `compare` needs to know about them. */
export interface Candidate extends SeatGroup {
  /** For seats that are accessible or have a restricted view, and for leaving a single seat. */
  penalty: number
  /** The index of their section among those of the criteria. */
  rank: number
  /** The square of the distance from the focal point. */
  distance: number
  /** How many rows away from the row of the focal point. */
  rows: number
}

/**
 * Finds the best `count` adjacent seats that are not in `taken`: in one block, or in one row across
 * its aisles. Undefined if there are none.
 */
export function findTogether(
  taken: SeatSet,
  count: number,
  criteria: Criteria,
  within: 'block' | 'row' = 'block',
): SeatGroup | undefined {
  const { rowStarts, blockStarts } = criteria.geometry
  // Without aisles, a row is a block.
  if (within === 'row' && rowStarts.size === blockStarts.size) return undefined
  const search = new Search(taken, count, criteria, within === 'row' ? rowStarts : blockStarts)
  search.run()
  return search.best
}

/**
 * Finds the best `atMost` groups of `count` seats; no block may have room for more than `count`. Finds the
 * same as `findTogether` one by one, but in one pass through the house.
 */
export function findGroups(
  taken: SeatSet,
  { count, atMost, criteria }: { count: number; atMost: number; criteria: Criteria },
): SeatGroup[] {
  const all: Candidate[] = []
  new Search(taken, count, criteria, criteria.geometry.blockStarts, all).run()
  return all.sort((a, b) => compare(a, b, criteria)).slice(0, atMost)
}

/** The largest number of adjacent seats of a block that are not taken, up to `atMost`. */
export function longestRoom(taken: SeatSet, atMost: number, criteria: Criteria): number {
  const { rows, blockStarts } = criteria.geometry
  const bounds = { blockStarts, excluded: excludedBy(criteria) }
  let longest = 0
  for (let tooLong = atMost + 1; tooLong - longest > 1; ) {
    const count = (longest + tooLong) >> 1
    const hasRoom = criteria.sections.some((section) => {
      const { first, last } = rows.sections[section]!
      return taken.nextRoom(first, count, last, bounds) <= last
    })
    if (hasRoom) longest = count
    else tooLong = count
  }
  return longest
}

/** How many seats of the sections may be chosen. */
export function countFree(taken: SeatSet, criteria: Criteria): number {
  const { geometry, sections } = criteria
  const excluded = excludedBy(criteria)
  let closed = taken
  if (excluded) {
    closed = taken.clone()
    closed.addAll(excluded)
  }
  return sections.reduce((free, section) => {
    const { first, last } = geometry.rows.sections[section]!
    return free + (last - first + 1) - closed.countIn(first, last)
  }, 0)
}

/** Whether a seat of the house may be chosen. */
export function mayChoose(seat: number, taken: SeatSet, criteria: Criteria): boolean {
  return !taken.has(seat) && !excludedBy(criteria)?.has(seat)
}

/** The seats that may not be chosen, as long as there are others. */
function excludedBy({ accessible, geometry }: Criteria): SeatSet | undefined {
  if (accessible === 'always' || geometry.accessible.size === 0) return undefined
  return geometry.accessible
}

/** Negative if the first candidate is better. */
export function compare(a: Candidate, b: Candidate, { isNearestFirst }: Criteria): number {
  return (
    (isNearestFirst ? 0 : a.penalty - b.penalty) ||
    a.rank - b.rank ||
    a.distance - b.distance ||
    a.penalty - b.penalty ||
    a.rows - b.rows ||
    a.first - b.first
  )
}

/** Adjacent seats of the section `sections[rank]`, in a row of this index. */
export function candidateOf(
  { first, last }: SeatGroup,
  { taken, row, rank, criteria }: { taken: SeatSet; row: number; rank: number; criteria: Criteria },
): Candidate {
  const focus = focusIn(criteria.sections[rank]!, last - first + 1, criteria)
  const rows = Math.abs(row - focus.row)
  const distance = distanceOf(first, last, { rows, focus, criteria })
  return { first, last, penalty: penaltyOf(first, last, taken, criteria), rank, distance, rows }
}

/** The middle of adjacent seats. */
export function middleOf({ first, last }: SeatGroup, { rows, offset }: Geometry): FocalPoint {
  const row = rows.indexOf(first)
  return { section: rows.at(row).section, row, offset: (offset[first]! + offset[last]!) / 2 }
}

/** The same criteria around a focal point: its section first, and then the others. */
export function near(focus: FocalPoint, criteria: Criteria): Criteria {
  const others = criteria.sections.filter((section) => section !== focus.section)
  return { ...criteria, sections: [focus.section, ...others], focus }
}

/** Where the middle of `count` seats of this section should be. */
function focusIn(section: number, count: number, { geometry, focus }: Criteria): FocalPoint {
  if (focus?.section === section) {
    return focus.isForFirst ? { ...focus, offset: focus.offset + count - 1 } : focus
  }
  const { firstRow, lastRow } = geometry.rows.sections[section]!
  return { section, row: firstRow + Math.round((lastRow - firstRow) / 3), offset: 0 }
}

/** The square of the distance of seats from the focal point. */
function distanceOf(
  first: number,
  last: number,
  { rows, focus, criteria }: { rows: number; focus: FocalPoint; criteria: Criteria },
): number {
  const { offset } = criteria.geometry
  return ((offset[first]! + offset[last]!) / 2 - focus.offset) ** 2 + depthOf(rows, criteria)
}

function depthOf(rows: number, { rowDepth = ROW_DEPTH }: Criteria): number {
  return (rowDepth * rows) ** 2
}

/** For the kinds of the seats, and 1 more if they leave a single seat beside them in its block. */
function penaltyOf(first: number, last: number, taken: SeatSet, criteria: Criteria): number {
  const { accessible, restricted, blockStarts, hasRows } = criteria.geometry
  const ofKinds =
    accessible.countIn(first, last) * ACCESSIBLE_PENALTY + restricted.countIn(first, last)
  const isFree = (seat: number) => mayChoose(seat, taken, criteria)
  const isBlockEnd = (seat: number) => seat === taken.totalSeats || blockStarts.has(seat + 1)
  const leavesSingle =
    hasRows &&
    ((!blockStarts.has(first) &&
      isFree(first - 1) &&
      (blockStarts.has(first - 1) || !isFree(first - 2))) ||
      (!isBlockEnd(last) && isFree(last + 1) && (isBlockEnd(last + 1) || !isFree(last + 2))))
  return 2 * ofKinds + (leavesSingle ? 1 : 0)
}

/**
 * One search for adjacent seats. In each section it goes from the row of the focal point to both
 * ends, and in each row from the column of the focal point to both ends. It skips seats without room
 * 32 at a time, and stops at the distance where nothing better can follow.
 */
class Search {
  best: Candidate | undefined
  readonly #taken: SeatSet
  readonly #count: number
  readonly #criteria: Criteria
  readonly #bounds: RoomBounds
  /** Receives every candidate; `best` is then not set, and the search never stops early. */
  readonly #all: Candidate[] | undefined

  constructor(
    taken: SeatSet,
    count: number,
    criteria: Criteria,
    blockStarts: SeatSet,
    all?: Candidate[],
  ) {
    this.#taken = taken
    this.#count = count
    this.#criteria = criteria
    this.#bounds = { blockStarts, excluded: excludedBy(criteria) }
    this.#all = all
  }

  run(): void {
    for (let rank = 0; rank < this.#criteria.sections.length; rank++) {
      this.#searchSection(rank)
      if (this.#isSettled) return
    }
  }

  /** Whether only a nearer candidate in the same section can be better than the best one. */
  get #isSettled(): boolean {
    const { best } = this
    return best !== undefined && (this.#criteria.isNearestFirst === true || best.penalty === 0)
  }

  /** Whether nothing at this distance or farther can be better than the best candidate. */
  #isTooFar(distance: number): boolean {
    return this.#isSettled && distance > this.best!.distance
  }

  #searchSection(rank: number): void {
    const section = this.#criteria.sections[rank]!
    const { rows } = this.#criteria.geometry
    const { first, last } = rows.sections[section]!
    const focus = focusIn(section, this.#count, this.#criteria)
    const middle = rows.at(focus.row).first
    let after = this.#next(middle, last)
    let before = this.#previous(middle - 1, first)
    while (after <= last || before >= first) {
      const behind = after <= last ? rows.indexOf(after) - focus.row : Infinity
      const inFront = before >= first ? focus.row - rows.indexOf(before) : Infinity
      const distance = Math.min(behind, inFront)
      if (this.#isTooFar(depthOf(distance, this.#criteria))) return
      const row = rows.at(behind <= inFront ? focus.row + behind : focus.row - inFront)
      this.#searchRow(row, { rank, rows: distance, focus })
      if (behind <= inFront) after = this.#next(row.last + 1, last)
      else before = this.#previous(row.first - 1, first)
    }
  }

  #searchRow(row: SeatGroup, at: { rank: number; rows: number; focus: FocalPoint }): void {
    const lastStart = row.last - this.#count + 1
    const middle = this.#startAt(at.focus.offset, row.first, lastStart)
    for (let start = this.#next(middle, lastStart); start <= lastStart; ) {
      if (!this.#offer(start, at)) break
      start = this.#next(start + 1, lastStart)
    }
    for (let start = this.#previous(middle - 1, row.first); start >= row.first; ) {
      if (!this.#offer(start, at)) break
      start = this.#previous(start - 1, row.first)
    }
  }

  /** The first start from `low` on whose seats have their middle at this offset or after it. */
  #startAt(offset: number, from: number, to: number): number {
    const offsets = this.#criteria.geometry.offset
    let low = from
    for (let high = to; low < high; ) {
      const start = (low + high) >> 1
      if (offsets[start]! + offsets[start + this.#count - 1]! >= 2 * offset) high = start
      else low = start + 1
    }
    return low
  }

  /** Returns false if nothing farther in the same direction of the row can be better. */
  #offer(
    first: number,
    { rank, rows, focus }: { rank: number; rows: number; focus: FocalPoint },
  ): boolean {
    const last = first + this.#count - 1
    const criteria = this.#criteria
    const distance = distanceOf(first, last, { rows, focus, criteria })
    if (this.#isTooFar(distance)) return false
    const penalty = penaltyOf(first, last, this.#taken, criteria)
    const candidate = { first, last, penalty, rank, distance, rows }
    if (this.#all) this.#all.push(candidate)
    else if (this.best === undefined || compare(candidate, this.best, criteria) < 0) {
      this.best = candidate
    }
    return true
  }

  #next(from: number, last: number): number {
    return this.#taken.nextRoom(from, this.#count, last, this.#bounds)
  }

  #previous(from: number, first: number): number {
    return this.#taken.previousRoom(from, this.#count, first, this.#bounds)
  }
}
