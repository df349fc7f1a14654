import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkSeatSpec,
  checkSeats,
  formatLabels,
  formatSeats,
  parseSeats,
  rowLabel,
  type SeatLayout,
  seatLabel,
} from '../../src/house/seats.js'
import { TicketsError } from '../../src/shared/errors.js'
import { expectWording, withFacts } from '../support/wording.js'

const plain: SeatLayout = { totalSeats: 100, seatsPerRow: null }
const rows: SeatLayout = { totalSeats: 100, seatsPerRow: 10 }
const shortLastRow: SeatLayout = { totalSeats: 25, seatsPerRow: 10 }

const tooMany = Array.from({ length: 500 }, (_, index) => 200 + index)

const layouts = fc.record({
  totalSeats: fc.integer({ min: 1, max: 2000 }),
  seatsPerRow: fc.option(fc.integer({ min: 1, max: 60 })),
})

const layoutsWithSeats = layouts.chain((layout) =>
  fc.record({
    layout: fc.constant(layout),
    seats: fc.uniqueArray(fc.integer({ min: 1, max: layout.totalSeats }), { minLength: 1 }),
  }),
)

describe('a spec that names seats', () => {
  it.each<[string, SeatLayout, number[]]>([
    ['1', plain, [1]],
    ['100', plain, [100]],
    ['1,2,5-8', plain, [1, 2, 5, 6, 7, 8]],
    ['8,1', plain, [1, 8]],
    ['5-5', plain, [5]],
    ['  1 , 3 -  4\n', plain, [1, 3, 4]],
    ['007', plain, [7]],
    ['A1-A4,B3', rows, [1, 2, 3, 4, 13]],
    ['a1 - a3, b03', rows, [1, 2, 3, 13]],
    ['A9-A10,B1-B2', rows, [9, 10, 11, 12]],
    ['9-12', rows, [9, 10, 11, 12]],
    ['13,A1', rows, [1, 13]],
    ['J10', rows, [100]],
    ['C5', shortLastRow, [25]],
    ['AA1,Z10', { totalSeats: 270, seatsPerRow: 10 }, [260, 261]],
    ['EQXD1', { totalSeats: 100_000, seatsPerRow: 1 }, [100_000]],
  ])('%j is read', (spec, layout, seats) => {
    checkSeatSpec(spec)
    expect(parseSeats(spec, layout)).toEqual(seats)
  })
})

const syntax = [
  '',
  '   ',
  ',',
  '1,',
  ',1',
  '1,,2',
  '-',
  '1-',
  '-5',
  '1-2-3',
  '1 2',
  'A',
  'A 1',
  '1A',
  'A1B',
  '1.5',
  '1e3',
  '+1',
  '0x10',
  'Ä1',
  '١',
  '1–3',
  '8-5',
  'A5-A3',
  'A1-4',
  '1-A4',
  '\u001b[31m',
  '💺',
]

describe('a spec with a syntax error is refused before the show is read', () => {
  it.each(syntax)('%j', (spec) => {
    expect(failure(() => checkSeatSpec(spec)).code).toBe('INVALID_INPUT')
    expect(failure(() => parseSeats(spec, rows)).code).toBe('INVALID_INPUT')
  })
})

