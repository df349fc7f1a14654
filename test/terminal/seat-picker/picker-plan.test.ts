import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { SeatSet } from '../../../src/house/seat-set.js'
import { textWidth } from '../../../src/terminal/render/fit-text.js'
import { type Key, pressKey } from '../../../src/terminal/seat-picker/picker-keys.js'
import { drawPicker } from '../../../src/terminal/seat-picker/picker-screen.js'
import { type Picking, startPicking } from '../../../src/terminal/seat-picker/picker-state.js'
import { globeWith } from '../../support/globe.js'
import { examplePlan, outlines, planOf } from '../../support/plans.js'
import { expectWording, withFacts } from '../../support/wording.js'

const size = { columns: 80, rows: 24 }
/** The Globe does not fit this screen, but each of its sections does. */
const low = { columns: 80, rows: 16 }
const color = { color: false, unicode: true }

const names: Record<string, string> = { enter: 'return' }
const named = new Set(
  'left right up down home end pageup pagedown space backspace enter escape'.split(' '),
)

/** As readline reports it: Escape comes with Alt. */
function keyOf(name: string): Key {
  if (name === 'space') return { name, sequence: ' ' }
  return { name: names[name] ?? name, sequence: '\u001b', meta: name === 'escape' }
}

/** The picker of an empty house after keys, named or typed; `_` is a typed space. */
function press(plan: SeatPlan, screen: typeof size, keys: string, sold: number[] = []) {
  const { totalSeats } = plan
  const booked = SeatSet.of(sold, totalSeats)
  const house = { totalSeats, seatsPerRow: null, plan, booked, held: SeatSet.empty(totalSeats) }
  let picking: Picking = startPicking({ house })
  const draw = (top: number) => drawPicker(picking, 'Hamlet', top, { ...screen, ...color })
  let drawn = draw(0)
  let now = 10_000
  for (const word of keys.split(' ')) {
    if (word === '|') now += 5000
    const pressed: Key[] = named.has(word)
      ? [keyOf(word)]
      : [...word].map((sign) =>
          sign === '_' ? { name: 'space', sequence: ' ' } : { sequence: sign },
        )
    for (const key of word === '|' ? [] : pressed) {
      picking = pressKey(picking, key, drawn, now)
      drawn = draw(drawn.top)
    }
  }
  return {
    ...drawn,
    text: stripVTControlCharacters(drawn.lines.join('\n')),
    at: plan.label(picking.cursor),
    notice: picking.notice,
    picked: [...picking.picked].map((seat) => plan.label(seat)).join(' '),
  }
}

