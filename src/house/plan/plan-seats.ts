import { TicketsError } from '../../shared/errors.js'
import { quote } from '../../shared/quote.js'
import { isAisle, type PlacedRow, printedNumber, rowAndNumber, type SeatPlan } from './seat-plan.js'
import { type DrawnSeat, seatsIn } from './seat-runs.js'

/** A seat as it is typed: `C5`, `Stalls C5` or `12/5`. */
export interface PlanLabel {
  text: string
  /** undefined if it was left out. */
  section: string | undefined
  row: string
  number: number
}

/** A painted seat of a row with its number in the house; undefined if it is not for sale. */
type PaintedSeat = DrawnSeat & { seat: number | undefined }

const LABEL =
  /^(?:(?<section>\S.*?)\s+)?(?:(?<row>[a-z0-9]{1,4})\/|(?<letters>[a-z]{1,4}))(?<number>\d{1,5})$/i

/** Reads a seat's label; undefined if the text is none. */
export function readPlanLabel(text: string): PlanLabel | undefined {
  const { section, row, letters, number } = LABEL.exec(text)?.groups ?? {}
  if (number === undefined) return undefined
  const name = section?.replaceAll(/\s+/g, ' ')
  return { text, section: name, row: row ?? letters!, number: Number(number) }
}

/**
 * The seats of a range of labels, in the order of the row; both ends are included. Throws
 * NO_SUCH_SEAT (no such section, row or number, or a seat that is not for sale) and INVALID_INPUT (a
 * label of several sections, ends in two rows, or numbers that are no sequence).
 */
export function seatsOfRange(plan: SeatPlan, first: PlanLabel, last: PlanLabel): number[] {
  const row = rowOf(plan, first)
  const end =
    last === first ? row : rowOf(plan, { ...last, section: last.section ?? first.section })
  if (row !== end) {
    throw new TicketsError(
      'INVALID_INPUT',
      `${quote(`${first.text}-${last.text}`)} crosses rows. Write a range for each row.`,
    )
  }
  const painted = paintedSeats(row)
  const at = [first, last].map(({ number }) => painted.findIndex((seat) => seat.number === number))
  const [from, to] = [Math.min(...at), Math.max(...at)]
  const range = painted.slice(from, to + 1)
  checkSequence(plan, row, range)
  const unsold = range.filter(({ seat }) => seat === undefined)
  if (unsold.length === 0) return range.map(({ seat }) => seat!)
  const labels = unsold.map(({ number }) => plan.labelIn(row, number))
  throw new TicketsError(
    'NO_SUCH_SEAT',
    `${labels.join(', ')} ${labels.length === 1 ? 'is' : 'are'} not for sale.`,
  )
}

/** The row of a typed seat, which has this seat. */
function rowOf(plan: SeatPlan, typed: PlanLabel): PlacedRow {
  const { section, row: label, number } = typed
  const sections = plan.sections.map(({ name }) => name)
  const name = sections.find((one) => one.toLowerCase() === section?.toLowerCase())
  if (section !== undefined && name === undefined) {
    const hint =
      sections.length > 1 ? `The sections are ${sections.join(', ')}.` : 'It has no sections.'
    throw noSuchSeat(`This show has no section ${quote(section)}. ${hint}`)
  }
  const rows = plan
    .rowsLabelled(label)
    .filter((row) => name === undefined || sections[row.section] === name)
  if (rows.length === 0) {
    const where = name === undefined ? 'This show' : name
    throw noSuchSeat(`${where} has no row ${label.toUpperCase()}. ${hintOfRows(plan, name)}`)
  }
  const found = rows.filter((row) => paintedSeats(row).some((seat) => seat.number === number))
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    const seats = rows.map((row) => `${rowName(plan, row)} has seats ${numbersOf(row)}`)
    throw noSuchSeat(`Seat ${typed.text} does not exist. ${seats.join('; ')}.`)
  }
  const labels = found.map((row) => plan.labelIn(row, number))
  throw new TicketsError(
    'INVALID_INPUT',
    `${quote(typed.text)} is in more than one section: write ${labels.join(' or ')}.`,
  )
}

