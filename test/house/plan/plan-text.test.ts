import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planId, readPlanText, writePlanText } from '../../../src/house/plan/plan-text.js'
import { parseSeats } from '../../../src/house/seats.js'
import { TicketsError } from '../../../src/shared/errors.js'
import { blocksOf } from '../../support/examples.js'
import {
  blocksIn,
  examplePlan,
  layoutOf,
  outlines,
  planOf,
  run,
  seatsOf,
} from '../../support/plans.js'
import { expectWording, withFacts } from '../../support/wording.js'

const globe = `name: Globe
stage: bottom

section Stalls
A  1-6 . 7-14 . 15-20
C  w1 c2 3-6 . 7-14 . 15-18
D  39-21 odd . 20-40 even

section Circle
AA  x1-2 3-12 r13-14
`

describe('the text of a plan', () => {
  it('is read as it is drawn', () => {
    expect(readPlanText(globe).outline?.sections[1]).toEqual({
      name: 'Circle',
      rows: [
        {
          label: 'AA',
          seats: seatsOf(run(1, 2, 'not for sale'), run(3, 12), run(13, 14, 'restricted')),
        },
      ],
    })
  })

  it('has its seats numbered from 1 in the order of the text, without those not for sale', () => {
    const plan = planOf(globe)
    const { totalSeats } = plan
    expect([plan.label(1), plan.label(21), plan.label(39), plan.label(49), plan.label(60)]).toEqual(
      ['Stalls A1', 'Stalls C1', 'Stalls D39', 'Stalls D20', 'Circle AA3'],
    )
    expect([totalSeats, plan.label(totalSeats), plan.kindOf(totalSeats)]).toEqual([
      71,
      'Circle AA14',
      'restricted',
    ])
    expect(plan.sections.map(({ first, last }) => [first, last])).toEqual([
      [1, 59],
      [60, 71],
    ])
    expect(blocksIn(plan.rows[0]!)).toEqual([
      { first: 1, last: 6 },
      { first: 7, last: 14 },
      { first: 15, last: 20 },
    ])
  })

  it.each([
    ['a byte order mark', '\uFEFFA 1-3\n'],
    ['line ends of Windows', 'A 1-3\r\n'],
    ['line ends of an old Mac', '\rA 1-3\r'],
    ['tabs', '\tA\t1-3\t'],
    ['no line end', 'A 1-3'],
    ['a comment and empty lines', '# a house\n\n   \nA 1-3 # front\n\n'],
    ['runs in pieces', 'A 1 2-2 3'],
  ])('with %s is the same plan', (_, text) => {
    expect(writePlanText(readPlanText(text).outline!)).toBe('A  1-3\n')
  })

  it.each([
    ['A 1 3', 'A  1 3\n'],
    ['A 1 3 5', 'A  1-5 odd\n'],
    ['A 6 4 2', 'A  6-2 even\n'],
    ['A 3 2', 'A  3-2\n'],
    ['A . . 1 .. . 2', 'A  .. 1 ... 2\n'],
    ['A 5-5 odd', 'A  5\n'],
    ['A W1 C2 r3 X4', 'A  w1 c2 r3 x4\n'],
    ['Stage: NONE\nNAME: x\nSection  A   b\na 1', 'name: x\nstage: none\n\nsection A b\na  1\n'],
    ['stage: top\nA 1', 'A  1\n'],
  ])('%j has one canonical spelling', (text, written) => {
    expect(writePlanText(readPlanText(text).outline!)).toBe(written)
  })

  it('is written as it was read, for any plan', () => {
    fc.assert(
      fc.property(outlines, (outline) => {
        const text = writePlanText(outline)
        expect(readPlanText(text)).toEqual({ outline, faults: [], notices: [] })
      }),
    )
  })

  it('identifies a plan by its canonical spelling', () => {
    const id = (text: string) => planId(writePlanText(readPlanText(text).outline!))
    expect(id('A 1-3')).toBe(id('# x\nA  1 2 3'))
    expect(id('A 1-3')).not.toBe(id('B 1-3'))
    expect(id('A 1-3')).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['theatre', { seats: 480, sections: 3, rows: 24, restricted: 16, wheelchair: 4, companion: 4 }],
    ['cinema', { seats: 204, sections: 1, rows: 12, restricted: 0, wheelchair: 4, companion: 2 }],
    [
      'arena',
      { seats: 20_000, sections: 51, rows: 1003, restricted: 2176, wheelchair: 20, companion: 20 },
    ],
  ])('of the example %s has no errors, and the expected seats', (name, counts) => {
    const plan = planOf(examplePlan(name))
    const ofKind = { standard: 0, restricted: 0, wheelchair: 0, companion: 0 }
    for (let seat = 1; seat <= plan.totalSeats; seat++) ofKind[plan.kindOf(seat)] += 1
    const { standard: _, ...special } = ofKind
    expect({
      seats: plan.totalSeats,
      sections: plan.sections.length,
      rows: plan.rows.length,
      ...special,
    }).toEqual(counts)
  })
})

