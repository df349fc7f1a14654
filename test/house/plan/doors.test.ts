import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvPlan, readCsvPlan } from '../../../src/house/plan/csv.js'
import { outlineOf } from '../../../src/house/plan/plan-file.js'
import type { PlanReading } from '../../../src/house/plan/plan-reading.js'
import { readPlanText, writePlanText } from '../../../src/house/plan/plan-text.js'
import { pretixPlan, readPretixPlan } from '../../../src/house/plan/pretix.js'
import { type OutlineRow, type PlanOutline, SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { examplePlan, outlines } from '../../support/plans.js'

const globe: PlanOutline = {
  name: '=Globe, "the wooden O"; -1',
  stage: 'bottom',
  sections: [
    {
      name: 'Stalls',
      rows: [
        {
          label: 'A',
          items: [{ aisle: 2 }, run(1, 6), { aisle: 1 }, run(7, 14), { aisle: 2 }, run(15, 20)],
        },
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
const doors: Record<string, (plan: SeatPlan) => PlanReading> = {
  pretix: (plan: SeatPlan) => readPretixPlan(JSON.parse(JSON.stringify(pretixPlan(plan)))),
  text: (plan: SeatPlan) => readPlanText(writePlanText(outlineOf(plan))),
  CSV: (plan: SeatPlan) => readCsvPlan(csvPlan(plan)),
}

describe.each(Object.entries(doors))('a plan through %s and back', (_, through) => {
  it('is the same, with its name, stage, aisles, kinds and numbers', () => {
    expect(through(new SeatPlan(globe))).toEqual({ outline: globe, faults: [], notices: [] })
  })

  it.each(['theatre', 'cinema', 'arena'])('is the same: the example %s', (name) => {
    const { outline } = readPlanText(examplePlan(name))
    expect(through(new SeatPlan(outline!))).toEqual({ outline, faults: [], notices: [] })
  })

  it('is the same, whatever the plan', () => {
    fc.assert(
      fc.property(outlines, (outline) => {
        expect(through(new SeatPlan(outline))).toEqual({
          outline,
          faults: [],
          notices: [],
        })
      }),
    )
  })
})