function hintOfRows(plan: SeatPlan, section: string | undefined): string {
  const rows = plan.rows.filter(
    (row) => section === undefined || plan.sections[row.section]!.name === section,
  )
  const labels = [...new Set(rows.map(({ label }) => label))]
  const shown = labels.length > 8 ? [...labels.slice(0, 6), '…', labels.at(-1)!] : labels
  return `Its rows are ${shown.join(', ')}.`
}

/** 'Row C of Stalls', or 'Row C'. */
function rowName(plan: SeatPlan, row: PlacedRow): string {
  const { name } = plan.sections[row.section]!
  return plan.sections.length > 1 ? `Row ${row.label} of ${name}` : `Row ${row.label}`
}

/** '1-6, 7-14', as the plan has them. */
function numbersOf({ items }: PlacedRow): string {
  const runs = items
    .filter((item) => !isAisle(item))
    .map((item) => {
      if (isAisle(item)) return ''
      const range = item.from === item.to ? `${item.from}` : `${item.from}-${item.to}`
      return Math.abs(item.step) === 2 ? `${range} ${item.from % 2 === 1 ? 'odd' : 'even'}` : range
    })
  return runs.join(', ')
}

function paintedSeats(row: PlacedRow): PaintedSeat[] {
  let next = row.first
  return row.items.flatMap((item) =>
    isAisle(item)
      ? []
      : [...seatsIn(item)].map((seat) => ({
          ...seat,
          seat: seat.kind === 'not for sale' ? undefined : next++,
        })),
  )
}

/** The numbers from one end to the other must go up or down by one step, as a clerk reads them. */
function checkSequence(plan: SeatPlan, row: PlacedRow, range: readonly PaintedSeat[]): void {
  const steps = range.slice(1).map(({ number }, index) => number - range[index]!.number)
  const step = Math.abs(steps[0] ?? 1)
  if (step <= 2 && steps.every((one) => one === steps[0])) return
  const pieces = sequencesIn(range).map((numbers) => formatPiece(plan, row, numbers))
  const shown = pieces.length > 5 ? [...pieces.slice(0, 4), '…'] : pieces
  const [first, last] = [range[0]!, range.at(-1)!].map(({ number }) => plan.labelIn(row, number))
  throw new TicketsError(
    'INVALID_INPUT',
    `The seats from ${first} to ${last} are not numbered in one sequence: write ${shown.join(', ')}.`,
  )
}

function sequencesIn(range: readonly PaintedSeat[]): number[][] {
  const sequences: number[][] = []
  for (const { number } of range) {
    const sequence = sequences.at(-1)
    const step = sequence && number - sequence.at(-1)!
    const own = sequence && (sequence[1] ?? number) - sequence[0]!
    if (sequence && step === own && Math.abs(step!) === 1) sequence.push(number)
    else sequences.push([number])
  }
  return sequences
}

/** A sequence of numbers in a row as it is typed: 'Stalls C5-C8', the lower number first. */
function formatPiece(plan: SeatPlan, row: PlacedRow, numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const first = plan.labelIn(row, low)
  return low === high ? first : `${first}-${rowAndNumber(row.label, high)}`
}

/** Ascending seats by their labels: 'Stalls C5-C8, Circle AA3'. The inverse of reading them. */
export function formatPlanSeats(seats: readonly number[], plan: SeatPlan): string {
  const pieces: { row: PlacedRow; numbers: number[]; last: number }[] = []
  for (const seat of seats) {
    const piece = pieces.at(-1)
    const isNext = piece !== undefined && seat === piece.last + 1 && seat <= piece.row.last
    const row = isNext ? piece.row : plan.rows[plan.rowIndex(seat)]!
    const number = printedNumber(row, seat)
    const step = isNext ? number - piece.numbers.at(-1)! : 0
    const own = isNext ? (piece.numbers[1] ?? number) - piece.numbers[0]! : 0
    if (isNext && step === own && Math.abs(step) === 1) {
      piece.numbers.push(number)
      piece.last = seat
    } else {
      pieces.push({ row, numbers: [number], last: seat })
    }
  }
  return pieces.map(({ row, numbers }) => formatPiece(plan, row, numbers)).join(', ')
}

function noSuchSeat(sentence: string): TicketsError {
  return new TicketsError('NO_SUCH_SEAT', sentence)
}
