import { expect, test } from 'vitest'
import { salesBar, sparkline } from '../../../src/terminal/render/charts.js'

test.each([
  [[], ''],
  [[0, 0, 0], '▁▁▁'],
  [[0, 1, 1000], '▁▂█'],
  [[7, 6, 5, 4, 3, 2, 1, 0], '█▇▆▅▄▃▂▁'],
])('%j is drawn as %s', (values, bars) => {
  expect(sparkline(values, { unicode: true })).toBe(bars)
})

test('bars are ASCII on an ASCII terminal', () => {
  expect(sparkline([0, 1, 2, 3], { unicode: false })).toMatch(/^[ -~]{4}$/)
})

test.each([
  [{ booked: 99_999, held: 0, free: 1 }, '#########.'],
  [{ booked: 1, held: 1, free: 99_998 }, '#?........'],
  [{ booked: 0, held: 0, free: 5 }, '..........'],
  [{ booked: 100, held: 0, free: 0 }, '##########'],
])('%j seats have the bar %s', (seats, bar) => {
  expect(salesBar(seats, 10, { columns: 80, color: false, unicode: false })).toBe(bar)
})
