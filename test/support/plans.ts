import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { readPlanText } from '../../src/house/plan/plan-text.js'
import {
  type DrawnSeat,
  type PlacedRow,
  type PlanOutline,
  SeatPlan,
} from '../../src/house/plan/seat-plan.js'
import { formatRun, runsOf } from '../../src/house/plan/seat-runs.js'
import type { SeatLayout } from '../../src/house/seats.js'

/** The plan from a text without errors. */
export function planOf(text: string): SeatPlan {
  const { outline, faults } = readPlanText(text)
  if (outline === undefined) throw new Error(JSON.stringify(faults))
  return new SeatPlan(outline)
}

export function layoutOf(text: string): SeatLayout {
  const plan = planOf(text)
  return { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
}

/** One of the examples in docs/plans. */
export function examplePlan(name: string): string {
  return readFileSync(examplePath(name), 'utf8')
}

export function examplePath(name: string): URL {
  return new URL(`../../docs/plans/${name}.plan`, import.meta.url)
}

/** A seat before it has a column, or the width of an aisle. */
type Piece = Omit<DrawnSeat, 'column'> | number

/** Seats with the numbers `from`, `from + step`, …, `to`. */
export function run(
  from: number,
  to: number,
  kind: DrawnSeat['kind'] = 'standard',
  step = Math.sign(to - from) || 1,
): Piece[] {
  const length = (to - from) / step + 1
  return Array.from({ length }, (_, index) => ({ number: from + index * step, kind }))
}

/** The seats of a row of these seats and aisles, from left to right. */
export function seatsOf(...pieces: readonly (Piece | readonly Piece[])[]): DrawnSeat[] {
  let column = 0
  return pieces.flat().flatMap((piece) => {
    if (typeof piece !== 'number') return { column: column++, ...piece }
    column += piece
    return []
  })
}

/** '. 5-1 odd . 7 wheelchair'. */
export function shownSeats(seats: readonly DrawnSeat[]): string {
  let end = 0
  return runsOf(seats)
    .flatMap((run) => {
      const { column, kind } = run.first
      const aisle = '.'.repeat(column - end)
      end = run.last.column + 1
      return [aisle, formatRun(run), kind === 'standard' ? '' : kind]
    })
    .filter((word) => word !== '')
    .join(' ')
}

/** The seats for sale side by side in a row, `first` to `last`. */
export function blocksIn({ seats, first }: PlacedRow): { first: number; last: number }[] {
  const blocks: { first: number; last: number; end: number }[] = []
  let seat = first
  for (const { column } of seats.filter(({ kind }) => kind !== 'not for sale')) {
    const block = blocks.at(-1)
    if (block?.end === column) Object.assign(block, { last: seat, end: column + 1 })
    else blocks.push({ first: seat, last: seat, end: column + 1 })
    seat++
  }
  return blocks.map((block) => ({ first: block.first, last: block.last }))
}

const kinds: DrawnSeat['kind'][] = ['standard', 'restricted', 'wheelchair', 'not for sale']
const aisles = fc.integer({ min: 1, max: 4 })
const runs = fc.record({
  from: fc.integer({ min: 1, max: 60 }),
  length: fc.integer({ min: 1, max: 9 }),
  step: fc.constantFrom(1, -1, 2, -2),
  kind: fc.constantFrom(...kinds),
  /** Wheelchair places only. */
  companions: fc.constantFrom('none', 'before', 'after', 'both'),
})

/** A row in which no number is painted twice, with a seat for sale somewhere. */
const rowsOfSeats = fc
  .tuple(fc.array(fc.oneof(aisles, runs), { minLength: 1, maxLength: 6 }), fc.nat(6))
  .map(([drawn, place]) => {
    const taken = new Set<number>()
    const seat = (number: number, kind: DrawnSeat['kind']): Piece[] => {
      if (number < 1 || taken.has(number)) return []
      taken.add(number)
      return [{ number, kind }]
    }
    const pieces = drawn.map((item): Piece[] => {
      if (typeof item === 'number') return [item]
      const { from, length, step, kind, companions } = item
      const seats = Array.from({ length }, (_, index) => seat(from + index * step, kind)).flat()
      if (kind !== 'wheelchair' || seats.length === 0) return seats
      const before = /before|both/.test(companions) ? seat(from - step, 'companion') : []
      const after = /after|both/.test(companions) ? seat(from + length * step, 'companion') : []
      return [...before, ...seats, ...after]
    })
    pieces.splice(place, 0, [{ number: 9000, kind: 'standard' }])
    return seatsOf(...pieces)
  })

const LABELS = ['A', 'B', 'AA', '1', '12', 'C3', 'z']
const NAMES = ['Stalls', 'Dress Circle', "Queen's Box", 'Balcony (left)']

const sections = (names: readonly string[]) =>
  fc.tuple(
    ...names.map((name) =>
      fc
        .tuple(
          fc.shuffledSubarray(LABELS, { minLength: 1 }),
          fc.array(rowsOfSeats, { minLength: 7 }),
        )
        .map(([labels, seats]) => ({
          name,
          rows: labels.map((label, index) => ({ label, seats: seats[index]! })),
        })),
    ),
  )

/** Outlines without faults. */
export const outlines: fc.Arbitrary<PlanOutline> = fc
  .tuple(
    fc.constantFrom('', 'Globe', 'Théâtre du Châtelet'),
    fc.constantFrom<PlanOutline['stage'][]>('top', 'bottom', 'none'),
    fc.oneof(fc.constant(['']), fc.shuffledSubarray(NAMES, { minLength: 1 })),
  )
  .chain(([name, stage, names]) => sections(names).map((all) => ({ name, stage, sections: all })))
