import { expect, it } from 'vitest'
import { drawWatchedShow, scrollHouse } from '../../../../src/cli/commands/show/watch-screen.js'
import { SeatSet } from '../../../../src/house/seat-set.js'
import { examplePlan, planOf } from '../../../support/plans.js'

/** The screen of an empty house after keys. */
function watch(
  text: string,
  keys: string[],
  screen = { rows: 24, columns: 80 },
  style = { color: false, unicode: true },
): string[] {
  const plan = planOf(text)
  const { totalSeats } = plan
  const none = SeatSet.empty(totalSeats)
  const show = {
    ...{ name: 'Hamlet', startTime: new Date(0), timeZone: 'UTC', cancelledAt: null },
    ...{ totalSeats, seatsPerRow: null, plan, booked: none, held: none },
  }
  let top: number | undefined
  const draw = () => drawWatchedShow(show, { sales: [0], screen, top }, style)
  for (const key of keys) top = scrollHouse(top, key, draw())
  return draw().lines
}

it.each<[string, string[], RegExp]>([
  ['in the middle of a section', ['pagedown', 'pagedown'], /^ {2}↑ 14 more lines {2}Floor West$/],
  ['at the end of the last one', ['end'], /^ {2}↑ 1,0\d\d more lines {2}Upper 224$/],
])('a large house that is scrolled shows the section of its first row: %s', (_, keys, line) => {
  expect(watch(examplePlan('arena'), keys)).toContainEqual(expect.stringMatching(line))
})

it('it does so only if the heading is not visible, and as far as there is room', () => {
  const rows = Array.from({ length: 9 }, (_, row) => `${row} 1-5`).join('\n')
  const long = `Circle ${'x'.repeat(33)}`
  const text = `section Stalls\n${rows}\nsection ${long}\n${rows}\n`
  const above = (keys: string[], columns = 80) =>
    watch(text, keys, { rows: 12, columns }).find((line) => line.includes('↑'))
  const downs = (count: number) => Array<string>(count + 1).fill('down')
  expect(above(downs(1))).toBe('  ↑ 1 more line  Stalls')
  // The empty line between the sections, the heading, and the first row below it.
  expect([10, 11, 12].map((count) => above(downs(count)))).toEqual([
    '  ↑ 10 more lines',
    '  ↑ 11 more lines',
    `  ↑ 12 more lines  ${long}`,
  ])
  expect(above(downs(12), 30)).toBe('  ↑ 12 more lines  Circle xxx…')
  const ascii = { color: false, unicode: false }
  const lines = watch(text, downs(12), { rows: 12, columns: 30 }, ascii)
  expect(lines.join('')).toMatch(/^[ -~]*$/)
})
