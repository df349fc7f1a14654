import { expect, it } from 'vitest'
import { seatReader } from '../../../src/booking/lifecycle/change-booking.js'
import { readPlanText } from '../../../src/house/plan/plan-text.js'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import type { SeatLayout } from '../../../src/house/seats.js'

const layoutOf = (text: string): SeatLayout => {
  const plan = new SeatPlan(readPlanText(text).outline!)
  return { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
}
const BEFORE = layoutOf('A 1-4')
const AFTER = layoutOf('A 4-1')
const WITHOUT = layoutOf('A 3-9')

it.each([
  ['a number', '2'],
  ['a label', 'A2'],
  ['a list of numbers', [2]],
])('a later attempt that finds another plan reads %s as the first attempt did', (_, named) => {
  const read = seatReader(named)
  expect(read(BEFORE)).toEqual([2])
  expect(read(AFTER)).toEqual([3])
  expect(read(BEFORE)).toEqual([2])
  expect(() => read(WITHOUT)).toThrow(expect.objectContaining({ code: 'NO_SUCH_SEAT' }))
})

it('a later attempt that finds the same plan reads numbers again', () => {
  const read = seatReader('1-3')
  expect([read(AFTER), read(AFTER)]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ])
})

const FORMER = ['Old A1', 'Old A2', 'Old A3', 'B12']
it.each([
  ['Old A2', [100_002]],
  ['old a2', [100_002]],
  ['3, Old A1, B12', [3, 100_001, 100_004]],
  ['Old A1-A3', [100_001, 100_002, 100_003]],
  ['Old A2 - A3,A4-A5', [2, 3, 100_002, 100_003]],
])('the first attempt reads former seats by their labels: %s', (named, seats) => {
  expect(seatReader(named)(WITHOUT, FORMER)).toEqual(seats)
})

it.each(['Old A4', 'Old A1-A4', 'Old A1,Old A1', 'Old A1-A2,Old A2', 'Old A3-A1', 'A1', 'Old A1-'])(
  'a spec that names no former seat, or one twice, is refused: %s',
  (named) => {
    expect(() => seatReader(named)(WITHOUT, FORMER)).toThrow()
    expect(() => seatReader(named)(WITHOUT)).toThrow()
  },
)
