import { foldText } from '../../shared/fold-text.js'

/** What is special about a seat that is sold. */
export type SeatKind = 'standard' | 'restricted' | 'wheelchair' | 'companion'

/** Where the stage is drawn. The first row of a section is always the nearest to it. */
export type Stage = 'top' | 'bottom' | 'none'

/** A seat as it is drawn. */
export interface DrawnSeat {
  /** How many seats, and widths of aisles in seats, are left of it in its row. */
  column: number
  /** As painted on it. */
  number: number
  /** Seats that are not for sale are drawn, but have no number in the house. */
  kind: SeatKind | 'not for sale'
}

/** A row as it is drawn, from left to right. A column without a seat is an aisle or a pillar. */
export interface OutlineRow {
  label: string
  seats: readonly DrawnSeat[]
}

/** A section of a house. A house of one section need not name it: ''. */
export interface OutlineSection {
  name: string
  rows: readonly OutlineRow[]
}

/** What a file of a plan says: sections and rows, each from the nearest to the stage. */
export interface PlanOutline {
  name: string
  stage: Stage
  sections: readonly OutlineSection[]
}

/** A row with the numbers of its seats in the house: `first` to `last`, from left to right. */
export interface PlacedRow extends OutlineRow {
  /** The index of its section. */
  section: number
  first: number
  /** `first - 1` if none of its seats is for sale. */
  last: number
  /** Its seats `first` to `last`. */
  forSale: readonly DrawnSeat[]
  /** How wide it is, in seats. */
  width: number
}

/** A section with the indexes of its rows, and with its seats. */
export interface PlacedSection {
  name: string
  firstRow: number
  lastRow: number
  first: number
  last: number
}

/**
 * A house as it is built. Its seats are numbered from 1, section by section, row by row, from left
 * to right; each has one label, such as `Stalls C5`, or `C5` in a house of one section.
 */
export class SeatPlan {
  /** The id of a stored plan; undefined for that of a file. */
  readonly id: string | undefined
  readonly name: string
  readonly stage: Stage
  readonly totalSeats: number
  readonly sections: readonly PlacedSection[]
  readonly rows: readonly PlacedRow[]
  #sectionsByName: Map<string, PlacedSection> | undefined
  #rowsByLabel: Map<string, Map<number, PlacedRow>> | undefined

  /** Takes an outline without faults. */
  constructor({ name, stage, sections }: PlanOutline, id?: string) {
    this.id = id
    this.name = name
    this.stage = stage
    const rows: PlacedRow[] = []
    const placed: PlacedSection[] = []
    let next = 1
    for (const [index, section] of sections.entries()) {
      const firstRow = rows.length
      const first = next
      for (const row of section.rows) {
        const placedRow = placeRow(row, index, next)
        rows.push(placedRow)
        next = placedRow.last + 1
      }
      placed.push({ name: section.name, firstRow, lastRow: rows.length - 1, first, last: next - 1 })
    }
    this.rows = rows
    this.sections = placed
    this.totalSeats = next - 1
  }

  /** The index of a seat's row. */
  rowIndex(seat: number): number {
    let low = 0
    for (let high = this.rows.length - 1; low < high; ) {
      const middle = (low + high) >> 1
      if (this.rows[middle]!.last >= seat) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The name of a seat's section; '' in a house of one section without a name. */
  sectionName(seat: number): string {
    return this.sections[this.rows[this.rowIndex(seat)]!.section]!.name
  }

  /** Whether its sections have names. */
  get hasSections(): boolean {
    return this.sections[0]!.name !== ''
  }

  /** The name of the one section of these seats; null if they are in several, or in none. */
  sectionOf(seats: readonly number[]): string | null {
    if (seats.some((seat) => seat > this.totalSeats)) return null
    const [first, ...rest] = new Set(seats.map((seat) => this.sectionName(seat)))
    return first === undefined || rest.length > 0 ? null : first
  }

  /** The one label of a seat: 'Stalls C5', or 'C5' in a house of one section. */
  label(seat: number): string {
    const row = this.rows[this.rowIndex(seat)]!
    return this.labelIn(row, row.forSale[seat - row.first]!.number)
  }

  /** The label of the seat with this painted number in a row, whether it is for sale or not. */
  labelIn(row: PlacedRow, number: number): string {
    const section = this.sections.length > 1 ? this.sections[row.section]!.name : ''
    return seatLabelIn(section, row.label, number)
  }

  /** The section with this name, without regard to case and spaces. */
  sectionNamed(name: string): PlacedSection | undefined {
    this.#sectionsByName ??= new Map(this.sections.map((one) => [foldText(one.name), one]))
    return this.#sectionsByName.get(foldText(name))
  }

  /** The rows with this label, without regard to case: one in each section that has it. */
  rowsLabelled(label: string, section?: PlacedSection): readonly PlacedRow[] {
    this.#rowsByLabel ??= byLabel(this.rows)
    const rows = this.#rowsByLabel.get(label.toLowerCase())
    if (section === undefined) return [...(rows?.values() ?? [])]
    const row = rows?.get(this.rows[section.firstRow]!.section)
    return row ? [row] : []
  }

  /** A seat that the house does not have counts as 'standard'. */
  kindOf(seat: number): SeatKind {
    const { forSale, first } = this.rows[this.rowIndex(seat)]!
    return (forSale[seat - first]?.kind ?? 'standard') as SeatKind
  }
}

/** 'Stalls C5', or 'C5' without a section. */
export function seatLabelIn(section: string, rowLabel: string, number: number): string {
  return `${section === '' ? '' : `${section} `}${rowAndNumber(rowLabel, number)}`
}

/** 'C5', or '12/5' if the row's label has a digit. */
export function rowAndNumber(rowLabel: string, number: number): string {
  return /\d/.test(rowLabel) ? `${rowLabel}/${number}` : `${rowLabel}${number}`
}

/** The rows of each label by the index of their section. */
function byLabel(rows: readonly PlacedRow[]): Map<string, Map<number, PlacedRow>> {
  const labels = new Map<string, Map<number, PlacedRow>>()
  for (const row of rows) {
    const key = row.label.toLowerCase()
    const inSections = labels.get(key) ?? new Map<number, PlacedRow>()
    labels.set(key, inSections.set(row.section, row))
  }
  return labels
}

function placeRow({ label, seats }: OutlineRow, section: number, first: number): PlacedRow {
  const isForSale = ({ kind }: DrawnSeat) => kind !== 'not for sale'
  const forSale = seats.every(isForSale) ? seats : seats.filter(isForSale)
  const last = first + forSale.length - 1
  return { label, seats, section, first, last, forSale, width: (seats.at(-1)?.column ?? -1) + 1 }
}
