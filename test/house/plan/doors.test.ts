import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkOutline } from '../../../src/house/plan/check-outline.js'
import { csvPlan, readCsvPlan } from '../../../src/house/plan/csv.js'
import { formatPlan, outlineOf, readPlanFile } from '../../../src/house/plan/plan-file.js'
import type { PlanReading } from '../../../src/house/plan/plan-reading.js'
import { readPlanText, writePlanText } from '../../../src/house/plan/plan-text.js'
import { pretixPlan, readPretixPlan } from '../../../src/house/plan/pretix.js'
import { type PlanOutline, SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { parseSeats } from '../../../src/house/seats.js'
import { examplePlan, outlines, planOf, run, seatsOf } from '../../support/plans.js'

const globe: PlanOutline = {
  name: '=Globe, "the wooden O"; -1',
  stage: 'bottom',
  sections: [
    {
      name: 'Stalls',
      rows: [
        { label: 'A', seats: seatsOf(2, run(1, 6), 1, run(7, 14), 2, run(15, 20)) },
        { label: 'C', seats: seatsOf(run(1, 1, 'wheelchair'), run(2, 2, 'companion'), run(3, 6)) },
        { label: 'D', seats: seatsOf(run(39, 21, 'standard', -2), run(20, 40, 'standard', 2)) },
      ],
    },
    {
      name: "Circle (upper) & King's",
      rows: [
        {
          label: 'AA',
          seats: seatsOf(run(1, 2, 'not for sale'), run(12, 3), run(13, 14, 'restricted')),
        },
      ],
    },
  ],
}

/** A plan through each door and back. */
const doors: Record<string, (plan: SeatPlan) => PlanReading> = {
  pretix: (plan: SeatPlan) => readPretixPlan(JSON.parse(JSON.stringify(pretixPlan(plan)))),
  text: (plan: SeatPlan) => readPlanText(writePlanText(outlineOf(plan))),
  CSV: (plan: SeatPlan) => readCsvPlan(csvPlan(plan)),
}

describe.each(Object.entries(doors))('a plan through %s and back', (_, through) => {
  it('has the same name, stage, aisles, kinds and numbers', () => {
    expect(through(new SeatPlan(globe))).toEqual({ outline: globe, faults: [], notices: [] })
  })

  it.each(['theatre', 'cinema', 'arena'])('is the same: the example %s', (name) => {
    const { outline } = readPlanText(examplePlan(name))
    expect(through(new SeatPlan(outline!))).toEqual({ outline, faults: [], notices: [] })
  })

  it('is the same for any plan', () => {
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

it('a plan keeps every name that a plan may have, in each format, chosen by name or read from stdin', () => {
  const hostileText = fc.string({
    unit: fc.constantFrom(..."=+-@'';,:\" ＝#\ufffd\ufeffaé\u0301\u200d"),
  })
  const anything = fc.string({ unit: 'binary', maxLength: 200 })
  const house = {
    stage: 'top' as const,
    sections: [{ name: '', rows: [{ label: 'A', seats: seatsOf(run(1, 3)) }] }],
  }
  const names = fc.oneof(
    hostileText,
    anything,
    fc.constantFrom("'=1", "''=1", "x;'=1", "'' -1", "'Tis"),
  )
  const isLegal = (name: string) => checkOutline({ ...house, name }).length === 0
  fc.assert(
    fc.property(names.filter(isLegal), (name) => {
      const plan = new SeatPlan({ ...house, name })
      for (const [format, end] of [
        ['text', 'plan'],
        ['json', 'json'],
        ['csv', 'csv'],
      ] as const) {
        const file = Buffer.from(formatPlan(plan, format))
        for (const read of [`house.${end}`, '-'].map((at) => readPlanFile(file, at))) {
          expect(read).toEqual({ outline: { ...house, name }, faults: [], notices: [] })
        }
      }
    }),
    { numRuns: 500 },
  )
})

describe.each<[string, string]>([
  ['aisles next to each other', `A ${'.'.repeat(99)} . ${'.'.repeat(99)} 1 . . . 2 . .`],
  ['a section named like a seat of another', 'section Stalls C5\nA 1-3\nsection Stalls\nC 1-6'],
  ['sections like rows', 'section A\nA 1-3\nsection B\nA 1-3\nC 1'],
  ['sections like seat numbers', 'section 12\n12 1-3\nsection 12 12\n12 1-3\n1 1'],
  ['rows named like words of the format', 'sect 1-3\nname 1-2\nodd 1-3\neven 2\nw1 1\nx 1'],
  ['rows like numbers', '0 1-3\n00 1-3\n1 1-3\n01 1-3\n1e1 1-3\nA1 1-3\nA 11-13'],
  ['decomposed accents', 'section Cafe\u0301\nA 1-3\nsection Circle\nA 1'],
  ['typographic apostrophes', 'section Queen’s Box\nA 1-3\nsection Circle\nA 1'],
  [
    'letters that change in upper case',
    'section Straße\nA 1-3\nsection ΣΑΣ\nA 1\nsection İst\nA 1',
  ],
  ['right-to-left letters', 'section \u05d0\u05d5\u05dc\u05dd\nA 1-3\nsection Circle\nA 1'],
  ['digits of another script', 'section \u0661\u0662\nA 1-3\nsection Circle\nA 1'],
  ['no-break spaces', 'name:\u00a0Globe\u00a0\nsection\u00a0Dress\u00a0\u00a0Circle\nA\u00a01-3'],
  ['tabs and returns', '\ufeffname:\tGlobe\rsection\tStalls\tleft\r\nA\t1-3\t.\t4\r'],
  ['a section without seats for sale', 'section Pit\nA x1-5\nsection Stalls\nA 1\nB x1'],
  ['one seat', 'A 9999'],
  ['a row of every second seat', `A ${'x'.concat('1-9999 odd')} 2-9998 even`],
  ['a name like a formula', "name: =cmd|'/c calc'!A1;-1\nA 1"],
  ['a name like a line of CSV', 'name: sep=;"row",,seat\nA 1'],
  ['a name with invisible characters', 'name: a\u202eb\u200bc\nA 1'],
])('a plan with %s', (_, text) => {
  const plan = planOf(text)

  it.each(['text', 'json', 'csv'] as const)(
    'is the same through %s, chosen by name or read from stdin',
    (format) => {
      const file = Buffer.from(formatPlan(plan, format))
      const expected = { outline: outlineOf(plan), faults: [], notices: [] }
      expect(readPlanFile(file, `house.${format === 'text' ? 'plan' : format}`)).toEqual(expected)
      expect(readPlanFile(file, '-')).toEqual(expected)
    },
  )

  it('has a label for each seat, which is accepted in any case and Unicode form', () => {
    const layout = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
    for (let seat = 1; seat <= Math.min(plan.totalSeats, 50); seat++) {
      const label = plan.label(seat)
      for (const typed of [
        label,
        label.toLowerCase(),
        label.toUpperCase(),
        label.normalize('NFC'),
      ]) {
        expect([typed, parseSeats(typed, layout)]).toEqual([typed, [seat]])
      }
    }
  })
})
