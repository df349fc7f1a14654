import { expect, test } from 'vitest'
import { sparkline } from '../../../src/terminal/render/charts.js'

test.each([
  [[], ''],
  [[0, 0, 0], '▁▁▁'],
  [[0, 1, 1000], '▁▂█'],
  [[7, 6, 5, 4, 3, 2, 1, 0], '█▇▆▅▄▃▂▁'],
])('%j is drawn as %s', (values, bars) => {
  expect(sparkline(values, { unicode: true })).toBe(bars)
})

test('bars are ASCII where the terminal knows nothing else', () => {
  expect(sparkline([0, 1, 2, 3], { unicode: false })).toMatch(/^[ -~]{4}$/)
})
