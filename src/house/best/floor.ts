import {
  isAisle,
  type PlacedRow,
  runLength,
  type SeatKind,
  type SeatPlan,
} from '../plan/seat-plan.js'
import { type HouseRows, rowsOf } from '../rows.js'
import type { SeatLayout } from '../seats.js'

/**
 * Stretches of adjacent seats in ascending order, by index. Typed arrays, because the search runs
 * while the show is locked and a house can have tens of thousands of them.
 */
export interface Stretches {
  first: Int32Array
  last: Int32Array
  /** The index of each one's row. */
  row: Int32Array
  /** How far its first seat is to the right of the middle of its row, in half seats. */
  offset: Int32Array
  /** The index of the first stretch of each section, and, at the end, the number of stretches. */
  ofSection: Int32Array
  /** The length of the longest one. */
  longest: number
}

/** The seats of a house that may be sold, as the search for the best ones sees them. */
export interface Floor {
  hasRows: boolean
  rows: HouseRows
  /** The indexes of all sections. */
  sections: readonly number[]
  /** The width of the widest row, in seats. */
  widest: number
  /** Divided by aisles, and by seats of other kinds. */
  blocks: Stretches
  /** Divided by seats of other kinds only; undefined if that is the same. */
  acrossAisles: Stretches | undefined
  /**
   * The sum of the demerits of the seats 1 to n, by n: 1 for a restricted view, much more for a
   * wheelchair place or a companion seat. Undefined if there are none.
   */
  demerits: Float64Array | undefined
  /** Every wheelchair place of the house, whether or not it is on this floor. */
  wheelchairs: readonly number[]
}

/** A position in a house: a row of a section, and half seats to the right of the row's middle. */
export interface Spot {
  section: number
  row: number
  offset: number
}

/** The kinds of seat that a floor has: only those for everybody, or all. */
export type FloorKinds = 'general' | 'all'

/** Any number of seats with a restricted view is better than one of these. */
const ACCESSIBLE_DEMERITS = 2 ** 20

const ofPlans = new WeakMap<SeatPlan, Partial<Record<FloorKinds, Floor>>>()
const ofRectangles = new Map<number, Floor>()
const MOST_RECTANGLES = 64

/** The floor of a layout, made once per plan, and once per size of a house without one. */
export function floorOf(layout: SeatLayout, kinds: FloorKinds): Floor {
  const { totalSeats, seatsPerRow, plan } = layout
  if (plan) {
    const floors = ofPlans.get(plan) ?? {}
    ofPlans.set(plan, floors)
    floors[kinds] ??= planFloor(layout, plan, kinds)
    return floors[kinds]
  }
  const key = totalSeats * 2 ** 17 + (seatsPerRow ?? 0)
  const known = ofRectangles.get(key)
  if (known) return known
  const floor = rectangleFloor(layout)
  if (ofRectangles.size >= MOST_RECTANGLES) ofRectangles.clear()
  ofRectangles.set(key, floor)
  return floor
}

export function isAccessible(kind: SeatKind): boolean {
  return kind === 'wheelchair' || kind === 'companion'
}

/** The index of the first stretch from `from` on that ends at this seat or after it. */
export function stretchAt({ last }: Stretches, seat: number, from = 0): number {
  return firstFrom(from, last.length, (index) => last[index]! >= seat)
}

/** The index of the last stretch up to `to` that starts at this seat or before it; -1 if none. */
export function stretchUpTo({ first }: Stretches, seat: number, to: number): number {
  return to - firstFrom(0, to + 1, (back) => first[to - back]! <= seat)
}

/** The index of the first stretch of this row or of a later one, from `from` on. */
export function stretchOfRow({ row }: Stretches, index: number, from: number): number {
  return firstFrom(from, row.length, (stretch) => row[stretch]! >= index)
}

/**
 * The offset of a seat in the block of this index, in half seats to the right of the middle of the
 * row.
 */
export function offsetOf({ first, offset }: Stretches, seat: number, block: number): number {
  return offset[block]! + 2 * (seat - first[block]!)
}

/** Where the middle of adjacent seats of a block is. */
export function spotOf(
  { start, length }: { start: number; length: number },
  { blocks, rows }: Floor,
): Spot {
  const row = rows.indexOf(start)
  const offset = offsetOf(blocks, start, stretchAt(blocks, start)) + length - 1
  return { section: rows.at(row).section, row, offset }
}

/** Whether a seat is in the stretch of this index, if there is one. */
export function isIn({ first, last }: Stretches, index: number, seat: number): boolean {
  return seat >= first[index]! && seat <= last[index]!
}

/**
 * The first number, starting at `from`, for which `isReached` is true, as it is for all later
 * numbers; `end` if there is none. Fastest for numbers near `from`.
 */
