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
])('a later attempt that finds another plan reads %s as the first one did', (_, named) => {
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
