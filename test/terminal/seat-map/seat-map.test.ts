import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { textWidth } from '../../../src/terminal/render/fit-text.js'
import { seatGridFor } from '../../../src/terminal/seat-map/seat-grid.js'
import { drawPlan, renderSeatMap } from '../../../src/terminal/seat-map/seat-map.js'
import { globeWith } from '../../support/globe.js'
import { houseOf, soldHouse } from '../../support/houses.js'
import { outlines, planOf } from '../../support/plans.js'

const plain = { columns: 80, color: false, unicode: true }
const sales = { booked: [1, 2, 3], held: [4] }

describe('a seat map', () => {
  test('shows rows under a ruler, with their labels on both sides', () => {
    const map = renderSeatMap(houseOf({ totalSeats: 24, seatsPerRow: 10 }, sales), plain)
    expect(map).toBe(
      [
        '     ╰───── STAGE ─────╯',
        '',
        '     1       5        10',
        '  A  ● ● ● ◐ ○ ○ ○ ○ ○ ○  A',
        '  B  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○  B',
        '  C  ○ ○ ○ ○              C',
        '',
        '  ○ 20 free   ◐ 1 held   ● 3 booked',
        '',
      ].join('\n'),
    )
  })

  test('shows a house without rows in tens, each line with its first seat', () => {
    const layout = { totalSeats: 30, seatsPerRow: null }
    const map = renderSeatMap(houseOf(layout), { ...plain, columns: 60 })
    expect(map.split('\n').slice(2, 4)).toEqual([
      '   1  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○ ○ ○',
      '  21  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○',
    ])
  })

  test('wraps rows wider than the terminal, and names the first seat of each line', () => {
    const layout = { totalSeats: 100, seatsPerRow: 50 }
    const map = renderSeatMap(houseOf(layout), { ...plain, columns: 40 })
    const labels = map.match(/^ +[A-Z]\d+/gm)?.map((label) => label.trim())
    expect(labels).toEqual(['A1', 'A11', 'A21', 'A31', 'A41', 'B1', 'B11', 'B21', 'B31', 'B41'])
  })

  test('shows each state with a different character on an ASCII terminal', () => {
    const layout = { totalSeats: 12, seatsPerRow: 6 }
    const map = renderSeatMap(houseOf(layout, sales), { ...plain, unicode: false })
    expect(map).toMatch(/^[ -~\n]*$/)
    expect(map).toContain('  A  # # # ? . .  A\n  B  . . . . . .  B')
  })

  test('has the same text with colour', () => {
    const map = houseOf({ totalSeats: 50, seatsPerRow: 10 }, sales)
    const colored = renderSeatMap(map, { ...plain, color: true })
    expect(colored).toContain('\u001b[32m')
    expect(stripVTControlCharacters(colored)).toBe(renderSeatMap(map, plain))
  })

  test('draws every seat once and fits the terminal, for any house', () => {
    const house = fc.record({
      totalSeats: fc.integer({ min: 1, max: 3000 }),
      seatsPerRow: fc.option(fc.integer({ min: 1, max: 400 })),
    })
    fc.assert(
      fc.property(house, fc.integer({ min: 24, max: 200 }), (layout, columns) => {
        const map = renderSeatMap(soldHouse(layout), { ...plain, columns })
        // The legend has one more.
        expect(map.match(/●/g)?.length).toBe(layout.totalSeats + 1)
        expect(Math.max(...map.split('\n').map(textWidth))).toBeLessThanOrEqual(columns)
      }),
      { numRuns: 60 },
    )
  })

  test('fits the terminal if a row of long labels comes before a short last one', () => {
    const layout = { totalSeats: 1621, seatsPerRow: 60 }
    const map = renderSeatMap(soldHouse(layout), { ...plain, columns: 28 })
    expect(map).toContain('AA41')
    expect(Math.max(...map.split('\n').map(textWidth))).toBeLessThanOrEqual(28)
  })

  test('colours 100,000 seats with a code for each run, not for each seat', () => {
    const layout = { totalSeats: 100_000, seatsPerRow: null }
    const map = renderSeatMap(soldHouse(layout, 60_000), { ...plain, columns: 120, color: true })
    const lines = map.split('\n').length
    expect(lines).toBeLessThan(1020)
    expect(map.split('\u001b[').length).toBeLessThan(lines * 5)
    expect(map).toContain('60,000 booked')
  })
})

