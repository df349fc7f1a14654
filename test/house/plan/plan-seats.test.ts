import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import {
  checkSeatSpec,
  formatSeats,
  parseSeats,
  type SeatLayout,
  seatLabel,
} from '../../../src/house/seats.js'
import { TicketsError } from '../../../src/shared/errors.js'
import { examplePlan, layoutOf, outlines } from '../../support/plans.js'
import { expectWording, withFacts } from '../../support/wording.js'

const globe = layoutOf(`
section Stalls
A   1-6 . 7-14 . 15-20
C   1-2 w3 c4 . 5-8
D   29-21 odd . 20-30 even
E   1-3 x9 4-6 x7-8 10

section Dress Circle
A   1-10
AA  x1-2 3-12 r13 x14
B1  1-4

section Queen’s Box 1
A   1-4`)
const oneSection = layoutOf('1 1-6\n12 1-6\nA 1-6\nB 7-1')
const named = layoutOf('section Parterre\nA 1-6')
const rectangle: SeatLayout = { totalSeats: 100, seatsPerRow: 10 }

describe('a seat of a house with a plan', () => {
  it.each<[string, SeatLayout, number[]]>([
    ['Stalls C5', globe, [25]],
    ['stalls c5', globe, [25]],
    [' STALLS   c05 ', globe, [25]],
    ['C5', globe, [25]],
    ['Dress Circle A1', globe, [47]],
    ["queen's box 1 A4", globe, [75]],
    ['Dress Circle B1/2', globe, [69]],
    ['b1/2', globe, [69]],
    ['25', globe, [25]],
    ['25-27', globe, [25, 26, 27]],
    ['Stalls C5-C8', globe, [25, 26, 27, 28]],
    ['Stalls C5 - stalls C8', globe, [25, 26, 27, 28]],
    ['C5-C8', globe, [25, 26, 27, 28]],
    ['Dress Circle B1/2-B1/4', globe, [69, 70, 71]],
    // Across an aisle.
    ['Stalls A6-A8', globe, [6, 7, 8]],
    ['Stalls C1-C8,AA3', globe, [21, 22, 23, 24, 25, 26, 27, 28, 57]],
    // Odd and even numbers, and a row that runs backwards.
    ['D21-D25', globe, [31, 32, 33]],
    ['D21 - D29', globe, [29, 30, 31, 32, 33]],
    ['D20-D24', globe, [34, 35, 36]],
    ['B5-B7', oneSection, [19, 20, 21]],
    // A seat that is not for sale, with a number outside the range.
    ['E1-E6', globe, [40, 41, 42, 43, 44, 45]],
    ['12/5', oneSection, [11]],
    ['12/5-12/6,1/1', oneSection, [1, 11, 12]],
    ['Parterre A2', named, [2]],
    ['A2', named, [2]],
  ])('can be typed as %j', (spec, layout, seats) => {
    checkSeatSpec(spec)
    expect(parseSeats(spec, layout)).toEqual(seats)
  })

  const refused: [string, SeatLayout, string, ...facts: string[]][] = [
    ['A1', globe, 'INVALID_INPUT', 'Stalls A1', 'Dress Circle A1', 'Queen’s Box 1 A1'],
    ['A1-A3', globe, 'INVALID_INPUT', 'Stalls A1', 'Dress Circle A1'],
    ['Balcony A1', globe, 'NO_SUCH_SEAT', 'Stalls', 'Dress Circle', 'Queen’s Box 1'],
    ['Balcony A1', oneSection, 'NO_SUCH_SEAT', '"Balcony"'],
    ['Stalls F1', globe, 'NO_SUCH_SEAT', 'Stalls', 'F', 'A, C, D, E'],
    ['Dress Circle B14', globe, 'NO_SUCH_SEAT', 'Dress Circle', 'B', 'A, AA, B1'],
    ['AB1', oneSection, 'NO_SUCH_SEAT', 'AB', '1, 12, A, B', '1/1'],
    [`${'Z'.repeat(60)}1`, globe, 'NO_SUCH_SEAT', `${'Z'.repeat(30)}…`],
    ['C9', globe, 'NO_SUCH_SEAT', 'C', 'Stalls', '1-2, 3, 4, 5-8'],
    ['D1', globe, 'NO_SUCH_SEAT', 'D', 'Stalls', '29-21 odd, 20-30 even'],
    ['A99', globe, 'NO_SUCH_SEAT', 'Dress Circle', '1-10', 'Queen’s Box 1'],
    ['AA1', globe, 'NO_SUCH_SEAT', 'Dress Circle AA1'],
    ['AA1-AA5', globe, 'NO_SUCH_SEAT', 'Dress Circle AA1-AA2'],
    ['AA1-AA14', globe, 'NO_SUCH_SEAT', 'Dress Circle AA1-AA2, Dress Circle AA14'],
    ['D29-D30', globe, 'INVALID_INPUT', 'Stalls D21-D29, Stalls D20-D30'],
    ['E1-E10', globe, 'INVALID_INPUT', 'Stalls E1-E3, Stalls E4-E6, Stalls E10'],
    ['C5-D21', globe, 'INVALID_INPUT', '"C5-D21"'],
    ['Stalls A1-Dress Circle A1', globe, 'INVALID_INPUT', '"Stalls A1-Dress Circle A1"'],
    ['Stalls', globe, 'INVALID_INPUT', '"Stalls"'],
    ['Stalls C', globe, 'INVALID_INPUT', '"Stalls C"'],
    ['12/', globe, 'INVALID_INPUT', '"12/"'],
    ['/3', globe, 'INVALID_INPUT', '"/3"'],
    ['Dress Circle C1', globe, 'NO_SUCH_SEAT', 'A, AA, B1'],
    ['D25-D22', globe, 'INVALID_INPUT', '"D25-D22"'],
    ['D21-D24', globe, 'INVALID_INPUT', 'Stalls D20-D21, Stalls D22-D24'],
    ['0', globe, 'NO_SUCH_SEAT', '0'],
    ['C8-C5', globe, 'INVALID_INPUT', '"C8-C5"'],
    ['C5-8', globe, 'INVALID_INPUT', '"C5-8"'],
    ['C5,25', globe, 'INVALID_INPUT', 'Stalls C5'],
    ['76', globe, 'NO_SUCH_SEAT', '76', '75', 'Stalls A1', 'Queen’s Box 1 A4'],
    ['Stalls C5', rectangle, 'INVALID_INPUT', '"Stalls C5"'],
    ['12/5', { totalSeats: 9, seatsPerRow: null }, 'INVALID_INPUT', '"12/5"'],
  ]
  it.each(refused)('%j is refused with what to write instead', (spec, layout, code, ...facts) => {
    const error = failure(() => parseSeats(spec, layout))
    expect([error.code, error.message]).toEqual([code, withFacts(...facts)])
  })

  it('is refused with the messages in test/wording/plan-seats.txt', () =>
    expectWording(
      'plan-seats',
      refused.map(([spec, layout]) => [
        `${spec} (${layout === globe ? 'with sections' : layout.plan ? 'one section' : 'no plan'})`,
        failure(() => parseSeats(spec, layout)).message,
      ]),
    ))

  it('is named in a message that stays short in a house of any size', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
    const alternating = rows(4000).map((number) => (number % 2 ? number : `r${number}`))
    const wide = layoutOf(
      `A ${alternating.join(' ')} x${rows(3000)
        .map((n) => 9999 - n)
        .join(' x')}`,
    )
    const many = layoutOf(
      rows(400)
        .map((n) => `section S${n}\nA 1-3`)
        .join('\n'),
    )
    for (const [spec, layout] of [
      ['A9999', wide],
      ['A1-A3000', wide],
      ['A3000-A4000', wide],
      ['A1', many],
      ['A9', many],
      ['X1', many],
      ['T1 A1', many],
    ] as const) {
      try {
        parseSeats(spec, layout)
      } catch (error) {
        expect((error as Error).message.length).toBeLessThan(400)
      }
    }
  })
})

