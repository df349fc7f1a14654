import { expect, test } from 'vitest'
import { nameKinds } from '../../../src/terminal/render/seat-names.js'
import { globeWith } from '../../support/globe.js'

const plan = globeWith('top')
const globe = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }

test.each([
  [[1, 2], ''],
  [[20, 21, 22], ' (wheelchair: Stalls C1; companion: Stalls C2)'],
  [[69, 70, 71], ' (restricted view: Circle AA13-AA14)'],
])('seats %j of a plan are named with their kinds: %j', (seats, kinds) => {
  expect(nameKinds(seats, globe)).toBe(kinds)
})

test('seats of a rectangle have no kinds', () => {
  expect(nameKinds([1], { totalSeats: 10, seatsPerRow: 5 })).toBe('')
})