describe('the keys of the picker in a house with a plan', () => {
  const cinema = planOf('name: Odeon\nstage: top\n1 1-4\n2 1-4\n12 1-6\n')
  const boxes = planOf(
    'name: Opera\nstage: none\nsection Box 1\nA 1-2\nsection Box 2\nA 1-2\nsection Lodge\nL 1-3\nsection King’s Box\nK 1-2',
  )
  const table: [title: string, plan: SeatPlan, keys: string, at: string, picked?: string][] = [
    ['right crosses an aisle', globeWith('top'), 'A6 right', 'Stalls A7'],
    ['left crosses an aisle', globeWith('top'), 'D20 left', 'Stalls D21'],
    ['right of a row is the start of the row below', globeWith('top'), 'A20 right', 'Stalls C1'],
    ['the same if the stage is below', globeWith('bottom'), 'C18 right', 'Stalls A1'],
    ['left of a row is the end of the row above', globeWith('bottom'), 'A1 left', 'Stalls C18'],
    ['right passes seats that are not for sale', globeWith('top'), 'D40 right', 'Circle AA3'],
    ['down goes to the nearest seat in the drawing', globeWith('top'), 'A1 down', 'Stalls C1'],
    [
      'down does not go to the seat with the same index',
      globeWith('top'),
      'A20 down',
      'Stalls C18',
    ],
    ['down at an aisle', globeWith('top'), 'C15 down', 'Stalls D32'],
    ['up towards the stage', globeWith('top'), 'D28 up', 'Stalls C14'],
    ['up away from the stage', globeWith('bottom'), 'A8 up', 'Stalls C7'],
    ['down into the next section', globeWith('top'), 'D39 down', 'Circle AA3'],
    ['up into the next section, past its heading', globeWith('bottom'), 'D20 up', 'Circle AA8'],
    ['page keys stay in the house', globeWith('top'), 'A8 pagedown', 'Circle BB4'],
    [
      'home and end are the first and the last seat of the row',
      globeWith('top'),
      'AA9 home',
      'Circle AA3',
    ],
    ['end', globeWith('top'), 'AA9 end', 'Circle AA14'],
    ['a letter goes to its row', globeWith('top'), 'd', 'Stalls D39'],
    ['the beginning of a name goes to its section', globeWith('top'), 'cir', 'Circle AA3'],
    ['a row after the name', globeWith('top'), 'circle_bb', 'Circle BB1'],
    ['a label with its section', globeWith('top'), 'circle_aa12', 'Circle AA12'],
    ['a label of the section under the cursor', boxes, 'box_2 | A2', 'Box 2 A2'],
    ['a label in another section', boxes, 'A1 | box_2_A2 | A1', 'Box 2 A1'],
    ['a name with a digit', boxes, 'box_2', 'Box 2 A1'],
    ['a typographic apostrophe', boxes, "king's_box_k2", 'King’s Box K2'],
    ['a space after a row picks', globeWith('top'), 'd_', 'Stalls D39', 'Stalls D39'],
    ['a space after a label picks', globeWith('top'), 'C7_', 'Stalls C7', 'Stalls C7'],
    ['a row that is a number', cinema, '12/5', '12/5'],
    [
      'a number that begins a label does not change what was picked',
      cinema,
      'space | 2/3',
      '2/3',
      '1/1',
    ],
    ['a number that begins no label picks that number of seats', cinema, '2', '1/1', '1/1 1/2'],
  ]
  test.each(table)('%s', (_, plan, keys, at, picked = '') => {
    expect(press(plan, size, keys)).toMatchObject({ at, picked })
  })

  it.each([
    ['w1', 'C1', 'w Stalls C1 free, wheelchair'],
    ['the companion seat', 'C2', 'c Stalls C2 free, companion'],
    ['a restricted view', 'AA13', 'r Circle AA13 free, restricted view'],
    ['a seat that is sold', 'C1', '● Stalls C1 booked, wheelchair'],
  ])('show the kind of the seat under the cursor: %s', (what, keys, said) => {
    expect(press(globeWith('top'), size, keys, what.includes('sold') ? [21] : []).text).toContain(
      said,
    )
  })
})

describe('a number of seats in the picker', () => {
  const small = planOf('name: Studio\nstage: top\nA w1 c2 3-5\nB w1 c2 . 3-4\n')
  const table: [title: string, keys: string, sold: number[], picked: string, fact?: string][] = [
    ['takes only general seats while there are enough', 'A3 | 5', [], 'A3 A4 A5 B3 B4'],
    ['plus takes only general seats as well', 'A5 _ | + +', [], 'A3 A4 A5'],
    ['says how many accessible seats it had to add', 'A3 | 6', [], 'A2 A3 A4 A5 B3 B4', '1'],
    ['adds the fewest, not those in one block', 'A3 | 3', [4, 5], 'A3 B3 B4'],
    ['plus adds the fewest as well', 'B3 | 2 | +', [3, 4, 5], 'B2 B3 B4', '1'],
    ['says so around a wheelchair place', 'B1 | 2', [], 'B1 B2', '2'],
    ['does not mention them after they are unpicked', 'B1 | 2 | 0', [], ''],
  ]
  test.each(table)('%s', (_, keys, sold, picked, fact) => {
    const pressed = press(small, size, keys, sold)
    expect(pressed).toMatchObject({ picked })
    expect(pressed.notice).toEqual(fact === undefined ? undefined : withFacts(fact))
  })

  it('shows the notices in test/wording/picker-plan.txt', () =>
    expectWording(
      'picker-plan',
      table
        .filter(([, , , , fact]) => fact !== undefined)
        .map(([, keys, sold]) => [
          `${keys}, ${sold.length} sold`,
          press(small, size, keys, sold).notice!,
        ]),
    ))
})