describe('the drawing of a plan', () => {
  test('centres uneven rows under their sections, with aisles, kinds and seats not for sale', () => {
    expect(drawPlan(globeWith('top'), { ...plain, columns: 60 })).toBe(
      [
        '      ╰───────────────── STAGE ─────────────────╯',
        '',
        '  Stalls',
        '   A  ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○  A',
        '   C    w c ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○    C',
        '   D  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○ ○ ○ ○ ○  D',
        '',
        '  Circle',
        '  AA          · · ○ ○ ○ ○ ○ ○ ○ ○ ○ ○ r r          AA',
        '  BB           ○ ○ ○ ○ ○   ○ ○ ○ ○ ○ ○ ○           BB',
        '',
        '  ○ 79 standard   w 1 wheelchair   c 1 companion',
        '  r 2 restricted view   · 2 not for sale',
        '',
      ].join('\n'),
    )
  })

  test('is turned over if the stage is at the bottom, in ASCII and without spaces as well', () => {
    const map = drawPlan(globeWith('bottom'), { ...plain, columns: 40, unicode: false })
    expect(map.split('\n').slice(0, 10)).toEqual([
      '  Circle',
      '  BB      ..... .......       BB',
      '  AA      --..........rr      AA',
      '',
      '  Stalls',
      '   D  .......... ...........  D',
      '   C   wc.... ........ ....   C',
      '   A  ...... ........ ......  A',
      '',
      '      /------ STAGE -------\\',
    ])
    expect(drawPlan(globeWith('none'), plain)).not.toContain('STAGE')
  })

  test('places the rows of a section as drawn if aisles come before them', () => {
    const plan = planOf('name: Studio\nstage: top\nA 1-6\nB 1-2\nC .... 1-2\n')
    expect(drawPlan(plan, plain).split('\n').slice(2, 5)).toEqual([
      '  A  ○ ○ ○ ○ ○ ○  A',
      '  B  ○ ○          B',
      '  C          ○ ○  C',
    ])
  })

  test('divides rows that do not fit at their aisles, each line with the label of its first seat', () => {
    const lines = drawPlan(globeWith('top'), { ...plain, columns: 24 }).split('\n')
    expect(lines.slice(2, 15)).toEqual([
      '  Stalls',
      '    A1  ○ ○ ○ ○ ○ ○',
      '    A7  ○ ○ ○ ○ ○ ○ ○ ○',
      '   A15  ○ ○ ○ ○ ○ ○',
      '    C1  w c ○ ○ ○ ○',
      '    C7  ○ ○ ○ ○ ○ ○ ○ ○',
      '   C15  ○ ○ ○ ○',
      '   D39  ○ ○ ○ ○ ○ ○ ○ ○',
      '   D23  ○ ○',
      '   D20  ○ ○ ○ ○ ○ ○ ○ ○',
      '   D36  ○ ○ ○',
      '',
      '  Circle',
    ])
  })

  test('shows the kind of free seats only, and explains the kinds that the house has', () => {
    const plan = planOf('name: Studio\nstage: none\nA w1 c2 3\nB 1-3\n')
    const layout = { totalSeats: 6, seatsPerRow: null, plan }
    const map = renderSeatMap(soldHouse(layout, 1), plain)
    expect(map).toBe(
      [
        '  A  ● c ○  A',
        '  B  ○ ○ ○  B',
        '',
        '  ○ 5 free   ◐ 0 held   ● 1 booked   w wheelchair   c companion',
        '',
      ].join('\n'),
    )
  })

  test('draws every seat once and fits the terminal, for any plan', () => {
    fc.assert(
      fc.property(outlines, fc.integer({ min: 24, max: 200 }), (outline, columns) => {
        const seatPlan = new SeatPlan(outline)
        const layout = { totalSeats: seatPlan.totalSeats, seatsPerRow: null, plan: seatPlan }
        const map = renderSeatMap(soldHouse(layout), { ...plain, columns })
        // The legend has one more.
        expect(map.match(/●/g)?.length).toBe(seatPlan.totalSeats + 1)
        expect(Math.max(...map.split('\n').map(textWidth))).toBeLessThanOrEqual(columns)
        const grid = seatGridFor(layout, columns)
        for (let seat = 1; seat <= seatPlan.totalSeats; seat++) {
          const { cells } = grid.lineAt(grid.lineOf(seat))
          expect(cells.filter((cell) => cell.seat === seat)).toHaveLength(1)
        }
      }),
      { numRuns: 60 },
    )
  })
})
