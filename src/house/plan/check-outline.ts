import { foldText } from '../../shared/fold-text.js'
import { quote } from '../../shared/quote.js'
import type { DrawnSeat, OutlineRow, OutlineSection, PlanOutline } from './seat-plan.js'

/** A mistake in a plan, which is one in every format. */
export interface OutlineFault {
  /** Whether it is in the name of the plan. */
  isName?: true
  /** The indexes of the section, of the row in it and of the seat in the row. */
  section?: number
  row?: number
  seat?: number
  message: string
  /** Whether it is a mistake only in a complete outline: after omissions, a reader drops it. */
  needsAll?: boolean
}

export const MAX_SEATS = 100_000
const MAX_NUMBER = 9999
export const WIDEST_AISLE = 200
/** The error for a wider one. */
export const TOO_WIDE = `An aisle is at most ${WIDEST_AISLE} seats wide: make it narrower.`
export const LONGEST_NAME = 40
const LONGEST_PLAN_NAME = 200
/** Unicode classifies some invisible characters as letters and marks: two sections would look the same. */
export const SECTION_NAME =
  /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{N}][\p{L}\p{M}\p{N} '’.&()]*$/u
export const ROW_LABEL = /^[a-z0-9]{1,4}$/i

/** Everything that is wrong with an outline. One that is too large is not checked further. */
export function checkOutline({ name, sections }: PlanOutline): OutlineFault[] {
  const excess = findExcess(sections)
  if (excess) {
    const message =
      'A plan may have at most 100,000 seats, and this seat is one too many. Correct this first: the rows were not checked.'
    return [{ ...excess, message }]
  }
  const faults: OutlineFault[] = []
  const isOneLine = name === name.trim() && !/[#\ufffd\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)
  if (name.length > LONGEST_PLAN_NAME || !isOneLine) {
    const message = `Write the name of a plan as one line of at most ${LONGEST_PLAN_NAME} characters, without # or unreadable characters.`
    faults.push({ isName: true, message })
  }
  const names = new Set<string>()
  let seats = 0
  for (const [index, section] of sections.entries()) {
    const fault = (message: string) => faults.push({ section: index, message })
    const key = foldText(section.name)
    if (key !== '') checkSectionName(section.name, fault)
    else if (sections.length > 1) {
      const message =
        'The rows before the first section need a section, too: write section Stalls above them.'
      faults.push({ section: index, message, needsAll: true })
    }
    if (key !== '' && names.has(key)) {
      fault(`There is already a section ${quote(section.name)}: give this one another name.`)
    }
    names.add(key)
    if (section.rows.length === 0) fault('This section has no rows: write one, such as A 1-20.')
    seats += checkRows(section, (row, found) => faults.push({ section: index, row, ...found }))
  }
  if (seats === 0 && faults.length === 0) {
    const message = 'The plan has no seat for sale: write a row such as A 1-20.'
    faults.push({ message, needsAll: true })
  }
  return faults
}

/** Finds the first seat beyond 100,000. */
function findExcess(
  sections: readonly OutlineSection[],
): Omit<OutlineFault, 'message'> | undefined {
  let count = 0
  for (const [section, { rows }] of sections.entries()) {
    for (const [row, { seats }] of rows.entries()) {
      const numbered = seats.filter(hasNumber)
      const excess = numbered[MAX_SEATS - count]
      if (excess) return { section, row, seat: seats.indexOf(excess) }
      count += numbered.length
    }
  }
  return undefined
}

function checkSectionName(name: string, fault: (message: string) => void): void {
  if (name.length <= LONGEST_NAME && SECTION_NAME.test(name)) return
  fault(noSection(name))
}

/** The error for text that cannot be the name of a section. */
export function noSection(name: string): string {
  return `${quote(name)} cannot be the name of a section: write at most ${LONGEST_NAME} visible letters, digits, spaces and any of ' . & ( ).`
}

/** The error for text that cannot be the label of a row. */
export function noRow(label: string): string {
  return `${quote(label)} cannot be the label of a row: write one to four letters (A to Z) or digits.`
}

type RowFault = Pick<OutlineFault, 'seat' | 'message' | 'needsAll'>

/** Returns the number of seats for sale. */
function checkRows(
  { rows }: OutlineSection,
  fault: (row: number, found: RowFault) => void,
): number {
  const labels = new Set<string>()
  let seats = 0
  for (const [index, row] of rows.entries()) {
    const { label } = row
    if (!ROW_LABEL.test(label)) fault(index, { message: noRow(label) })
    if (labels.has(label.toLowerCase())) {
      const message = `This section already has a row ${label}: write all of its seats on one line.`
      fault(index, { message })
    }
    labels.add(label.toLowerCase())
    seats += checkSeats(row, (found) => fault(index, found))
  }
  return seats
}

function checkSeats(row: OutlineRow, fault: (found: RowFault) => void): number {
  const numbers = new Set<number>()
  let seats = 0
  let end = 0
  for (let index = 0; index < row.seats.length; index++) {
    const seat = row.seats[index]!
    const { column, number, kind } = seat
    if (column - end > WIDEST_AISLE) fault({ seat: index, message: TOO_WIDE })
    end = column + 1
    if (!hasNumber(seat)) {
      const message = `The number of a seat must be from 1 to ${MAX_NUMBER}: correct it.`
      fault({ seat: index, message })
      continue
    }
    if (kind !== 'not for sale') seats += 1
    if (numbers.has(number)) {
      const message = `Row ${row.label} already has a seat ${number}: give this one another number.`
      fault({ seat: index, message })
    }
    numbers.add(number)
    if (kind === 'companion' && !adjoinsWheelchair(row, index)) {
      const message =
        'A companion seat (c) must be beside a wheelchair place (w), with no aisle between: write w1 c2.'
      fault({ seat: index, message, needsAll: true })
    }
  }
  if (row.seats.length === 0) {
    const message = `Row ${row.label} has no seats: write them after its label, such as 1-20.`
    fault({ message, needsAll: true })
  }
  return seats
}

export function hasNumber({ number }: Pick<DrawnSeat, 'number'>): boolean {
  return number >= 1 && number <= MAX_NUMBER
}

function adjoinsWheelchair({ seats }: OutlineRow, index: number): boolean {
  const { column } = seats[index]!
  return [seats[index - 1], seats[index + 1]].some(
    (seat) => seat?.kind === 'wheelchair' && Math.abs(seat.column - column) === 1,
  )
}
