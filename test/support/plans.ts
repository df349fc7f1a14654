import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { readPlanText } from '../../src/house/plan/plan-text.js'
import {
  type Aisle,
  type PlanOutline,
  SeatPlan,
  type SeatRun,
} from '../../src/house/plan/seat-plan.js'
import { type DrawnSeat, joinSeats } from '../../src/house/plan/seat-runs.js'
import type { SeatLayout } from '../../src/house/seats.js'

/** The plan of a text without faults. */
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

const kinds: SeatRun['kind'][] = ['standard', 'restricted', 'wheelchair', 'not for sale']
const aisles = fc.record({ aisle: fc.integer({ min: 1, max: 4 }) })
const runs = fc.record({
  from: fc.integer({ min: 1, max: 60 }),
  length: fc.integer({ min: 1, max: 9 }),
  step: fc.constantFrom<SeatRun['step'][]>(1, -1, 2, -2),
  kind: fc.constantFrom(...kinds),
  /** Of wheelchair places only. */
  companions: fc.constantFrom('none', 'before', 'after', 'both'),
})

/** A row in which no number is painted twice, with a seat for sale somewhere. */
const rowsOfItems = fc
  .tuple(fc.array(fc.oneof(aisles, runs), { minLength: 1, maxLength: 6 }), fc.nat(6))
  .map(([drawn, place]) => {
    const taken = new Set<number>()
    const seat = (number: number, kind: SeatRun['kind']): DrawnSeat[] => {
      if (number < 1 || taken.has(number)) return []
      taken.add(number)
      return [{ number, kind }]
    }
    const items = drawn.map((item): (DrawnSeat | Aisle)[] => {
      if ('aisle' in item) return [item]
      const { from, length, step, kind, companions } = item
      const seats = Array.from({ length }, (_, index) => seat(from + index * step, kind)).flat()
      if (kind !== 'wheelchair' || seats.length === 0) return seats
      const before = /before|both/.test(companions) ? seat(from - step, 'companion') : []
      const after = /after|both/.test(companions) ? seat(from + length * step, 'companion') : []
      return [...before, ...seats, ...after]
    })
    items.splice(place, 0, [{ number: 9000, kind: 'standard' }])
    return joinSeats(items.flat())
  })

const LABELS = ['A', 'B', 'AA', '1', '12', 'C3', 'z']
const NAMES = ['Stalls', 'Dress Circle', "Queen's Box", 'Balcony (left)']

const sections = (names: readonly string[]) =>
  fc.tuple(
    ...names.map((name) =>
      fc
        .tuple(
          fc.shuffledSubarray(LABELS, { minLength: 1 }),
          fc.array(rowsOfItems, { minLength: 7 }),
        )
        .map(([labels, items]) => ({
          name,
          rows: labels.map((label, index) => ({ label, items: items[index]! })),
        })),
    ),
  )

/** Outlines without faults, in their one spelling. */
export const outlines: fc.Arbitrary<PlanOutline> = fc
  .tuple(
    fc.constantFrom('', 'Globe', 'Théâtre du Châtelet'),
    fc.constantFrom<PlanOutline['stage'][]>('top', 'bottom', 'none'),
    fc.oneof(fc.constant(['']), fc.shuffledSubarray(NAMES, { minLength: 1 })),
  )
  .chain(([name, stage, names]) => sections(names).map((all) => ({ name, stage, sections: all })))