describe('docs/plans.md', async () => {
  const page = await readFile(new URL('../../../docs/plans.md', import.meta.url), 'utf8')
  const plans = blocksOf(page).filter(
    ({ language, file }) => language === 'text' && !file?.endsWith('.csv'),
  )

  it.each(plans)('shows a plan without errors: $text', ({ text }) => {
    expect(readPlanText(text).faults).toEqual([])
  })

  it('names seats that the program accepts, and ranges that it refuses', () => {
    const layout = layoutOf(plans[0]!.text)
    const [table] = /^\| typed \|.*?\n\n/ms.exec(page)!
    const rows = [...table.matchAll(/^\| `(.+)` \| `(.+)` \|/gm)]
    expect(rows.length).toBeGreaterThan(5)
    for (const [, typed, labels] of rows) {
      expect(parseSeats(typed!, layout)).toEqual(parseSeats(labels!, layout))
    }
    for (const refused of ['D22-D23', 'Circle AA1-AA4']) {
      expect(page).toContain(`\`${refused}\``)
      expect(() => parseSeats(refused, layout)).toThrow(TicketsError)
    }
  })
})

/** The file, and for each error its line, its column, and facts in its message. */
const wrong: [text: string, ...faults: [line: number, column: number, ...facts: string[]][]][] = [
  ['', [1, 1]],
  ['\n\n', [1, 1]],
  ['# nothing', [1, 1]],
  ['name: Globe', [1, 1]],
  ['A x1-20', [1, 1]],
  // The head.
  ['title: Globe\nA 1', [1, 1, 'name:', 'stage:']],
  ['nmae : Globe\nA 1', [1, 1, 'name:', 'stage:']],
  ['name:\nA 1', [1, 1, 'name:']],
  ['name:   # none\nA 1', [1, 1, 'name:']],
  ['stage:\nA 1', [1, 1, 'stage:']],
  ['stage: left\nA 1', [1, 8, 'top', 'bottom', 'none']],
  ['  stage :   front  \nA 1', [1, 13, 'top', 'bottom', 'none']],
  ['name: a\nname: b\nA 1', [2, 1, '1']],
  ['stage: top\n\nStage: top\nA 1', [3, 1, '1']],
  ['A 1\nname: late', [2, 1]],
  ['section S\nstage: top\nA 1', [2, 1]],
  [`name: ${'x'.repeat(201)}\nA 1`, [1, 1, '200']],
  ['name: a\u0007b\nA 1', [1, 1]],
  ['name: Hall \u2028 2\nA 1', [1, 1]],
  ['name: Th\ufffd\ufffdtre\nA 1', [1, 9, 'UTF-8']],
  ['A 1 # \ufffd\nB 1 \ufffd', [2, 5, 'UTF-8']],
  // Sections.
  ['section: Stalls\nA 1', [1, 1, 'name:', 'stage:', 'section']],
  ["section Queen’s Box\nA 1\nsection queen's  box\nA 1", [3, 9, `"queen's box"`]],
  ['section\nA 1', [1, 1]],
  ['section   # Stalls\nA 1', [1, 1]],
  ['section Grand-Tier\nA 1', [1, 9, '"Grand-Tier"']],
  ['section A, B\nA 1', [1, 9, '"A, B"']],
  ['section Left/Right\nA 1', [1, 9, '"Left/Right"']],
  ['section "Stalls"\nA 1', [1, 9, '""Stalls""']],
  ['section .\nA 1', [1, 9, '"."']],
  [`section ${'x'.repeat(41)}\nA 1`, [1, 9, '40']],
  // Letters and marks that are invisible.
  ['section \u3164\nA 1', [1, 9, '"\u3164"', 'visible']],
  ['section Stalls\nA 1\nsection Stalls\u3164\nA 1', [3, 9, '"Stalls\u3164"', 'visible']],
  ['section \u115fStalls\nA 1', [1, 9, 'visible']],
  ['section Sta\u034flls\nA 1', [1, 9, 'visible']],
  ['section Stalls\u17b4\nA 1', [1, 9, 'visible']],
  ['section Stalls\ufe0f\nA 1', [1, 9, 'visible']],
  ['section Stalls\u{e0100}\nA 1', [1, 9, 'visible']],
  ['  section  a;b\nA 1', [1, 12, '"a;b"']],
  ['section S\nA 1\nsection s\nA 1', [3, 9, '"s"']],
  ['section S\nA 1\nsection T\nA 1\nsection S\nA 1', [5, 9, '"S"']],
  ['section S\nsection T\nA 1', [1, 9]],
  ['section S\nA 1\nsection T', [3, 9]],
  ['section S', [1, 9]],
  ['A 1\nsection S\nA 1', [1, 1]],
  // Labels of rows.
  ['ABCDE 1', [1, 1, '"ABCDE"']],
  ['12345 1', [1, 1, '"12345"']],
  ['A- 1', [1, 1, '"A-"']],
  ['A. 1', [1, 1, '"A."']],
  ['. 1', [1, 1, '"."']],
  ['Ä 1', [1, 1, '"Ä"']],
  ['* 1', [1, 1, '"*"']],
  ['A/B 1', [1, 1, '"A/B"']],
  ['1-20', [1, 1, '"1-20"'], [1, 1]],
  ['\u0000 1', [1, 1]],
  ['A: 1-20', [1, 1, 'name:', 'stage:']],
  ['A 1\nA 2', [2, 1, 'A']],
  ['A 1\nB 1\na 2', [3, 1, 'a']],
  ['section S\nA 1\nsection T\nA 1\nA 2', [5, 1, 'A']],
  // Rows without seats.
  ['A', [1, 1, 'A']],
  ['A .', [1, 1, 'A']],
  ['A 1\n  B . ..', [2, 3, 'B']],
  ['A 1\nsection', [1, 1], [2, 1], [2, 1]],
  // Seats.
  ['A 1-', [1, 3, '"1-"']],
  ['A -1', [1, 3, '"-1"']],
  ['A 1--3', [1, 3, '"1--3"']],
  ['A 1-2-3', [1, 3, '"1-2-3"']],
  ['A 1,2', [1, 3, '"1,2"']],
  ['A 1 , 2', [1, 5, '","']],
  ['A 1..3', [1, 3, '"1..3"']],
  ['A 1–3', [1, 3, '"1–3"']],
  ['A 1.5', [1, 3, '"1.5"']],
  ['A one', [1, 3, '"one"']],
  ['A 1a', [1, 3, '"1a"']],
  ['A w', [1, 3, '"w"']],
  ['A w 1', [1, 3, '"w"']],
  ['A ww1', [1, 3, '"ww1"']],
  ['A w-1', [1, 3, '"w-1"']],
  ['A 1-w3', [1, 3, '"1-w3"']],
  ['A 1 - 3', [1, 5, '"-"']],
  ['A 1 | 2', [1, 5, '"|"']],
  ['A 1 _ 2', [1, 5, '"_"']],
  ['A (1-3)', [1, 3, '"(1-3)"']],
  ['A ١-٣', [1, 3, '"١-٣"']],
  ['A 1\u00002', [1, 3]],
  ['A 1234567890', [1, 3, '"1234567890"']],
  ['A y1', [1, 3, '"y"']],
  ['A 1 b2-5', [1, 5, '"b"']],
  ['A 0', [1, 3, '9999']],
  ['A 0-5', [1, 3, '9999']],
  ['A 5-0', [1, 3, '9999']],
  ['A 10000', [1, 3, '9999']],
  ['A 1 9999-10001', [1, 5, '9999']],
  ['A 99999-1', [1, 3, '9999']],
  // The name of the plan.
  [`# a plan\n\nname: ${'x'.repeat(201)}\nA 1`, [3, 1, '200']],
  ['\nname: a\tb\nA 1', [2, 1]],
  // Aisles, single and next to each other.
  [`A 1 ${'.'.repeat(201)} 2`, [1, 5, '200']],
  [`A 1 ${'.'.repeat(150)} . ${'.'.repeat(150)} 2`, [1, 158, '200']],
  [`A ${'.'.repeat(200)} ${'.'.repeat(200)} . 2`, [1, 204, '200']],
  // Odd and even.
  ['A odd', [1, 3, '"odd"']],
  ['A even 1', [1, 3, '"even"']],
  ['A 1 odd', [1, 3, 'odd', '1-19 odd']],
  ['A . odd', [1, 3, 'odd']],
  ['A 1-20 odd', [1, 3, '20', 'odd']],
  ['A 2-20 odd', [1, 3, '2', 'odd']],
  ['A 1-20 even', [1, 3, '1', 'even']],
  ['A 20-1 even', [1, 3, '1', 'even']],
  ['A 1-9 odd odd', [1, 11, '"odd"']],
  ['A 1-9odd', [1, 3, '"1-9odd"']],
  ['A 1-9 ODD 1-9 Even', [1, 11, '1', 'even']],
  // The same seat twice.
  ['A 1 1', [1, 5, '1']],
  ['A 1-5 . 5-9', [1, 9, '5']],
  ['A 1-9 odd 2-8 even 8-9', [1, 20, '8']],
  ['A 1-9 x3', [1, 7, '3']],
  ['A 1-9 3-5', [1, 7, '3']],
  ['A 9-1\nB 1-3 2', [2, 7, '2']],
  // Companions.
  ['A c1', [1, 3, 'w1 c2']],
  ['A c1 2 w3', [1, 3, 'w1 c2']],
  ['A w1 . c2', [1, 8, 'w1 c2']],
  ['A w1 c2-3', [1, 6, 'w1 c2']],
  ['A w1\nB c1', [2, 3, 'w1 c2']],
  ['A c1-3 w4', [1, 3, 'w1 c2']],
  // Next to an unreadable word, which may be the wheelchair place, or a seat between two aisles.
  ['A w1x c2', [1, 3, '"w1x"']],
  ['A c1 2w', [1, 6, '"2w"']],
  ['A w1 odd c2 c9', [1, 3, 'odd']],
  [`A 1 ${'.'.repeat(150)} 2x ${'.'.repeat(150)} 3`, [1, 156, '"2x"']],
  [`A 1 2x ${'.'.repeat(201)} 3`, [1, 5, '"2x"'], [1, 8, '200']],
  ['A w1x c2\nB c1', [1, 3, '"w1x"'], [2, 3, 'w1 c2']],
  // Several at once, in the order of the file.
  [
    'nam: x\nstage: up\nA 1- 0\nB y5',
    [1, 1, 'nam:', 'name:'],
    [2, 8, 'top'],
    [3, 3, '"1-"'],
    [3, 6, '9999'],
    [4, 3, '"y"'],
  ],
  [
    'section a-b\nA 1 1\nA 2\nsection a-b',
    [1, 9, '"a-b"'],
    [2, 5, 'A'],
    [3, 1],
    [4, 9, '"a-b"'],
    [4, 9, '"a-b"'],
    [4, 9],
  ],
  [`${'A 1-9999\n'.repeat(11)}`, [11, 3, '100,000']],
  [
    '{"name": "Globe", "zones": []}',
    [1, 1, '{"name":'],
    [1, 10, '""Globe","'],
    [1, 19, '""zones":"'],
    [1, 28, '"[]}"'],
  ],
  [
    'section,row,seat\nStalls,A,1',
    [1, 1, '"section,row,seat"'],
    [1, 1],
    [2, 1, '"Stalls,A,1"'],
    [2, 1],
  ],
]