describe('seats of a plan as text', () => {
  it.each<[number[], SeatLayout, string]>([
    [[25], globe, 'Stalls C5'],
    [[28, 25, 26], globe, 'Stalls C5-C6, Stalls C8'],
    [[5, 6, 7], globe, 'Stalls A5-A7'],
    [[31, 32, 34], globe, 'Stalls D25, Stalls D23, Stalls D20'],
    [[46, 47], globe, 'Stalls E10, Dress Circle A1'],
    [[68, 69], globe, 'Dress Circle B1/1-B1/2'],
    [[11, 12], oneSection, '12/5-12/6'],
    [[19, 20, 21], oneSection, 'B5-B7'],
    [[1, 2], named, 'A1-A2'],
  ])('%j', (seats, layout, text) => {
    expect(formatSeats(seats, layout)).toBe(text)
  })

  const houses = outlines.chain((outline) => {
    const plan = new SeatPlan(outline)
    const layout: SeatLayout = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
    const seat = fc.integer({ min: 1, max: plan.totalSeats })
    const some = fc.uniqueArray(seat, { minLength: 1, maxLength: 30 })
    const all = fc.constant(Array.from({ length: plan.totalSeats }, (_, index) => index + 1))
    return fc.tuple(fc.constant(layout), fc.oneof(some, all))
  })

  it('is read back as the same seats, in every house, in upper and lower case', () => {
    fc.assert(
      fc.property(houses, ([layout, seats]) => {
        const ascending = seats.toSorted((a, b) => a - b)
        const text = formatSeats(seats, layout)
        expect(parseSeats(text, layout)).toEqual(ascending)
        expect(parseSeats(text.toUpperCase(), layout)).toEqual(ascending)
      }),
    )
  })

  it('joins seats of a row with consecutive numbers, and no others', () => {
    fc.assert(
      fc.property(houses, ([layout, seats]) => {
        const ascending = seats.toSorted((a, b) => a - b)
        const begun = ascending.filter((seat, index) => {
          const before = ascending[index - 1]
          if (before === undefined || before + 1 !== seat) return true
          const [one, other] = [before, seat].map((each) => ({
            row: layout.plan!.rowIndex(each),
            number: Number(/\d+$/.exec(seatLabel(each, layout))),
          }))
          return one!.row !== other!.row || Math.abs(one!.number - other!.number) !== 1
        })
        expect(formatSeats(seats, layout).split(', ')).toHaveLength(begun.length)
      }),
    )
  })

  it('takes time in proportion to the seats, not to the runs of their rows', () => {
    // If these labels were searched run by run, they would take minutes.
    const row = Array.from({ length: 9999 }, (_, index) => `${index % 2 ? 'r' : ''}${index + 1}`)
    const layout = layoutOf(
      Array.from({ length: 3 }, (_, i) => `R${i} ${row.join(' ')}`).join('\n'),
    )
    const all = Array.from({ length: layout.totalSeats }, (_, index) => index + 1)
    expect(formatSeats(all, layout)).toMatch(/^R0\/1-R0\/9999, .*, R2\/1-R2\/9999$/)
  })

  it.each(['theatre', 'cinema', 'arena'])('names each seat of the example %s once', (name) => {
    const layout = layoutOf(examplePlan(name))
    const labels = Array.from({ length: layout.totalSeats }, (_, index) =>
      seatLabel(index + 1, layout),
    )
    expect(new Set(labels.map((label) => label.toLowerCase())).size).toBe(layout.totalSeats)
    expect(labels.map((label) => parseSeats(label, layout)[0])).toEqual(labels.map((_, i) => i + 1))
  })
})

function failure(run: () => unknown): TicketsError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(TicketsError)
    return error as TicketsError
  }
  throw new Error('It was accepted.')
}
