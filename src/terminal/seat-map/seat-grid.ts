import { rowAndNumber, type Stage } from '../../house/plan/seat-plan.js'
import { type HouseRows, rowsOf, type SeatRow } from '../../house/rows.js'
import { type SeatLayout, seatLabel } from '../../house/seats.js'
import type { CellKind } from '../render/seat-signs.js'

/** As much of a drawn line as one seat takes. */
export interface Cell {
  kind: CellKind
  /** The number of the seat; 0 where there is none that is sold. */
  seat: number
}

/** One drawn line: seats between one or two labels, or the name of a section, or nothing. */
export interface SeatLine {
  cells: readonly Cell[]
  left: string
  right: string
  /** Columns before the first cell. */
  shift: number
  /** The name of the section that begins below this line. */
  heading?: string
  /** The first and the last seat on the line; 0 if it has none. */
  first: number
  last: number
}

/** Columns before the labels, and between labels and seats. */
export const margin = 2

// Above this many lines, spaces between the seats cost more scrolling than they are worth.
const airyLines = 40
const groupSize = 10
const lineLengths = [100, 50, 20, 10, 5]

/**
 * The most readable drawing of the house, or of one of its sections, in `columns` columns; 20
 * suffice for any house.
 */
export function seatGridFor(layout: SeatLayout, columns: number, section?: number): SeatGrid {
  const { totalSeats, seatsPerRow, plan } = layout
  const same = [totalSeats, seatsPerRow, plan, columns, section]
  const found = recent.find(({ of }) => same.every((value, index) => value === of[index]))
  if (found) return found.grid
  const drawn = drawnPart(layout, columns, section)
  const grid = rowGrid(drawn) ?? wrappedGrid(drawn)
  recent.unshift({ of: same, grid })
  recent.length = Math.min(recent.length, 2)
  return grid
}

// The picker draws the same one or two at each key, and a house may have 100,000 rows.
const recent: { of: readonly unknown[]; grid: SeatGrid }[] = []

/** The indexes of the sections of a house, from top to bottom as they are drawn. */
export function sectionsFromTop(layout: SeatLayout): number[] {
  const all = [...rowsOf(layout).sections.keys()]
  return layout.plan?.stage === 'bottom' ? all.reverse() : all
}

/** The part of a house that is drawn. */
interface DrawnPart {
  layout: SeatLayout
  /** The columns that the drawing may take. */
  columns: number
  /** The section that is drawn alone. */
  section: number | undefined
  rows: HouseRows
  /** The indexes of its sections, from top to bottom. */
  sections: readonly number[]
  /** The indexes of its first and last row. */
  firstRow: number
  lastRow: number
  /** Cells of the widest row. */
  widest: number
}

/** How the lines look. */
interface GridShape {
  /** The most cells on a line, without the gaps between groups. */
  perLine: number
  /** Columns for each cell: 2 with a space between seats, 1 without. */
  pitch: 1 | 2
  /** Whether there is a gap after every ten seats. */
  isGrouped: boolean
  /** Labels at the left of every line, or on both sides. */
  labels: 'left' | 'both'
  /** The width of the labels. */
  gutter: number
}

/** Cells `from` to `to` of a row, without `to`; or a heading. */
type DrawnLine = { row: number; from: number; to: number } | { heading: string }

/** The lines of a house from top to bottom, and how its seats are laid out in columns of text. */
export class SeatGrid implements GridShape {
  /** The columns that it may take. */
  readonly columns: number
  /** The section that is drawn alone; undefined: all of the house is. */
  readonly section: number | undefined
  readonly perLine: number
  readonly pitch: 1 | 2
  readonly isGrouped: boolean
  readonly labels: 'left' | 'both'
  readonly gutter: number
  /** The width of a full line of seats, labels not counted. */
  readonly span: number
  readonly stage: Stage
  /** Whether each line is a row of a rectangle, so that one ruler counts the seats of all. */
  readonly hasRuler: boolean
  readonly #rows: HouseRows
  readonly #isCentred: boolean
  readonly #lines: DrawnLine[] = []
  /** Cells of the widest row of each section whose rows are placed as drawn. */
  readonly #placedWidths = new Map<number, number>()
  readonly #lineOfRow = new Map<number, number>()

  constructor(part: DrawnPart, shape: GridShape) {
    const { layout, rows, sections } = part
    this.columns = part.columns
    this.section = part.section
    this.perLine = shape.perLine
    this.pitch = shape.pitch
    this.isGrouped = shape.isGrouped
    this.labels = shape.labels
    this.gutter = shape.gutter
    this.span = spanOf(shape, Math.min(shape.perLine, part.widest))
    this.stage = layout.plan?.stage ?? 'top'
    this.hasRuler = !layout.plan && !shape.isGrouped
    this.#rows = rows
    this.#isCentred = Boolean(layout.plan)
    for (const section of sections) this.#addSection(section)
  }

