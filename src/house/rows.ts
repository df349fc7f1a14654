import { noSuchSection } from './plan/plan-seats.js'
import type { PlacedRow, PlacedSection } from './plan/seat-plan.js'
import { rowLabel, type SeatLayout } from './seats.js'

/** A row of any house. Without a plan, each of its columns has a seat, and it has no list of them. */
export type SeatRow = Omit<PlacedRow, 'seats' | 'forSale'> &
  Partial<Pick<PlacedRow, 'seats' | 'forSale'>>

/** The rows of a house, from the stage to the back, section by section. */
export interface HouseRows {
  readonly count: number
  /** In a house without sections, all of it under the name ''. */
  readonly sections: readonly PlacedSection[]
  at(index: number): SeatRow
  /** The index of a seat's row. */
  indexOf(seat: number): number
}

/**
 * The rows of a house: of its plan, or of a rectangle; a house without rows is one row without a
 * label.
 */
export function rowsOf({ totalSeats, seatsPerRow, plan }: SeatLayout): HouseRows {
  if (plan) {
    return {
      count: plan.rows.length,
      sections: plan.sections,
      at: (index) => plan.rows[index]!,
      indexOf: (seat) => plan.rowIndex(seat),
    }
  }
  const length = seatsPerRow ?? totalSeats
  const count = Math.ceil(totalSeats / length)
  return {
    count,
    sections: [{ name: '', firstRow: 0, lastRow: count - 1, first: 1, last: totalSeats }],
    at: (index) => {
      const first = index * length + 1
      const last = Math.min(first + length - 1, totalSeats)
      const label = seatsPerRow === null ? '' : rowLabel(index + 1)
      return { section: 0, label, first, last, width: last - first + 1 }
    },
    indexOf: (seat) => Math.floor((seat - 1) / length),
  }
}

/** The index of the section with this name, without regard to case. Throws NO_SUCH_SEAT. */
export function sectionNamed(name: string, { plan }: SeatLayout): number {
  const section = plan?.sectionNamed(name)
  if (plan && section && section.name !== '') return plan.sections.indexOf(section)
  throw noSuchSection(name, plan)
}
