import { rowLabel, type SeatLayout, seatLabel } from '../../house/seats.js'

/** How the seats of a house are laid out in columns of text. */
export interface SeatGrid {
  /** Seats on a full line. */
  perLine: number
  /** Columns for each seat: 2 with a space between seats, 1 without. */
  pitch: 1 | 2
  /** Is there a gap after every ten seats? Otherwise each line is a whole row, under a ruler. */
  isGrouped: boolean
  /** Labels at the left of every line, or on both sides. */
  labels: 'left' | 'both'
  /** The width of the labels. */
  gutter: number
  /** The width of a full line of seats, labels not counted. */
  span: number
}

/** One line of seats, `first` to `last`, with its label or labels. */
export interface SeatLine {
  first: number
  last: number
  left: string
  right: string
}

/** Columns before the labels, and between labels and seats. */
export const margin = 2

// Above this many lines, spaces between the seats cost more scrolling than they are worth.
const airyLines = 40
const groupSize = 10
const lineLengths = [100, 50, 20, 10, 5]

/** The most readable layout of the house in `columns` columns; 20 suffice for any house. */
export function seatGridFor(layout: SeatLayout, columns: number): SeatGrid {
  return rowGrid(layout, columns) ?? groupedGrid(layout, columns)
}

/** The lines from the stage to the back. */
export function* seatLines(layout: SeatLayout, grid: SeatGrid): Generator<SeatLine> {
  const count = lineCount(layout, grid)
  for (let index = 0; index < count; index++) yield lineAt(layout, grid, index)
}

/** The number of lines that the house takes. */
export function lineCount(layout: SeatLayout, grid: Pick<SeatGrid, 'perLine'>): number {
  return lineOf(layout.totalSeats, layout, grid) + 1
}

/** The line that a seat is on, counted from 0 at the stage. */
export function lineOf(
  seat: number,
  layout: SeatLayout,
  { perLine }: Pick<SeatGrid, 'perLine'>,
): number {
  const rowLength = rowLengthOf(layout)
  const row = Math.floor((seat - 1) / rowLength)
  const inRow = (seat - 1) % rowLength
  return row * Math.ceil(rowLength / perLine) + Math.floor(inRow / perLine)
}

/** The seats of a line; the inverse of `lineOf`. */
export function lineAt(layout: SeatLayout, grid: SeatGrid, index: number): SeatLine {
  const rowLength = rowLengthOf(layout)
  const linesPerRow = Math.ceil(rowLength / grid.perLine)
  const before = Math.floor(index / linesPerRow) * rowLength
  const first = before + (index % linesPerRow) * grid.perLine + 1
  const last = Math.min(first + grid.perLine - 1, before + rowLength, layout.totalSeats)
  return { first, last, ...labelsOf(layout, grid, first) }
}

/** The columns that seats 1 to `count` of a line take. */
export function spanOf({ pitch, isGrouped }: Pick<SeatGrid, 'pitch' | 'isGrouped'>, count: number) {
  const gaps = isGrouped ? Math.floor((count - 1) / groupSize) * pitch : 0
  return count * pitch - (pitch - 1) + gaps
}

/** Does a gap follow the `index`th seat of a line, counted from 1? */
export function endsGroup({ isGrouped }: SeatGrid, index: number): boolean {
  return isGrouped && index % groupSize === 0
}

function rowGrid({ totalSeats, seatsPerRow }: SeatLayout, columns: number) {
  if (seatsPerRow === null) return undefined
  const perLine = Math.min(seatsPerRow, totalSeats)
  const gutter = rowLabel(Math.ceil(totalSeats / seatsPerRow)).length
  const room = columns - gutter - 2 * margin
  const right = gutter + margin
  return [
    { pitch: 2, labels: 'both' } as const,
    { pitch: 1, labels: 'both' } as const,
    { pitch: 1, labels: 'left' } as const,
  ]
    .map((grid) => ({ ...grid, perLine, gutter, isGrouped: false }))
    .map((grid) => ({ ...grid, span: spanOf(grid, perLine) }))
    .find(({ span, labels }) => span <= room - (labels === 'both' ? right : 0))
}

function groupedGrid(layout: SeatLayout, columns: number): SeatGrid {
  const gutter = longestLabel(layout)
  const airy = longestLine(layout, 2, gutter, columns)
  return lineCount(layout, airy) <= airyLines ? airy : longestLine(layout, 1, gutter, columns)
}

/** The last row has the longest letters; if it is short, a row before it has longer numbers. */
function longestLabel(layout: SeatLayout): number {
  const { totalSeats } = layout
  const rowLength = rowLengthOf(layout)
  const endOfLastWholeRow = totalSeats - (totalSeats % rowLength)
  const ends = endOfLastWholeRow > 0 ? [endOfLastWholeRow, totalSeats] : [totalSeats]
  return Math.max(...ends.map((seat) => seatLabel(seat, layout).length))
}

function rowLengthOf({ totalSeats, seatsPerRow }: SeatLayout): number {
  return seatsPerRow ?? totalSeats
}

function longestLine(layout: SeatLayout, pitch: 1 | 2, gutter: number, columns: number): SeatGrid {
  const rowLength = rowLengthOf(layout)
  const grids = lineLengths.map((length) => {
    const grid = { perLine: length, pitch, gutter, isGrouped: true, labels: 'left' as const }
    return { ...grid, span: spanOf(grid, Math.min(length, rowLength)) }
  })
  return grids.find(({ span }) => span <= columns - gutter - 2 * margin) ?? grids.at(-1)!
}

function labelsOf(layout: SeatLayout, { isGrouped, labels }: SeatGrid, first: number) {
  if (isGrouped) return { left: seatLabel(first, layout), right: '' }
  const row = rowLabel(Math.ceil(first / layout.seatsPerRow!))
  return { left: row, right: labels === 'both' ? row : '' }
}
