import { invalidInput, TicketsError } from '../shared/errors.js'
import { quote, shorten } from '../shared/quote.js'
import { seatsOfRange } from './plan/plan-seats.js'
import type { SeatPlan } from './plan/seat-plan.js'
import { readSeatSpec, type SeatName, type SeatPiece } from './seat-spec.js'

/**
 * The layout of a house. Seats are numbered 1..totalSeats. With seatsPerRow they also have labels:
 * with 10 per row, A1 is 1, B3 is 13, and row 27 is AA. The last row may be shorter. With a plan,
 * their labels are the plan's, and seatsPerRow is null.
 */
export interface SeatLayout {
  totalSeats: number
  seatsPerRow: number | null
  plan?: SeatPlan | null
}

export const MAX_SEATS = 100_000

/** An error lists up to this many of the seats concerned. */
const FEW = 20

/**
 * An error writes out the ranges of up to this many rows; beyond that, the first two and the last.
 */
const MOST_ROWS = 5

/** A range; it includes both ends. */
interface SeatRange {
  first: number
  last: number
}

/**
 * Parses '1,2,5-8' or 'A1-A4,B3' to ascending seat numbers. Ignores the case of labels, and spaces
 * around commas and dashes.
 *
 * Throws INVALID_INPUT (syntax, a repeated seat, a backwards range, a range of labels that crosses
 * rows, labels without rows) and NO_SUCH_SEAT (seat 0, or a seat beyond the row or the house), with
 * `seats` if there are only a few.
 */
export function parseSeats(spec: string, layout: SeatLayout): number[] {
  const seats: number[] = []
  for (const piece of readSeatSpec(spec)) {
    const { first, last } = piece
    if (layout.plan && first.label && last.label) {
      seats.push(...seatsOfRange(layout.plan, first.label, last.label))
    } else {
      const range = rangeOf(piece, layout)
      for (let seat = range.first; seat <= range.last; seat++) seats.push(seat)
    }
    if (seats.length > layout.totalSeats) break // A seat is repeated.
  }
  return ascendingOnce(seats, layout)
}

/**
 * Checks the syntax before the show is read, so that invalid input costs no connection. Throws
 * INVALID_INPUT.
 */
export function checkSeatSpec(spec: string): void {
  for (const _ of readSeatSpec(spec)) {
    // readSeatSpec() checks each piece as it yields it.
  }
}

/**
 * Checks seat numbers that do not come from a spec, such as those of an HTTP request, and returns
 * them in ascending order. Throws INVALID_INPUT (an empty list, not an integer, a repeated seat),
 * and NO_SUCH_SEAT with `seats` if there are only a few.
 */
export function checkSeats(seats: readonly number[], layout: SeatLayout): number[] {
  if (seats.length === 0) {
    throw invalidInput('No seats are named. Name at least one.')
  }
  checkExistence(seats, layout)
  return ascendingOnce([...seats], layout)
}

/**
 * The seats of another house with the same labels, ascending. Throws NO_SUCH_SEAT, and INVALID_INPUT
 * for a label that several of its seats may have.
 */
export function seatsLike(seats: readonly number[], from: SeatLayout, to: SeatLayout): number[] {
  return seats.flatMap((seat) => parseSeats(seatLabel(seat, from), to)).sort((a, b) => a - b)
}

/**
 * The inverse of parseSeats, in the short form '1-3, 7', or with rows 'A1-A3, A7'. Ranges do not
 * cross rows. The seats may be in any order.
 */
export function formatSeats(seats: Iterable<number>, layout: SeatLayout): string {
  const ascending = [...seats].sort((a, b) => a - b)
  const { plan } = layout
  if (plan) {
    const present = ascending.filter((seat) => seat <= plan.totalSeats)
    const others = ascending.slice(present.length).map(String)
    const labels = present.map((seat) => plan.label(seat))
    return [formatLabels(present, labels), ...others].filter((part) => part !== '').join(', ')
  }
  const ranges: SeatRange[] = []
  for (const seat of ascending) {
    const range = ranges.at(-1)
    if (range && seat === range.last + 1 && !startsRow(seat, layout)) {
      range.last = seat
    } else {
      ranges.push({ first: seat, last: seat })
    }
  }
  return ranges.map((range) => formatRange(range, layout)).join(', ')
}

