import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvPlan, readCsvPlan } from '../../../src/house/plan/csv.js'
import { placesIn } from '../../../src/house/plan/drawn-seats.js'
import { pretixPlan, readPretixPlan } from '../../../src/house/plan/pretix.js'
import { type OutlineRow, type PlanOutline, SeatPlan } from '../../../src/house/plan/seat-plan.js'

const globe: PlanOutline = {
  name: 'Globe, "the wooden O"',
  stage: 'bottom',
  sections: [
    {
      name: 'Stalls',
      rows: [
        { label: 'A', items: [run(1, 6), { aisle: 1 }, run(7, 14), { aisle: 2 }, run(15, 20)] },
        { label: 'C', items: [run(1, 1, 'wheelchair'), run(2, 2, 'companion'), run(3, 6)] },
        { label: 'D', items: [run(39, 21, 'standard', -2), run(20, 40, 'standard', 2)] },
      ],
    },
    {
      name: "Circle (upper) & King's",
      rows: [
        { label: 'AA', items: [run(1, 2, 'not for sale'), run(12, 3), run(13, 14, 'restricted')] },
      ],
    },
  ],
}

function run(from: number, to: number, kind = 'standard', step = Math.sign(to - from) || 1) {
  return { from, to, step, kind } as Extract<OutlineRow['items'][number], { from: number }>
}

/** A plan through each door and back. */
const doors = {
  pretix: (plan: SeatPlan) => readPretixPlan(JSON.parse(JSON.stringify(pretixPlan(plan)))),
  CSV: (plan: SeatPlan) => readCsvPlan(csvPlan(plan), { name: 'other' }),
}

describe.each(Object.entries(doors))('a plan through %s and back', (_, through) => {
  it('is the same, with its name, stage, aisles, kinds and numbers', () => {
    expect(through(new SeatPlan(globe))).toEqual({ outline: globe, faults: [], notices: [] })
  })

  it('is the same, whatever the plan', () => {
    fc.assert(
      fc.property(outlines, (outline) => {
        const { outline: back, ...rest } = through(new SeatPlan(outline))
        expect(rest).toEqual({ faults: [], notices: [] })
        expect(seatsOf(back!)).toEqual(seatsOf(outline))
        expect(through(new SeatPlan(back!)).outline).toEqual(back)
      }),
      { numRuns: 300 },
    )
  })
})

/** The plan, seat by seat: a run can be written in several ways. */
function seatsOf({ sections, ...plan }: PlanOutline) {
  const seats = sections.map(({ name, rows }) => ({
    name,
    rows: rows.map((row) => ({ label: row.label, seats: [...placesIn(row)] })),
  }))
  return { ...plan, sections: seats }
}

const kinds = ['standard', 'restricted', 'wheelchair', 'companion', 'not for sale'] as const

const rows = fc
  .uniqueArray(
    fc.record({
      number: fc.integer({ min: 1, max: 30 }),
      kind: fc.constantFrom(...kinds),
      aisle: fc.nat(3),
    }),
    { selector: ({ number }) => number, minLength: 1, maxLength: 12 },
  )
  .chain((seats) =>
    fc
      .constantFrom(
        seats,
        seats.toSorted((a, b) => a.number - b.number),
      )
      .map((ordered) =>
        ordered.flatMap(({ number, kind, aisle }, index) => [
          ...(aisle > 0 && index > 0 ? [{ aisle }] : []),
          run(number, number, kind),
        ]),
      ),
  )

const outlines: fc.Arbitrary<PlanOutline> = fc.record({
  name: fc.constantFrom('Globe', '=1+1', 'O\'Neill; "Zoë"', '- ;-)'),
  stage: fc.constantFrom('top', 'bottom', 'none'),
  sections: fc
    .array(fc.array(rows, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((sections) =>
      sections.map((items, section) => ({
        name: sections.length === 1 ? '' : ['Stalls', 'Circle 2', "God's (&.)"][section]!,
        rows: items.map((one, row) => ({ label: ['A', '12', 'BB', 'c'][row]!, items: one })),
      })),
    ),
})
