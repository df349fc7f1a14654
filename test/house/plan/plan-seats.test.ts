import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import {
  checkSeatSpec,
  formatLabels,
  formatSeats,
  parseSeats,
  seatLabel,
} from '../../../src/house/seats.js'
import type { TicketsError } from '../../../src/shared/errors.js'
import { layoutOf, outlines } from '../../support/plans.js'

const house = layoutOf(`
section Stalls
A   1-6 . 7-14 . 15-20
C   w1 c2 3-6 . 7-14 . 15-18
D   39-21 odd . 20-40 even
E   20-1
12  1-9
section Dress Circle
AA  x1-2 3-12 r13-14
A   1-4
`)
const oneSection = layoutOf('A 1-4\nB7 x1 2-5')

const labels = (seats: readonly number[], layout = house) =>
  seats.map((seat) => seatLabel(seat, layout))

describe('seats of a plan', () => {
  it.each([
    ['Stalls A5', ['Stalls A5']],
    ['Stalls A5-A8', ['Stalls A5', 'Stalls A6', 'Stalls A7', 'Stalls A8']],
    ['Stalls A5 - Stalls A6', ['Stalls A5', 'Stalls A6']],
    [' stalls   c1-C3 ', ['Stalls C1', 'Stalls C2', 'Stalls C3']],
    ['dress circle aa12-aa13', ['Dress Circle AA12', 'Dress Circle AA13']],
    ['C5', ['Stalls C5']],
    ['A5', ['Stalls A5']],
    ['D21-D25', ['Stalls D25', 'Stalls D23', 'Stalls D21']],
    ['D20-D24', ['Stalls D20', 'Stalls D22', 'Stalls D24']],
    ['E3-E5', ['Stalls E5', 'Stalls E4', 'Stalls E3']],
    ['12/3-12/4', ['Stalls 12/3', 'Stalls 12/4']],
    ['AA14, 12/9, 1', ['Stalls A1', 'Stalls 12/9', 'Dress Circle AA14']],
    ['20-21', ['Stalls A20', 'Stalls C1']],
  ])('are found by their labels: %j', (spec, found) => {
    checkSeatSpec(spec)
    expect(labels(parseSeats(spec, house))).toEqual(found)
  })

  it.each([
    ['A1', 'INVALID_INPUT', 'write Stalls A1 or Dress Circle A1'],
    ['A1-A3', 'INVALID_INPUT', 'write Stalls A1 or Dress Circle A1'],
    ['Stalls A1-C2', 'INVALID_INPUT', 'crosses rows'],
    ['Stalls A1-Dress Circle A2', 'INVALID_INPUT', 'crosses rows'],
    ['D21-D24', 'INVALID_INPUT', 'write Stalls D20-D21, Stalls D22, Stalls D24'],
    ['E5-E3', 'INVALID_INPUT', 'runs backwards'],
    ['Stalls E5-E3', 'INVALID_INPUT', 'runs backwards'],
    ['C1-3', 'INVALID_INPUT', 'write both ends alike'],
    ['C1, stalls c1', 'INVALID_INPUT', 'Stalls C1 is named twice'],
    ['C1, 21', 'INVALID_INPUT', 'Stalls C1 is named twice'],
    ['Stalls', 'INVALID_INPUT', 'not a seat'],
    ['Stalls C', 'INVALID_INPUT', 'not a seat'],
    ['12/', 'INVALID_INPUT', 'not a seat'],
    ['/3', 'INVALID_INPUT', 'not a seat'],
    ['Balcony A1', 'NO_SUCH_SEAT', 'The sections are Stalls, Dress Circle'],
    ['Z1', 'NO_SUCH_SEAT', 'Its rows are A, C, D, E, 12, AA'],
    ['Dress Circle C1', 'NO_SUCH_SEAT', 'Its rows are AA, A'],
    ['C99', 'NO_SUCH_SEAT', 'Row C of Stalls has seats 1, 2, 3-6, 7-14, 15-18'],
    ['D1', 'NO_SUCH_SEAT', '39-21 odd, 20-40 even'],
    ['Dress Circle A5', 'NO_SUCH_SEAT', 'Row A of Dress Circle has seats 1-4'],
    ['AA1', 'NO_SUCH_SEAT', 'Dress Circle AA1 is not for sale'],
    ['AA1-AA4', 'NO_SUCH_SEAT', 'Dress Circle AA1, Dress Circle AA2 are not for sale'],
    ['0', 'NO_SUCH_SEAT', 'Seat 0'],
    ['9999', 'NO_SUCH_SEAT', 'does not exist'],
  ])('that are not there, or not clear, are refused: %j', (spec, code, part) => {
    const error = refusal(() => parseSeats(spec, house))
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(part)])
  })

  it.each(['Stalls A1', '12/3'])('are refused by name in a house without a plan: %j', (spec) => {
    const rectangle = { totalSeats: 20, seatsPerRow: 10 }
    expect(refusal(() => parseSeats(spec, rectangle)).code).toBe('INVALID_INPUT')
  })

  it('of one section have labels without its name', () => {
    expect(labels([1, 4, 5], oneSection)).toEqual(['A1', 'A4', 'B7/2'])
    expect(refusal(() => parseSeats('Stalls A1', oneSection)).message).toContain('no sections')
  })

  it.each([
    ['A5-A8', 'Stalls A5-A8'],
    ['E3-E5', 'Stalls E3-E5'],
    ['D21-D25', 'Stalls D25, Stalls D23, Stalls D21'],
    ['Stalls D20, D21', 'Stalls D20-D21'],
    ['20-21', 'Stalls A20, Stalls C1'],
    ['AA12-AA13', 'Dress Circle AA12-AA13'],
  ])('are named in short: %j', (spec, named) => {
    const seats = parseSeats(spec, house)
    expect(formatSeats(seats, house)).toBe(named)
    expect(formatLabels(seats, labels(seats))).toBe(named)
  })

  it('are found again by their names, whatever the plan', () => {
    const cases = outlines.chain((outline) => {
      const plan = new SeatPlan(outline)
      const layout = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
      const seats = fc.uniqueArray(fc.integer({ min: 1, max: plan.totalSeats }), { minLength: 1 })
      return fc.record({ layout: fc.constant(layout), seats })
    })
    fc.assert(
      fc.property(cases, ({ layout, seats }) => {
        const ascending = seats.toSorted((a, b) => a - b)
        expect(parseSeats(formatSeats(seats, layout), layout)).toEqual(ascending)
        const named = formatLabels(ascending, labels(ascending, layout))
        expect(parseSeats(named, layout)).toEqual(ascending)
      }),
    )
  })
})

function refusal(parse: () => unknown): TicketsError {
  try {
    parse()
  } catch (error) {
    return error as TicketsError
  }
  throw new Error('It was accepted.')
}
