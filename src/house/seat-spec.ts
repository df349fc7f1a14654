import { invalidInput, type TicketsError } from '../shared/errors.js'
import { formatNumber } from '../shared/numbers.js'
import { quote } from '../shared/quote.js'
import { type PlanLabel, readPlanLabel } from './plan/plan-seats.js'

/** One end of a piece: `13` has no row, `B3` has row 2. Both numbers may be far too large. */
export interface SeatName {
  text: string
  /** From 1; null for a plain seat number, and for a label that only a plan can have. */
  row: number | null
  /** The seat's number in its row, or in the house without a row. */
  number: number
  /** The label as a plan reads it; undefined for a plain seat number. */
  label: PlanLabel | undefined
}

/** A range such as `5-8`; a single seat is both its first and its last seat. */
export interface SeatPiece {
  first: SeatName
  last: SeatName
}

/** More than all 100,000 seats need, each written out with a comma and a space. */
const LONGEST_SPEC = 1_000_000
/** Longer than any valid range, and short enough that its numbers stay finite. */
const LONGEST_PIECE = 120
const HOW_TO =
  'Write seats like 1,2,5-8, or like A1-A4,B3 if the show has rows, or like Stalls A1 if it has sections.'

/**
 * Yields the pieces of '1,2,5-8' or 'A1-A4,B3' one at a time, parsed as far as possible without the
 * show. Throws INVALID_INPUT: not a seat, an empty piece, a range that is backwards in its row or
 * mixes a label with a number. A range may still cross rows: only the show determines where its
 * rows end, and so what to suggest instead.
 */
export function* readSeatSpec(spec: string): Generator<SeatPiece> {
  if (spec.length > LONGEST_SPEC) {
    throw invalid(
      `A list of seats may have at most ${formatNumber(LONGEST_SPEC)} characters, not ${formatNumber(spec.length)}.`,
    )
  }
  if (spec.trim() === '') {
    throw invalid('No seats are named.')
  }
  // Not split(), so that a megabyte of commas fails at the first one.
  for (let start = 0; start <= spec.length; ) {
    const comma = spec.indexOf(',', start)
    const end = comma === -1 ? spec.length : comma
    yield readPiece(spec.slice(start, end).trim(), spec)
    start = end + 1
  }
}

/** The number of row 'A' (1), 'Z' (26), 'AA' (27): bijective base 26. */
export function rowNumber(letters: string): number {
  let row = 0
  for (const letter of letters.toUpperCase()) {
    row = row * 26 + (letter.charCodeAt(0) - 64)
  }
  return row
}

function readPiece(piece: string, spec: string): SeatPiece {
  if (piece === '') {
    throw invalid(`A seat is missing beside a comma in ${quote(spec)}.`)
  }
  const ends = piece.length > LONGEST_PIECE ? [piece] : piece.split('-')
  const first = readName(ends[0]!.trim())
  const last = ends.length === 1 ? first : readName(ends[1]!.trim())
  if (ends.length > 2 || !first || !last) {
    throw invalid(`${quote(piece)} is not a seat or a range of seats.`)
  }
  checkRange(piece, first, last)
  return { first, last }
}

function readName(text: string): SeatName | undefined {
  if (text.length > LONGEST_PIECE) {
    return undefined
  }
  if (/^\d+$/.test(text)) return { text, row: null, number: Number(text), label: undefined }
  const label = readPlanLabel(text)
  if (label === undefined) return undefined
  const { row: letters, number } = label
  if (!/^[a-z]+\d+$/i.test(text)) return { text, row: null, number, label }
  return { text: text.toUpperCase(), row: rowNumber(letters), number, label }
}

function checkRange(piece: string, first: SeatName, last: SeatName): void {
  if (isNumber(first) !== isNumber(last)) {
    // B1-4 would mean seat 11 to seat 4; the user surely means B1-B4.
    throw invalid(
      `${quote(piece)} mixes a row label with a seat number: write both ends alike, such as B1-B4.`,
    )
  }
  const isSameRow =
    first.label?.row.toLowerCase() === last.label?.row.toLowerCase() &&
    (last.label?.section === undefined || last.label.section === first.label?.section)
  if (isSameRow && last.number < first.number) {
    const sentence = `${quote(piece)} runs backwards: write the lower seat first.`
    throw invalidInput(sentence)
  }
}

/** Whether it is a plain seat number. */
function isNumber({ row, label }: SeatName): boolean {
  return row === null && label === undefined
}

function invalid(what: string): TicketsError {
  return invalidInput(`${what} ${HOW_TO}`)
}