  get lineCount(): number {
    return this.#lines.length
  }

  /** A line, counted from 0 at the top. */
  lineAt(index: number): SeatLine {
    const line = this.#lines[index]!
    if ('heading' in line) {
      return { cells: [], left: '', right: '', shift: 0, first: 0, last: 0, ...line }
    }
    const row = this.#rows.at(line.row)
    const cells = cellsOf(row, line)
    const isWhole = line.to - line.from === row.width
    const seats = cells.filter(({ seat }) => seat > 0)
    return {
      cells: this.isGrouped ? grouped(cells) : cells,
      left: isWhole && !this.isGrouped ? row.label : firstLabel(row, line.from),
      right: isWhole && this.labels === 'both' ? row.label : '',
      shift: isWhole && this.#isCentred ? this.#shiftOf(row.section, cells.length) : 0,
      first: seats[0]?.seat ?? 0,
      last: seats.at(-1)?.seat ?? 0,
    }
  }

  /** The line that a seat of the drawn part is on. */
  lineOf(seat: number): number {
    const index = this.#rows.indexOf(seat)
    const row = this.#rows.at(index)
    const cell = cellOf(row, seat)
    let line = this.#lineOfRow.get(index)!
    for (;;) {
      const drawn = this.#lines[line]!
      if (!('to' in drawn) || drawn.to > cell) return line
      line++
    }
  }