describe('a spec that the show cannot satisfy is refused, naming the seats', () => {
  const refused: [string, SeatLayout, string, number[] | undefined, ...facts: string[]][] = [
    ['0', plain, 'NO_SUCH_SEAT', [0], '0', '1', '100'],
    ['0-3', plain, 'NO_SUCH_SEAT', [0], '0', '1', '100'],
    ['101', plain, 'NO_SUCH_SEAT', [101], '101', '100'],
    ['99-102', plain, 'NO_SUCH_SEAT', [101, 102], '101', '102'],
    ['1-999999999', plain, 'NO_SUCH_SEAT', undefined, '101', '999999999'],
    ['9'.repeat(64), plain, 'NO_SUCH_SEAT', undefined, `${'9'.repeat(30)}…`],
    [`1-${'9'.repeat(40)}`, plain, 'NO_SUCH_SEAT', undefined, '101', `${'9'.repeat(30)}…`],
    ['2', { totalSeats: 1, seatsPerRow: null }, 'NO_SUCH_SEAT', [2], '1'],
    ['101', rows, 'NO_SUCH_SEAT', [101], '1', '100', 'A1', 'J10'],
    ['A0', rows, 'NO_SUCH_SEAT', undefined, 'A', 'A1', 'A10'],
    ['a11', rows, 'NO_SUCH_SEAT', undefined, 'A11', 'A1', 'A10'],
    ['A8-A12', rows, 'NO_SUCH_SEAT', undefined, 'A12', 'A10'],
    ['K1', rows, 'NO_SUCH_SEAT', undefined, 'K1', 'A', 'J'],
    ['C6', shortLastRow, 'NO_SUCH_SEAT', undefined, 'C', 'C1', 'C5'],
    ['B1', { totalSeats: 5, seatsPerRow: 10 }, 'NO_SUCH_SEAT', undefined, 'B1', 'A'],
    [`${'Z'.repeat(60)}1`, rows, 'NO_SUCH_SEAT', undefined, 'A', 'J'],
    ['A1', plain, 'INVALID_INPUT', undefined, '"A1"', '1', '100'],
    ['5,5', plain, 'INVALID_INPUT', [5], '5'],
    ['1-5,5-8', plain, 'INVALID_INPUT', [5], '5'],
    ['B3,13', rows, 'INVALID_INPUT', [13], 'B3'],
    ['A7-B2', plain, 'INVALID_INPUT', undefined, '"A7"', '1', '100'],
    ['A7-K2', rows, 'NO_SUCH_SEAT', undefined, 'K2', 'A', 'J'],
  ]
  it.each(refused)('%j', (spec, layout, code, seats, ...facts) => {
    checkSeatSpec(spec)
    const error = failure(() => parseSeats(spec, layout))
    expect(error.code).toBe(code)
    expect(error.seats).toEqual(seats)
    expect(error.message).toEqual(withFacts(...facts))
  })

  it('uses the messages in test/wording/seats.txt', () =>
    expectWording('seats', [
      ...refused.map(([spec, layout]) => sentenceFor(spec, layout)),
      ...syntax.map((spec) => sentenceFor(spec, rows)),
      ...['A7-B2', '1,A7-B2,J1', 'A9-F2', '1,x\u001b,3'].map((spec) => sentenceFor(spec, rows)),
      ['1 and a million spaces', failure(() => checkSeatSpec(`1${' '.repeat(1_000_000)}`)).message],
      ['500 seat numbers that are too high', failure(() => checkSeats(tooMany, plain)).message],
    ]))

  function sentenceFor(spec: string, layout: SeatLayout): [string, string] {
    const { seatsPerRow, totalSeats } = layout
    const house = `${totalSeats} seats${seatsPerRow === null ? '' : ` in rows of ${seatsPerRow}`}`
    return [`${spec} (${house})`, failure(() => parseSeats(spec, layout)).message]
  }
})

describe('a range that crosses rows is refused with a range for each row, which is accepted', () => {
  const long = { totalSeats: 100_000, seatsPerRow: 1 }
  it.each<[string, SeatLayout, string, number]>([
    ['A7-B2', rows, 'A7-A10,B1-B2', 6],
    ['B2-A7', rows, 'A7-A10,B1-B2', 6],
    ['a7 - b2', rows, 'A7-A10,B1-B2', 6],
    ['A10-B1', rows, 'A10,B1', 2],
    ['B1-A10', rows, 'A10,B1', 2],
    ['A1-B10', rows, 'A1-A10,B1-B10', 20],
    ['B9-C5', shortLastRow, 'B9-B10,C1-C5', 7],
    ['H9-J2', rows, 'H9-H10,I1-I10,J1-J2', 14],
    ['A9-E2', rows, 'A9-A10,B1-B10,C1-C10,D1-D10,E1-E2', 34],
    ['A1-C1', long, 'A1,B1,C1', 3],
    ['Z10-AA1', { totalSeats: 270, seatsPerRow: 10 }, 'Z10,AA1', 2],
  ])('%s', (spec, layout, instead, seats) => {
    const error = failure(() => parseSeats(spec, layout))
    expect(error.code).toBe('INVALID_INPUT')
    expect(error.message).toEqual(withFacts(instead))
    expect(parseSeats(instead, layout)).toHaveLength(seats)
  })

  it.each<[string, SeatLayout, string]>([
    ['A9-F2', rows, 'A9-A10,B1-B10,…,F1-F2'],
    ['A1-EQXD1', long, 'A1,B1,…,EQXD1'],
  ])('%s: too many rows are not all listed', (spec, layout, instead) => {
    expect(failure(() => parseSeats(spec, layout)).message).toEqual(withFacts(`"${spec}"`, instead))
  })

  it('anywhere in the spec', () => {
    expect(failure(() => parseSeats('1,A7-B2,J1', rows)).message).toEqual(
      withFacts('"A7-B2"', 'A7-A10,B1-B2'),
    )
  })
})

