import { expect, test } from 'vitest'
import { renderShowReport } from '../../../src/cli/commands/show/report.js'
import type { SeatLayout } from '../../../src/house/seats.js'
import { textWidth } from '../../../src/terminal/render/fit-text.js'
import { drawOverview } from '../../../src/terminal/seat-map/house-overview.js'
import { globeWith } from '../../support/globe.js'
import { soldHouse } from '../../support/houses.js'
import { layoutOf } from '../../support/plans.js'

const style = { columns: 40, color: false, unicode: false }

function overview(layout: SeatLayout, most: number) {
  return drawOverview(soldHouse(layout, 2), most, style)
}

test('a house with a plan is summed up by section, in their order before the stage', () => {
  const plan = globeWith('bottom')
  const globe = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
  expect(overview(globe, 5)).toEqual([
    '  Circle  ..........                0/24',
    '  Stalls  #.......................  2/59',
  ])
  expect(overview(globe, 1)).toEqual(['  Circle-Stalls  #................  2/83'])
})

test('a plan of one section is summed up by row, for rows of any length', () => {
  const studio = layoutOf('name: Studio\nA 1-4\nB 1-8\nC 1-8\n')
  expect(overview(studio, 3)).toEqual([
    '  A  #######........                 2/4',
    '  B  ..............................  0/8',
    '  C  ..............................  0/8',
  ])
  expect(overview(studio, 2).map((line) => line.slice(0, 6))).toEqual(['  A-B ', '  C   '])
})

test('sections whose names begin with the same word are joined, if there is room for that', () => {
  const names = ['Pit', ...[101, 102, 103].map((n) => `Lower ${n}`), 'Upper 201', 'Upper 202']
  const arena = layoutOf(`stage: none\n${names.map((name) => `section ${name}\nA 1-4\n`).join('')}`)
  const labels = (most: number) =>
    overview(arena, most).map((line) => line.trim().split(/ {2,}/)[0])
  expect(labels(6)).toEqual(names)
  expect(labels(5)).toEqual(['Pit', 'Lower 101-102', 'Lower 103', 'Upper 201-202'])
  expect(labels(3)).toEqual(['Pit', 'Lower 101-103', 'Upper 201-202'])
  expect(labels(2)).toEqual(['Pit-Lower 102', 'Lower 103-Upper 202'])
})

test('sections with wide letters and combining accents are aligned, in the report as well', () => {
  const names = ['Balcony', 'Cafe\u0301', '桟敷席']
  const layout = layoutOf(names.map((name) => `section ${name}\nA 1-4\n`).join(''))
  const counts = { total: 4, sold: 1, held: 0, house: 0, free: 3 }
  const report = renderShowReport(
    {
      show: { name: 'Lear', startTime: new Date(0), timeZone: 'UTC', cancelledAt: null },
      ...{ capacity: counts, hours: [], operators: [] },
      sections: names.map((section) => ({ section, ...counts })),
      rows: names.map((section) => ({ section, row: 'A', ...counts })),
    },
    style,
  )
  const bars = report.split('\n').filter((line) => line.endsWith('/4'))
  for (const lines of [overview(layout, 5), bars.slice(0, 3), bars.slice(3)]) {
    expect(lines).toHaveLength(3)
    expect(new Set(lines.map(textWidth)).size).toBe(1)
  }
})