  /** Rows of a section are centred one by one, or all together if an aisle begins one of them. */
  #shiftOf(section: number, width: number): number {
    return (this.span - spanOf(this, this.#placedWidths.get(section) ?? width)) >> 1
  }

  #addSection(index: number): void {
    const { name, firstRow, lastRow } = this.#rows.sections[index]!
    if (this.#lines.length > 0) this.#lines.push({ heading: '' })
    if (name !== '') this.#lines.push({ heading: name })
    let widest = 0
    let isPlaced = false
    for (let step = 0; step <= lastRow - firstRow; step++) {
      const row = this.stage === 'bottom' ? lastRow - step : firstRow + step
      this.#lineOfRow.set(row, this.#lines.length)
      const placed = this.#rows.at(row)
      for (const piece of piecesOf(placed, this.perLine)) this.#lines.push({ row, ...piece })
      widest = Math.max(widest, placed.width)
      isPlaced ||= (placed.seats?.[0]?.column ?? 0) > 0
    }
    if (isPlaced) this.#placedWidths.set(index, Math.min(widest, this.perLine))
  }
}

/** The columns that `count` cells take, with the gaps between groups. */
export function spanOf(
  { pitch, isGrouped }: Pick<GridShape, 'pitch' | 'isGrouped'>,
  count: number,
): number {
  const gaps = isGrouped ? Math.floor((count - 1) / groupSize) : 0
  return (count + gaps) * pitch - (pitch - 1)
}

function drawnPart(layout: SeatLayout, columns: number, section: number | undefined): DrawnPart {
  const rows = rowsOf(layout)
  const { firstRow, lastRow } =
    section === undefined ? { firstRow: 0, lastRow: rows.count - 1 } : rows.sections[section]!
  let widest = 0
  // The first row of a rectangle is as wide as any.
  for (let row = firstRow; row <= (layout.plan ? lastRow : firstRow); row++) {
    widest = Math.max(widest, rows.at(row).width)
  }
  const sections = section === undefined ? sectionsFromTop(layout) : [section]
  return { layout, columns, section, rows, sections, firstRow, lastRow, widest }
}

/** Each row is one line, if that fits. */
function rowGrid(part: DrawnPart): SeatGrid | undefined {
  const { layout, columns, widest } = part
  if (layout.seatsPerRow === null && !layout.plan) return undefined
  const gutter = longestRowLabel(part)
  const room = columns - gutter - 2 * margin
  const right = gutter + margin
  const shape = [
    { pitch: 2, labels: 'both' } as const,
    { pitch: 1, labels: 'both' } as const,
    { pitch: 1, labels: 'left' } as const,
  ]
    .map((grid) => ({ ...grid, perLine: widest, gutter, isGrouped: false }))
    .find((grid) => spanOf(grid, widest) <= room - (grid.labels === 'both' ? right : 0))
  return shape && new SeatGrid(part, shape)
}

/** Rows that do not fit take several lines, each of which begins with the label of its first seat. */
function wrappedGrid(part: DrawnPart): SeatGrid {
  const gutter = part.layout.plan ? longestLabelInPlan(part) : longestLabel(part.layout)
  const airy = longestLines(part, 2, gutter)
  return airy.lineCount <= airyLines ? airy : longestLines(part, 1, gutter)
}

function longestLines(part: DrawnPart, pitch: 1 | 2, gutter: number): SeatGrid {
  const room = part.columns - gutter - 2 * margin
  // The aisles of a plan divide its lines; other lines are divided into tens.
  const isGrouped = !part.layout.plan
  const shapes = (isGrouped ? lineLengths : [Math.floor((room + pitch - 1) / pitch)]).map(
    (perLine) => ({ perLine, pitch, gutter, isGrouped, labels: 'left' as const }),
  )
  const fits = (shape: GridShape) => spanOf(shape, Math.min(shape.perLine, part.widest)) <= room
  return new SeatGrid(part, shapes.find(fits) ?? shapes.at(-1)!)
}

function longestRowLabel({ layout, rows, firstRow, lastRow }: DrawnPart): number {
  // The last row of a rectangle has the longest letters.
  let longest = rows.at(lastRow).label.length
  for (let row = firstRow; layout.plan && row < lastRow; row++) {
    longest = Math.max(longest, rows.at(row).label.length)
  }
  return longest
}

/** The last row has the longest letters; if it is short, a row before it has longer numbers. */
function longestLabel(layout: SeatLayout): number {
  const { totalSeats, seatsPerRow } = layout
  const endOfLastWholeRow = totalSeats - (totalSeats % (seatsPerRow ?? totalSeats))
  const ends = endOfLastWholeRow > 0 ? [endOfLastWholeRow, totalSeats] : [totalSeats]
  return Math.max(...ends.map((seat) => seatLabel(seat, layout).length))
}

/** The length of the longest label without its section. */
function longestLabelInPlan({ rows, firstRow, lastRow }: DrawnPart): number {
  let longest = 0
  for (let index = firstRow; index <= lastRow; index++) {
    const { label, seats } = rows.at(index)
    const number = seats!.reduce((most, seat) => Math.max(most, seat.number), 0)
    longest = Math.max(longest, rowAndNumber(label, number).length)
  }
  return longest
}

/** The cell of a seat of the row, counted from 0. */
function cellOf({ forSale, first }: SeatRow, seat: number): number {
  return forSale?.[seat - first]?.column ?? seat - first
}

/** Cells `from` to `to` of a row. */
function cellsOf({ seats, first }: SeatRow, { from, to }: { from: number; to: number }): Cell[] {
  const kind = seats ? 'aisle' : 'standard'
  const cells = Array.from(
    { length: to - from },
    (_, index): Cell => ({ kind, seat: seats ? 0 : first + from + index }),
  )
  let next = first
  for (const { column, kind } of seats ?? []) {
    const seat = kind === 'not for sale' ? 0 : next++
    if (column >= from && column < to) cells[column - from] = { kind, seat }
  }
  return cells
}

/** 'C5' for the first seat from a cell on, sold or not. */
function firstLabel({ label, seats }: SeatRow, from: number): string {
  const seat = seats?.find(({ column }) => column >= from)
  return rowAndNumber(label, seat?.number ?? from + 1)
}

/** Divides a row into lines of up to `perLine` cells: between its aisles as far as possible. */
function* piecesOf(row: SeatRow, perLine: number): Generator<{ from: number; to: number }> {
  const width = row.width
  if (width <= perLine) return yield { from: 0, to: width }
  let from = 0
  let to = 0
  for (const { start, end } of stretchesOf(row)) {
    if (to === 0) from = start
    if (end - from > perLine) {
      if (to > from) yield { from, to }
      for (from = start; end - from > perLine; from += perLine) yield { from, to: from + perLine }
    }
    to = end
  }
  yield { from, to }
}

/** The cells between the aisles of a row. */
function* stretchesOf({ seats, width }: SeatRow): Generator<{ start: number; end: number }> {
  let start = 0
  let end = seats ? 0 : width
  for (const { column } of seats ?? []) {
    if (column > end) {
      if (end > start) yield { start, end }
      start = column
    }
    end = column + 1
  }
  yield { start, end }
}

function grouped(cells: readonly Cell[]): Cell[] {
  return cells.flatMap((cell, index) =>
    index > 0 && index % groupSize === 0 ? [{ kind: 'aisle', seat: 0 }, cell] : [cell],
  )
}