describe('absurd input fails fast, with a short message without control characters', () => {
  const absurd = {
    'a megabyte of commas': ','.repeat(1_000_000),
    'a megabyte of digits': '1'.repeat(1_000_000),
    'a megabyte of dashes': '1-'.repeat(500_000),
    'a megabyte of one seat': '1,'.repeat(499_999),
    'a megabyte of blanks': ' '.repeat(1_000_000),
    'ten megabytes': '1,'.repeat(5_000_000),
    'escape sequences': '\u001b]0;owned\u0007\u202e'.repeat(1000),
  }
  it.each(Object.entries(absurd))('%s', (_, spec) => {
    const { message } = failure(() => parseSeats(spec, rows))
    expect(message.length).toBeLessThan(400)
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('a spec of more than a million characters is refused without being read', () => {
    expect(failure(() => checkSeatSpec(`1${' '.repeat(1_000_000)}`))).toMatchObject({
      code: 'INVALID_INPUT',
      message: withFacts('1,000,000', '1,000,001'),
    })
  })

  it('a spec is read only until it names more seats than there are: the rest would fill the memory', () => {
    const house = '1-100'
    for (const rest of [house, 'no seat', `${house},no seat`]) {
      expect(failure(() => parseSeats(`${house},${house},${rest}`, plain))).toMatchObject({
        code: 'INVALID_INPUT',
        seats: [1],
        message: withFacts('1'),
      })
    }
  })

  it('the message shows the part that is wrong', () => {
    expect(failure(() => parseSeats('1,x\u001b,3', rows)).message).toContain('"x\\u{1b}"')
  })
})

describe('seats as text', () => {
  it.each<[number[], SeatLayout, string]>([
    [[], plain, ''],
    [[1, 2, 3, 7], plain, '1-3, 7'],
    [[7, 3, 1, 2], plain, '1-3, 7'],
    [[9, 10, 11], plain, '9-11'],
    [[1, 2, 3, 7], rows, 'A1-A3, A7'],
    [[9, 10, 11, 12, 13], rows, 'A9-A10, B1-B3'],
    [[1, 2], { totalSeats: 9, seatsPerRow: 1 }, 'A1, B1'],
  ])('%j', (seats, layout, text) => {
    expect(formatSeats(seats, layout)).toBe(text)
  })

  it('is read back as the same seats, in every house', () => {
    fc.assert(
      fc.property(layoutsWithSeats, ({ layout, seats }) => {
        const ascending = seats.toSorted((a, b) => a - b)
        expect(parseSeats(formatSeats(seats, layout), layout)).toEqual(ascending)
      }),
    )
  })

  it('is the same if it is made from the labels alone', () => {
    fc.assert(
      fc.property(layoutsWithSeats, ({ layout, seats }) => {
        const ascending = [...seats].sort((a, b) => a - b)
        const labels = ascending.map((seat) => seatLabel(seat, layout))
        expect(formatLabels(ascending, labels)).toBe(formatSeats(seats, layout))
      }),
    )
  })

  it('a label is read back as its seat, in either case', () => {
    fc.assert(
      fc.property(layoutsWithSeats, ({ layout, seats: [seat = 1] }) => {
        expect(parseSeats(seatLabel(seat, layout), layout)).toEqual([seat])
        expect(parseSeats(seatLabel(seat, layout).toLowerCase(), layout)).toEqual([seat])
      }),
    )
  })

  it('any text is either read or refused with an expected error', () => {
    const almostSpecs = fc.string({ unit: fc.constantFrom(...'0129abAZ-, \t\u0000é') })
    fc.assert(
      fc.property(fc.oneof(almostSpecs, fc.string()), layouts, (spec, layout) => {
        try {
          const seats = parseSeats(spec, layout)
          expect(seats.every((seat) => seat >= 1 && seat <= layout.totalSeats)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(TicketsError)
        }
      }),
    )
  })

  it.each([
    [1, 'A'],
    [26, 'Z'],
    [27, 'AA'],
    [52, 'AZ'],
    [53, 'BA'],
    [702, 'ZZ'],
    [703, 'AAA'],
  ])('row %i is %s', (row, label) => {
    expect(rowLabel(row)).toBe(label)
  })

  it('without rows, the label is the number', () => {
    expect(seatLabel(42, plain)).toBe('42')
  })
})

describe('seat numbers from a caller', () => {
  it('are returned in ascending order', () => {
    expect(checkSeats([8, 1, 100], plain)).toEqual([1, 8, 100])
  })

  it.each<[unknown[], string, number[] | undefined]>([
    [[], 'INVALID_INPUT', undefined],
    [[1.5], 'INVALID_INPUT', undefined],
    [[Number.NaN], 'INVALID_INPUT', undefined],
    [['1'], 'INVALID_INPUT', undefined],
    [[null], 'INVALID_INPUT', undefined],
    [[{ toString: 1 }], 'INVALID_INPUT', undefined],
    [[4, 4], 'INVALID_INPUT', [4]],
    [[0], 'NO_SUCH_SEAT', [0]],
    [[-1, 5, 101], 'NO_SUCH_SEAT', [-1, 101]],
    [[1e300], 'NO_SUCH_SEAT', undefined],
  ])('%.40j is refused', (seats, code, named) => {
    const error = failure(() => checkSeats(seats as number[], plain))
    expect(error.code).toBe(code)
    expect(error.seats).toEqual(named)
  })

  it('are not all listed if hundreds are missing', () => {
    const error = failure(() => checkSeats(tooMany, plain))
    expect(error.seats).toBeUndefined()
    expect(error.message).toEqual(withFacts('200'))
    expect(error.message).not.toMatch(/201|699/)
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