/** Like formatSeats, for ascending seats with labels but without a layout. */
export function formatLabels(seats: readonly number[], labels: readonly string[]): string {
  const ranges: { row: string; numbers: number[] }[] = []
  for (const [index, label] of labels.entries()) {
    const [, row, digits] = /^(.*?)(\d+)$/s.exec(label) ?? ['', label, '']
    const number = Number(digits)
    const { row: lastRow, numbers = [] } = ranges.at(-1) ?? {}
    const step = number - numbers.at(-1)!
    const isNext = seats[index] === seats[index - 1]! + 1 && row === lastRow
    const isInStep = Math.abs(step) === 1 && (numbers[1] ?? number) - numbers[0]! === step
    if (isNext && isInStep) numbers.push(number)
    else ranges.push({ row: row!, numbers: [number] })
  }
  return ranges.map(({ row, numbers }) => formatNumbers(row, numbers)).join(', ')
}

/** 'A1-A4', 'Stalls A1-A4', or '1-4': the lower number first, the section once. */
function formatNumbers(row: string, numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  return low === high ? `${row}${low}` : `${row}${low}-${row.replace(/^.* /, '')}${high}`
}

/**
 * 'B3' for seat 13 with 10 per row; without rows, and for a seat that the plan does not have, the
 * number as text.
 */
export function seatLabel(seat: number, { seatsPerRow, plan }: SeatLayout): string {
  if (plan) return seat <= plan.totalSeats ? plan.label(seat) : String(seat)
  if (seatsPerRow === null) {
    return String(seat)
  }
  const row = Math.floor((seat - 1) / seatsPerRow) + 1
  return `${rowLabel(row)}${((seat - 1) % seatsPerRow) + 1}`
}

/** Row labels from 1: A..Z, AA..ZZ, AAA. */
export function rowLabel(row: number): string {
  let label = ''
  for (let rest = row; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    label = String.fromCharCode(65 + ((rest - 1) % 26)) + label
  }
  return label
}

function rangeOf({ first, last }: SeatPiece, layout: SeatLayout) {
  const alien = [first, last].find(({ row, label }) => row === null && label !== undefined)
  if (alien) {
    throw invalidInput(
      `${quote(alien.text)} is not a seat of this show, which has no plan. ${houseSentence(layout)}`,
    )
  }
  if (first.row === null) {
    checkNumbers(first, last, layout)
  }
  const range = { first: seatOf(first, layout), last: seatOf(last, layout) }
  if (first.row === last.row) return range
  throw invalidInput(
    `${quote(`${first.text}-${last.text}`)} crosses rows. Write a range for each row: ${rangesByRow(range, layout)}.`,
  )
}

/** Splits a range that crosses rows into one range per row: 'A7-A12,B1-B2'. */
function rangesByRow({ first, last }: SeatRange, layout: SeatLayout): string {
  const perRow = layout.seatsPerRow!
  const [low, high] = [Math.min(first, last), Math.max(first, last)]
  const ranges: string[] = []
  for (let start = low; start <= high; ) {
    const end = Math.min(Math.ceil(start / perRow) * perRow, high)
    ranges.push(formatRange({ first: start, last: end }, layout))
    start = end + 1
  }
  if (ranges.length > MOST_ROWS) ranges.splice(2, ranges.length - 3, '…')
  return ranges.join(',')
}

function checkNumbers(first: SeatName, last: SeatName, layout: SeatLayout) {
  if (first.number < 1) {
    throw noSuchSeats('Seat 0', [0], layout)
  }
  if (last.number <= layout.totalSeats) {
    return
  }
  const missing = Math.max(first.number, layout.totalSeats + 1)
  const length = last.number - missing + 1
  if (missing >= last.number) {
    throw noSuchSeats(`Seat ${shorten(last.text)}`, [missing], layout)
  }
  const seats = length > FEW ? [] : Array.from({ length }, (_, index) => missing + index)
  // `first.text`, because a number with 40 digits loses precision.
  const from = missing === first.number ? first.text : String(missing)
  const names = `Seats ${shorten(from)} to ${shorten(last.text)}`
  throw noSuchSeats(names, seats, layout)
}