describe('a house that does not fit the screen', () => {
  it('is shown as a list of sections with their free seats, in their order before the stage', () => {
    expect(press(globeWith('bottom'), low, '', [1, 2, 3]).text.split('\n')).toEqual([
      'Hamlet',
      '',
      expect.stringMatching(/^ {2}Circle {2}░{20} {30}24 /),
      expect.stringMatching(/^❯ Stalls {2}█{2}░{46} {2}56 /),
      '',
      '  Stalls',
      expect.not.stringMatching(/\d|★/),
      expect.stringMatching(/^ {2}○ 80 .* ◐ 0 .* ● 3 /),
      '',
      expect.stringMatching(/^ {2}enter .* · 4 \+ - .* · B12 .* · esc /),
    ])
  })

  const table: [title: string, keys: string, view: string, at: string][] = [
    ['up and down choose a section', 'up', 'sections', 'Circle AA3'],
    ['up and down stop at the last section', 'up up up', 'sections', 'Circle AA3'],
    ['home and end', 'home end', 'sections', 'Stalls A1'],
    ['Enter opens it', 'up enter', 'section', 'Circle AA3'],
    ['a space opens a section, and picks nothing', 'space', 'section', 'Stalls A1'],
    ['Escape goes back to the list', 'enter right escape', 'sections', 'Stalls A2'],
    ['Backspace goes back to the list', 'enter right backspace', 'sections', 'Stalls A2'],
    ['a key that goes back first deletes what is typed', 'c backspace', 'section', 'Stalls C1'],
    ['arrows continue in the next section', 'enter up up up', 'section', 'Circle AA3'],
    ['arrows go back to the section before', 'up enter down', 'section', 'Stalls D27'],
    [
      'page keys continue in the next section as well',
      'enter pageup pageup',
      'section',
      'Circle AA3',
    ],
    ['right at the end', 'up enter AA14 right', 'section', 'Stalls D39'],
    ['left at the start', 'D39 left', 'section', 'Circle AA14'],
    ['a label opens its section', 'bb7', 'section', 'Circle BB7'],
    ['a number picks there, and opens the section', 'up 2', 'section', 'Circle AA3'],
  ]
  test.each(table)('%s', (_, keys, view, at) => {
    expect(press(globeWith('bottom'), low, keys)).toMatchObject({ view, at })
  })

  it('shows an open section completely, with its stage', () => {
    const { text } = press(globeWith('bottom'), low, 'enter')
    expect(text.split('\n').slice(0, 8)).toEqual([
      'Hamlet',
      '',
      '  Stalls',
      '  D  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○ ○ ○ ○  D',
      '  C    w c ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○    C',
      '  A [○]○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○  A',
      '',
      '     ╭───────────────── STAGE ─────────────────╮',
    ])
    expect(text).toContain('esc sections')
  })

  it('shows completely a section that fills the screen', () => {
    const { lines, text } = press(planOf(examplePlan('theatre')), size, 'enter')
    expect(lines).toHaveLength(size.rows)
    const rows = [...text.matchAll(/^ {2}([A-Z]) .* \1$/gm)].map(([, row]) => row)
    expect(rows.join('')).toBe('PNMLKJHGFEDCBA')
    expect(text).toContain('\n  Stalls\n')
  })
})

const plans = fc.oneof(
  fc.constantFrom(...['theatre', 'cinema'].map((name) => planOf(examplePlan(name)))),
  outlines.map((outline) => new SeatPlan(outline)),
)

it('the picker fits the terminal and shows the cursor, for any plan, size and keys', () => {
  const sizes = fc.record({
    columns: fc.integer({ min: 24, max: 140 }),
    rows: fc.integer({ min: 8, max: 60 }),
  })
  const keys = fc.array(fc.constantFrom(...named, 'c', 'BB7', 'circle_'), { maxLength: 12 })
  fc.assert(
    fc.property(plans, sizes, keys, (plan, screen, pressed) => {
      const { lines, view, at } = press(plan, screen, pressed.join(' '))
      expect(lines.length).toBeLessThanOrEqual(screen.rows)
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(screen.columns)
      if (view !== 'sections') expect(lines.join()).toMatch(/\[.\]|\u001b\[7m/)
      expect(at).not.toBe('')
    }),
    { numRuns: 100 },
  )
})
