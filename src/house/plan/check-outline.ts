import { foldText } from '../../shared/fold-text.js'
import { quote } from '../../shared/quote.js'
import {
  isAisle,
  type OutlineRow,
  type OutlineSection,
  type PlanOutline,
  runLength,
  type SeatRun,
} from './seat-plan.js'
import { seatsIn } from './seat-runs.js'

/** A mistake in a plan, which is one in every format. */
export interface OutlineFault {
  /** Whether it is in the name of the plan. */
  isName?: true
  /** The indexes of the section, of the row in it and of the item in the row. */
  section?: number
  row?: number
  item?: number
  message: string
  /** Whether it is a mistake only in a complete outline: after omissions, a reader drops it. */
  needsAll?: boolean
}

const MAX_SEATS = 100_000
const MAX_NUMBER = 9999
const WIDEST_AISLE = 200
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

/** Finds the first run beyond 100,000 seats. */
function findExcess(
  sections: readonly OutlineSection[],
): Omit<OutlineFault, 'message'> | undefined {
  let seats = 0
  for (const [section, { rows }] of sections.entries()) {
    for (const [row, { items }] of rows.entries()) {
      for (const [item, run] of items.entries()) {
        if (!isAisle(run) && hasNumbers(run)) seats += runLength(run)
        if (seats > MAX_SEATS) return { section, row, item }
      }
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

type RowFault = Pick<OutlineFault, 'item' | 'message' | 'needsAll'>

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
    seats += checkItems(row, (found) => fault(index, found))
  }
  return seats
}

function checkItems(row: OutlineRow, fault: (found: RowFault) => void): number {
  const numbers = new Set<number>()
  let seats = 0
  // Aisles side by side are one.
  let aisle = 0
  for (const [item, run] of row.items.entries()) {
    if (isAisle(run)) {
      if (aisle <= WIDEST_AISLE && aisle + run.aisle > WIDEST_AISLE) {
        const message = `An aisle is at most ${WIDEST_AISLE} seats wide: make it narrower.`
        fault({ item, message, needsAll: run.aisle <= WIDEST_AISLE })
      }
      aisle += run.aisle
      continue
    }
    aisle = 0
    if (!hasNumbers(run)) {
      fault({
        item,
        message: `The number of a seat must be from 1 to ${MAX_NUMBER}: correct it.`,
      })
      continue
    }
    if (run.kind !== 'not for sale') seats += runLength(run)
    const double = numberTwice(run, numbers)
    if (double !== undefined) {
      fault({
        item,
        message: `Row ${row.label} already has a seat ${double}: give this one another number.`,
      })
    }
    if (run.kind === 'companion' && !adjoinsWheelchair(row, item)) {
      const message =
        'A companion seat (c) must be beside a wheelchair place (w), with no aisle between: write w1 c2.'
      fault({ item, message, needsAll: true })
    }
  }
  if (row.items.every(isAisle)) {
    const message = `Row ${row.label} has no seats: write them after its label, such as 1-20.`
    fault({ message, needsAll: true })
  }
  return seats
}

/** Whether seats may have the numbers of this run. */
function hasNumbers({ from, to }: SeatRun): boolean {
  return Math.min(from, to) >= 1 && Math.max(from, to) <= MAX_NUMBER
}

/** The first number of a run that the row has already; adds the others. */
function numberTwice(run: SeatRun, numbers: Set<number>): number | undefined {
  let double: number | undefined
  for (const { number } of seatsIn(run)) {
    if (numbers.has(number)) double ??= number
    numbers.add(number)
  }
  return double
}

/** Each seat of a run of companions needs a wheelchair place beside it. */
function adjoinsWheelchair({ items }: OutlineRow, index: number): boolean {
  const run = items[index] as SeatRun
  const isWheelchair = (at: number) => {
    const item = items[at]
    return item !== undefined && !isAisle(item) && item.kind === 'wheelchair'
  }
  const sides = Number(isWheelchair(index - 1)) + Number(isWheelchair(index + 1))
  return runLength(run) <= sides
}