function firstFrom(from: number, end: number, isReached: (index: number) => boolean): number {
  let low = from
  let step = 1
  while (low + step <= end && !isReached(low + step - 1)) {
    low += step
    step *= 2
  }
  for (let high = Math.min(low + step - 1, end); low < high; ) {
    const middle = (low + high) >> 1
    if (isReached(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function rectangleFloor(layout: SeatLayout): Floor {
  const rows = rowsOf(layout)
  const stretches = new StretchList(rows)
  for (let index = 0; index < rows.count; index++) {
    const { first, last } = rows.at(index)
    stretches.add(first, { row: index, offset: 1 - (layout.seatsPerRow ?? 1) })
    stretches.extend(last)
  }
  const hasRows = layout.seatsPerRow !== null
  const blocks = stretches.done()
  return {
    ...{ hasRows, rows, sections: [0], blocks, widest: layout.seatsPerRow ?? layout.totalSeats },
    ...{ acrossAisles: undefined, demerits: undefined, wheelchairs: [] },
  }
}

function planFloor(layout: SeatLayout, plan: SeatPlan, kinds: FloorKinds): Floor {
  const rows = rowsOf(layout)
  const blocks = new StretchList(rows)
  const acrossAisles = new StretchList(rows)
  const demerits = new Float64Array(plan.totalSeats + 1)
  const wheelchairs: number[] = []
  let widest = 0
  for (const [index, row] of plan.rows.entries()) {
    let block = 0
    let next = 0
    const { runs, width } = placedRuns(row)
    widest = Math.max(widest, width)
    for (const { first, last, kind, offset } of runs) {
      const demerit = demeritOf(kind, kinds)
      for (let seat = first; seat <= last; seat++) {
        demerits[seat] = demerits[seat - 1]! + demerit
        if (kind === 'wheelchair') wheelchairs.push(seat)
      }
      if (kinds === 'general' && isAccessible(kind)) continue
      while (row.blocks[block]!.last < first) block++
      const isAfterOthers = first !== next
      const spot = { row: index, offset }
      if (isAfterOthers) acrossAisles.add(first, spot)
      if (isAfterOthers || first === row.blocks[block]!.first) blocks.add(first, spot)
      acrossAisles.extend(last)
      blocks.extend(last)
      next = last + 1
    }
  }
  return {
    hasRows: true,
    rows,
    sections: rows.sections.map((_, section) => section),
    widest,
    blocks: blocks.done(),
    acrossAisles: blocks.length === acrossAisles.length ? undefined : acrossAisles.done(),
    demerits: demerits[plan.totalSeats] === 0 ? undefined : demerits,
    wheelchairs,
  }
}

/** A row's width, and the runs of its seats, each with the offset of its first seat. */
function placedRuns(row: PlacedRow) {
  let width = 0
  const columns: number[] = []
  for (const item of row.items) {
    if (!isAisle(item) && item.kind !== 'not for sale') columns.push(width)
    width += isAisle(item) ? item.aisle : runLength(item)
  }
  const runs = row.runs.map((run, index) => ({
    first: run.first,
    last: run.first + runLength(run) - 1,
    kind: run.kind as SeatKind,
    offset: 2 * columns[index]! - (width - 1),
  }))
  return { runs, width }
}

function demeritOf(kind: SeatKind, kinds: FloorKinds): number {
  if (kind === 'restricted') return 1
  return kinds === 'all' && isAccessible(kind) ? ACCESSIBLE_DEMERITS : 0
}

/** Stretches as they are found, in ascending order. */
class StretchList {
  readonly #rows: HouseRows
  readonly #first: number[] = []
  readonly #last: number[] = []
  readonly #row: number[] = []
  readonly #offset: number[] = []

  constructor(rows: HouseRows) {
    this.#rows = rows
  }

  get length(): number {
    return this.#first.length
  }

  add(first: number, { row, offset }: { row: number; offset: number }): void {
    this.#first.push(first)
    this.#last.push(first)
    this.#row.push(row)
    this.#offset.push(offset)
  }

  /** Sets the last seat of the last stretch. */
  extend(last: number): void {
    this.#last[this.length - 1] = last
  }

  done(): Stretches {
    const first = Int32Array.from(this.#first)
    const last = Int32Array.from(this.#last)
    const row = Int32Array.from(this.#row)
    const offset = Int32Array.from(this.#offset)
    const ofSection = new Int32Array(this.#rows.sections.length + 1)
    let index = 0
    for (const [section, { lastRow }] of this.#rows.sections.entries()) {
      while (index < row.length && row[index]! <= lastRow) index++
      ofSection[section + 1] = index
    }
    const longest = first.reduce((most, start, i) => Math.max(most, last[i]! - start + 1), 0)
    return { first, last, row, offset, ofSection, longest }
  }
}
