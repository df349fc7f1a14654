import { expect, test } from 'vitest'
import { SeatSet } from '../../../src/house/seat-set.js'
import type { SeatLayout } from '../../../src/house/seats.js'
import { drawOverview } from '../../../src/terminal/render/house-overview.js'
import { globeWith } from '../../support/globe.js'
import { layoutOf } from '../../support/plans.js'

const style = { columns: 40, color: false, unicode: false }

function overview(layout: SeatLayout, most: number) {
  const booked = SeatSet.of([1, 2], layout.totalSeats)
  const house = { ...layout, booked, held: SeatSet.empty(layout.totalSeats) }
  return drawOverview(house, most, style)
}

test('a house with a plan is summed up by section, as they lie before the stage', () => {
  const plan = globeWith('bottom')
  const globe = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
  expect(overview(globe, 5)).toEqual([
    '  Circle  ..........                0/24',
    '  Stalls  #.......................  2/59',
  ])
  expect(overview(globe, 1)).toEqual(['  Circle-Stalls  #................  2/83'])
})

test('a plan of one section is summed up by row, however many seats a row has', () => {
  const studio = layoutOf('name: Studio\nA 1-4\nB 1-8\nC 1-8\n')
  expect(overview(studio, 3)).toEqual([
    '  A  #######........                 2/4',
    '  B  ..............................  0/8',
    '  C  ..............................  0/8',
  ])
  expect(overview(studio, 2).map((line) => line.slice(0, 6))).toEqual(['  A-B ', '  C   '])
})