describe('a wrong plan', () => {
  it('stands here a hundred times and more', () => {
    expect(wrong.length).toBeGreaterThan(100)
  })

  it.each(wrong)('%j: each error has its line, its column and the facts', (text, ...faults) => {
    const reading = readPlanText(text)
    expect(reading.outline).toBeUndefined()
    expect(reading.faults.map(({ line, column, message }) => [line, column, message])).toEqual(
      faults.map(([line, column, ...facts]) => [line, column, withFacts(...facts)]),
    )
  })

  it('uses the messages in test/wording/plan-text.txt', () =>
    expectWording(
      'plan-text',
      wrong.map(([text]) => [
        text,
        ...readPlanText(text).faults.map(
          ({ line, column, message }) => `${line}:${column} ${message}`,
        ),
      ]),
    ))

  it.each([
    ['one word', 'x'.repeat(1_999_999)],
    ['words', 'a 1 '.repeat(500_000)],
    ['spaces', `name: ${' '.repeat(1_900_000)}x`],
    ['rows', 'A 1\n'.repeat(500_000)],
    ['long rows', 'A 1-9999\n'.repeat(200_000)],
    ['long rows that are not for sale', 'A x1-9999\n'.repeat(200_000)],
    ['aisles', '. '.repeat(999_999)],
    ['NULs', '\0\n'.repeat(999_999)],
    ['more than 2 MB', 'A 1-3\n'.repeat(400_000)],
    ['what would be stored as more', sectionsOfOneSeat(100_000)],
  ])('of 2 MB of %s is refused with a thousand errors at most', (_, text) => {
    const { faults, outline } = readPlanText(text)
    expect(outline).toBeUndefined()
    expect(faults.length).toBeLessThanOrEqual(1000)
  })

  it('never causes a crash, with any text', () => {
    const words = fc.constantFrom(
      ...[
        'section',
        'name:',
        'stage:',
        'A',
        '12',
        '1-5',
        'w1',
        'c2',
        '9-1',
        'odd',
        'even',
        '.',
        '#',
      ],
      ...['\n', '\r\n', '\t', '\0', '1-', 'Ä', '🎭', ':', 'x1-4', '99999'],
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((all) => all.join(' ')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const { outline, faults } = readPlanText(text)
        expect(outline === undefined).toBe(faults.length > 0)
      }),
      { numRuns: 500 },
    )
  })
})

/** The canonical spelling has an empty line between sections, and spaces before the seats. */
function sectionsOfOneSeat(count: number): string {
  return Array.from({ length: count }, (_, index) => `section S${index}\nA 1\n`).join('')
}