function seatOf(name: SeatName, { totalSeats, seatsPerRow }: SeatLayout) {
  if (name.row === null) {
    return name.number
  }
  if (seatsPerRow === null) {
    throw invalidInput(
      `${quote(name.text)} is a row label, but this show has no rows. ${houseSentence({ totalSeats, seatsPerRow })}`,
    )
  }
  checkLabel(name.text, name.row, name.number, { totalSeats, seatsPerRow })
  return (name.row - 1) * seatsPerRow + name.number
}

function checkLabel(
  text: string,
  row: number,
  number: number,
  house: { totalSeats: number; seatsPerRow: number },
): void {
  const rows = Math.ceil(house.totalSeats / house.seatsPerRow)
  if (row > rows) {
    const hint = rows === 1 ? 'The only row is A.' : `The rows are A to ${rowLabel(rows)}.`
    throw noSuchSeat(`Seat ${shorten(text)} does not exist. ${hint}`)
  }
  const before = (row - 1) * house.seatsPerRow
  const width = Math.min(house.seatsPerRow, house.totalSeats - before)
  if (number < 1 || number > width) {
    const label = rowLabel(row)
    throw noSuchSeat(
      `Seat ${shorten(text)} does not exist. Row ${label} has seats ${label}1 to ${label}${width}.`,
    )
  }
}

function checkExistence(seats: readonly unknown[], layout: SeatLayout): void {
  const missing: number[] = []
  for (const seat of seats) {
    if (typeof seat !== 'number' || !Number.isInteger(seat)) {
      throw invalidInput(`${describe(seat)} is not a seat number. Seats are whole numbers from 1.`)
    }
    if (seat < 1 || seat > layout.totalSeats) {
      missing.push(seat)
    }
  }
  if (missing.length > 0) {
    const many = missing.length > FEW
    const names = missing.length === 1 ? 'Seat' : 'Seats'
    const list = many ? `${missing[0]} and others` : missing.join(', ')
    throw noSuchSeats(`${names} ${list}`, many ? [] : missing, layout)
  }
}

function describe(value: unknown): string {
  if (typeof value === 'number') {
    return String(value)
  }
  return typeof value === 'string' ? quote(value) : `A value that is not a number`
}

/** Takes time by the number of seats, not by the size of the house. */
function ascendingOnce(seats: number[], layout: SeatLayout): number[] {
  seats.sort((a, b) => a - b)
  const double = seats.find((seat, i) => seat === seats[i + 1])
  if (double === undefined) return seats
  throw invalidInput(`Seat ${seatLabel(double, layout)} is named twice. Name each seat once.`, {
    seats: [double],
  })
}

function noSuchSeats(names: string, seats: number[], layout: SeatLayout) {
  const verb = names.startsWith('Seats') ? 'do' : 'does'
  const sentence = `${names} ${verb} not exist. ${houseSentence(layout)}`
  return noSuchSeat(sentence, seats.filter(Number.isSafeInteger))
}

function noSuchSeat(sentence: string, seats: number[] = []): TicketsError {
  return new TicketsError('NO_SUCH_SEAT', sentence, seats.length > 0 ? { seats } : {})
}

function houseSentence(layout: SeatLayout): string {
  const { totalSeats, seatsPerRow } = layout
  if (totalSeats === 1) {
    return 'This show has one seat: 1.'
  }
  const labels =
    seatsPerRow === null && !layout.plan
      ? ''
      : ` (${seatLabel(1, layout)} to ${seatLabel(totalSeats, layout)})`
  return `This show has seats 1 to ${totalSeats}${labels}.`
}

function startsRow(seat: number, { seatsPerRow }: SeatLayout): boolean {
  return seatsPerRow !== null && (seat - 1) % seatsPerRow === 0
}

function formatRange({ first, last }: SeatRange, layout: SeatLayout): string {
  return first === last
    ? seatLabel(first, layout)
    : `${seatLabel(first, layout)}-${seatLabel(last, layout)}`
}
