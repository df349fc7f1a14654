import { invalidInput, TicketsError } from '../../shared/errors.js'
import { quote, shorten } from '../../shared/quote.js'
import {
  type DrawnSeat,
  type PlacedRow,
  type PlacedSection,
  rowAndNumber,
  type SeatPlan,
} from './seat-plan.js'
import { formatRun, runsOf } from './seat-runs.js'

/** A seat as it is typed: `C5`, `Stalls C5` or `12/5`. */
export interface PlanLabel {
  text: string
  /** undefined if it was left out. */
  section: string | undefined
  row: string
  number: number
}

/** The seats painted in a row, from left to right, and the index of each number among them. */
interface PaintedRow {
  seats: readonly PaintedSeat[]
  indexes: ReadonlyMap<number, number>
}

/** A painted seat with its number in the house; undefined if it is not for sale. */
type PaintedSeat = DrawnSeat & { seat: number | undefined }

const LABEL = /^(?:(?<section>\S.*?)\s+)?(?:(?<row>[a-z0-9]+)\/|(?<letters>[a-z]+))(?<number>\d+)$/i

/** Reads a seat's label; undefined if the text is none. */
export function readPlanLabel(text: string): PlanLabel | undefined {
  const { section, row, letters, number } = LABEL.exec(text)?.groups ?? {}
  if (number === undefined) return undefined
  return { text, section, row: row ?? letters!, number: Number(number) }
}

/**
 * The seats of a range of labels, in the order of the row; both ends are included. Throws
 * NO_SUCH_SEAT (no such section, row or number, or a seat that is not for sale) and INVALID_INPUT
 * (a label of several sections, ends in two rows, or numbers that are not a sequence).
 */
export function seatsOfRange(plan: SeatPlan, first: PlanLabel, last: PlanLabel): number[] {
  const row = rowOf(plan, first)
  const end =
    last === first ? row : rowOf(plan, { ...last, section: last.section ?? first.section })
  if (row !== end) {
    throw invalidInput(
      `${quote(`${first.text}-${last.text}`)} crosses rows. Write a range for each row.`,
    )
  }
  const { seats, indexes } = paintedRow(row)
  const at = [indexes.get(first.number)!, indexes.get(last.number)!]
  const [low, high] = [Math.min(first.number, last.number), Math.max(first.number, last.number)]
  // A seat that is not for sale is in the range only if its number is.
  const range = seats
    .slice(Math.min(...at), Math.max(...at) + 1)
    .filter(({ seat, number }) => seat !== undefined || (number >= low && number <= high))
  checkSequence(plan, row, range)
  const isNotForSale = ({ seat }: PaintedSeat) => seat === undefined
  const notForSale = range.filter(isNotForSale).length
  if (notForSale === 0) return range.map(({ seat }) => seat!)
  const labels = piecesOf(plan, row, range, isNotForSale)
  throw noSuchSeat(`${labels} ${notForSale === 1 ? 'is' : 'are'} not for sale.`)
}

/** The seats for sale that a label may mean: one of each section, if it names none. */
export function seatsLabelled(plan: SeatPlan, { section: name, row, number }: PlanLabel): number[] {
  const section = name === undefined ? undefined : plan.sectionNamed(name)
  if (name !== undefined && section === undefined) return []
  return plan.rowsLabelled(row, section).flatMap((labelled) => {
    const { seats, indexes } = paintedRow(labelled)
    return seats[indexes.get(number) ?? -1]?.seat ?? []
  })
}

/** The row of a typed seat, which has this seat. */
function rowOf(plan: SeatPlan, typed: PlanLabel): PlacedRow {
  const { section: name, row: label, number } = typed
  const section = name === undefined ? undefined : plan.sectionNamed(name)
  if (name !== undefined && section === undefined) throw noSuchSection(name, plan)
  const rows = plan.rowsLabelled(label, section)
  if (rows.length === 0) {
    const where = section === undefined ? 'This show' : section.name
    throw noSuchSeat(
      `${where} has no row ${shorten(label.toUpperCase())}. ${hintOfRows(plan, section)}`,
    )
  }
  const found = rows.filter((row) => paintedRow(row).indexes.has(number))
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    const seats = rows.map((row) => `${rowName(plan, row)} has seats ${numbersOf(row)}`)
    throw noSuchSeat(`Seat ${shorten(typed.text)} does not exist. ${few(seats, '; ')}.`)
  }
  const labels = found.map((row) => plan.labelIn(row, number))
  throw invalidInput(
    `${quote(typed.text)} is in more than one section: write ${few(labels, ' or ')}.`,
  )
}

