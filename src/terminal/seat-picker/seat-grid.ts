import { rowLabel, type SeatLayout, seatLabel } from '../../house/seats.js'

/** How the seats of a house are laid out in columns of text. */
export interface Seating {
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
export function seatingFor(layout: SeatLayout, columns: number): Seating {
  return rowSeating(layout, columns) ?? groupedSeating(layout, columns)
}

/** The lines from the stage to the back. */
export function* seatLines(layout: SeatLayout, seating: Seating): Generator<SeatLine> {
  const count = lineCount(layout, seating)
  for (let index = 0; index < count; index++) yield lineAt(layout, seating, index)
}

/** The number of lines that the house takes. */
export function lineCount(layout: SeatLayout, seating: Pick<Seating, 'perLine'>): number {
  return lineOf(layout.totalSeats, layout, seating) + 1
}

/** The line that a seat is on, counted from 0 at the stage. */
export function lineOf(
  seat: number,
  layout: SeatLayout,
  { perLine }: Pick<Seating, 'perLine'>,
): number {
  const rowLength = rowLengthOf(layout)
  const row = Math.floor((seat - 1) / rowLength)
  const inRow = (seat - 1) % rowLength
  return row * Math.ceil(rowLength / perLine) + Math.floor(inRow / perLine)
}

/** The seats of a line; the inverse of `lineOf`. */
export function lineAt(layout: SeatLayout, seating: Seating, index: number): SeatLine {
  const rowLength = rowLengthOf(layout)
  const linesPerRow = Math.ceil(rowLength / seating.perLine)
  const before = Math.floor(index / linesPerRow) * rowLength
  const first = before + (index % linesPerRow) * seating.perLine + 1
  const last = Math.min(first + seating.perLine - 1, before + rowLength, layout.totalSeats)
  return { first, last, ...labelsOf(layout, seating, first) }
}

/** The columns that seats 1 to `count` of a line take. */
export function spanOf({ pitch, isGrouped }: Pick<Seating, 'pitch' | 'isGrouped'>, count: number) {
  const gaps = isGrouped ? Math.floor((count - 1) / groupSize) * pitch : 0
  return count * pitch - (pitch - 1) + gaps
}

/** Does a gap follow the `index`th seat of a line, counted from 1? */
export function endsGroup({ isGrouped }: Seating, index: number): boolean {
  return isGrouped && index % groupSize === 0
}

function rowSeating({ totalSeats, seatsPerRow }: SeatLayout, columns: number) {
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
    .map((seating) => ({ ...seating, perLine, gutter, isGrouped: false }))
    .map((seating) => ({ ...seating, span: spanOf(seating, perLine) }))
    .find(({ span, labels }) => span <= room - (labels === 'both' ? right : 0))
}

function groupedSeating(layout: SeatLayout, columns: number): Seating {
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

function longestLine(layout: SeatLayout, pitch: 1 | 2, gutter: number, columns: number): Seating {
  const rowLength = rowLengthOf(layout)
  const seatings = lineLengths.map((length) => {
    const seating = { perLine: length, pitch, gutter, isGrouped: true, labels: 'left' as const }
    return { ...seating, span: spanOf(seating, Math.min(length, rowLength)) }
  })
  return seatings.find(({ span }) => span <= columns - gutter - 2 * margin) ?? seatings.at(-1)!
}

function labelsOf(layout: SeatLayout, { isGrouped, labels }: Seating, first: number) {
  if (isGrouped) return { left: seatLabel(first, layout), right: '' }
  const row = rowLabel(Math.ceil(first / layout.seatsPerRow!))
  return { left: row, right: labels === 'both' ? row : '' }
}
