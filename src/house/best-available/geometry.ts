import type { SeatKind, SeatPlan } from '../plan/seat-plan.js'
import { type HouseRows, rowsOf } from '../rows.js'
import { SeatSet } from '../seat-set.js'
import type { SeatLayout } from '../seats.js'

/** Where the seats of a house are, and of which kind, as the search for the best ones needs it. */
export interface Geometry {
  rows: HouseRows
  /** The indexes of all sections. */
  sections: readonly number[]
  /** Whether its seats are in rows, or only have numbers. */
  hasRows: boolean
  /** How far each seat is to the right of the middle of its row, in half seats. */
  offset: Int32Array
  /** The width of the widest row, in seats. */
  widest: number
  /** The first seat of each row. */
  rowStarts: SeatSet
  /** The first seat of each block: of each row, and after each aisle or seat not for sale. */
  blockStarts: SeatSet
  restricted: SeatSet
  wheelchairs: SeatSet
  companions: SeatSet
  /** Wheelchair places and companion seats. */
  accessible: SeatSet
}

const ofPlans = new WeakMap<SeatPlan, Geometry>()
const ofRectangles = new Map<number, Geometry>()
const MOST_RECTANGLES = 64

/** The geometry of a house, made once per plan, and once per size of a house without one. */
export function geometryOf(layout: SeatLayout): Geometry {
  const { totalSeats, seatsPerRow, plan } = layout
  const size = totalSeats * 2 ** 17 + (seatsPerRow ?? 0)
  const known = plan ? ofPlans.get(plan) : ofRectangles.get(size)
  if (known) return known
  const geometry = measure(layout)
  if (ofRectangles.size >= MOST_RECTANGLES) ofRectangles.clear()
  if (plan) ofPlans.set(plan, geometry)
  else ofRectangles.set(size, geometry)
  return geometry
}

function measure(layout: SeatLayout): Geometry {
  const { totalSeats, seatsPerRow, plan } = layout
  const rows = rowsOf(layout)
  const offset = new Int32Array(totalSeats + 1)
  const [rowStarts, blockStarts] = [SeatSet.empty(totalSeats), SeatSet.empty(totalSeats)]
  const seatsOf: Record<SeatKind, SeatSet> = {
    standard: SeatSet.empty(totalSeats),
    restricted: SeatSet.empty(totalSeats),
    wheelchair: SeatSet.empty(totalSeats),
    companion: SeatSet.empty(totalSeats),
  }
  let widest = 0
  for (let index = 0; index < rows.count; index++) {
    const row = rows.at(index)
    // The last row of a house without a plan may be shorter; its right end is left empty.
    const width = seatsPerRow ?? row.width
    widest = Math.max(widest, width)
    if (row.first <= row.last) rowStarts.add(row.first)
    let end = -1
    for (let seat = row.first; seat <= row.last; seat++) {
      const index = seat - row.first
      const drawn = row.forSale?.[index]
      const column = drawn?.column ?? index
      if (column !== end) blockStarts.add(seat)
      offset[seat] = 2 * column - (width - 1)
      if (drawn && drawn.kind !== 'standard') seatsOf[drawn.kind as SeatKind].add(seat)
      end = column + 1
    }
  }
  const { restricted, wheelchair: wheelchairs, companion: companions } = seatsOf
  const accessible = wheelchairs.clone()
  accessible.addAll(companions)
  const hasRows = seatsPerRow !== null || Boolean(plan)
  return {
    rows,
    sections: [...rows.sections.keys()],
    hasRows,
    offset,
    widest,
    rowStarts,
    blockStarts,
    restricted,
    wheelchairs,
    companions,
    accessible,
  }
}