function hintOfRows(plan: SeatPlan, section: PlacedSection | undefined): string {
  const rows = section ? plan.rows.slice(section.firstRow, section.lastRow + 1) : plan.rows
  const labels = few([...new Set(rows.map(({ label }) => label))])
  const [row] = rows
  return `Its rows are ${labels}; write a seat such as ${plan.labelIn(row!, row!.seats[0]!.number)}.`
}

/** 'Row C of Stalls', or 'Row C'. */
function rowName(plan: SeatPlan, row: PlacedRow): string {
  const { name } = plan.sections[row.section]!
  return plan.sections.length > 1 ? `Row ${row.label} of ${name}` : `Row ${row.label}`
}

/** '1-6, 7-14', as the plan has them. */
function numbersOf({ seats }: PlacedRow): string {
  return few(runsOf(seats).map(formatRun))
}

/** The items of a list, of which a long one is shortened: 'A, B, C, …, Z'. */
function few(items: readonly string[], separator = ', '): string {
  const shown = items.length > 6 ? [...items.slice(0, 4), '…', items.at(-1)!] : items
  return shown.join(separator)
}

/** A row of thousands of seats may be asked for each of them. */
const paintedRows = new WeakMap<PlacedRow, PaintedRow>()

function paintedRow(row: PlacedRow): PaintedRow {
  const known = paintedRows.get(row)
  if (known) return known
  let next = row.first
  const seats = row.seats.map((seat) => ({
    ...seat,
    seat: seat.kind === 'not for sale' ? undefined : next++,
  }))
  const painted = { seats, indexes: new Map(seats.map(({ number }, index) => [number, index])) }
  paintedRows.set(row, painted)
  return painted
}

/** The numbers from one end to the other must go up or down by one step, as a clerk reads them. */
function checkSequence(plan: SeatPlan, row: PlacedRow, range: readonly PaintedSeat[]): void {
  const steps = range.slice(1).map(({ number }, index) => number - range[index]!.number)
  const step = Math.abs(steps[0] ?? 1)
  if (step <= 2 && steps.every((one) => one === steps[0])) return
  const [first, last] = [range[0]!, range.at(-1)!].map(({ number }) => plan.labelIn(row, number))
  const forSale = piecesOf(plan, row, range, (seat) => seat.seat !== undefined)
  throw invalidInput(
    `The seats from ${first} to ${last} are not numbered in one sequence: write ${forSale}.`,
  )
}

/** The wanted seats of a range, as they are typed: 'D21-D39, D20-D40'. */
function piecesOf(
  plan: SeatPlan,
  row: PlacedRow,
  range: readonly PaintedSeat[],
  isWanted: (seat: PaintedSeat) => boolean,
): string {
  const sequences: number[][] = []
  let open: number[] | undefined
  for (const seat of range) {
    const step = open && seat.number - open.at(-1)!
    const isNext = step && Math.abs(step) <= 2 && step === (open![1] ?? seat.number) - open![0]!
    if (isNext && isWanted(seat)) {
      open!.push(seat.number)
    } else {
      open = isWanted(seat) ? [seat.number] : undefined
      if (open) sequences.push(open)
    }
  }
  return few(sequences.map((numbers) => formatPiece(plan, row, numbers)))
}

/** A sequence of numbers in a row as it is typed: 'Stalls C5-C8', the lower number first. */
function formatPiece(plan: SeatPlan, row: PlacedRow, numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const first = plan.labelIn(row, low)
  return low === high ? first : `${first}-${rowAndNumber(row.label, high)}`
}

/** The error for a section that a house does not have. */
export function noSuchSection(name: string, plan: SeatPlan | null | undefined): TicketsError {
  const names = plan?.hasSections ? plan.sections.map((section) => section.name) : []
  const hint = names.length === 0 ? 'It has no sections.' : `Its sections are ${few(names)}.`
  return noSuchSeat(`This show has no section ${quote(name)}. ${hint}`)
}

function noSuchSeat(sentence: string): TicketsError {
  return new TicketsError('NO_SUCH_SEAT', sentence)
}
