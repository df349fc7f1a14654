import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeatSet } from '../../src/house/seat-set.js'

const TOTAL = 43

const seat = fc.integer({ min: 1, max: TOTAL })
const houses = fc
  .integer({ min: 1, max: 300 })
  .chain((totalSeats) =>
    fc.tuple(
      fc.constant(totalSeats),
      fc.uniqueArray(fc.integer({ min: 1, max: totalSeats }), { maxLength: totalSeats }),
    ),
  )

describe('the bits', () => {
  it("are in the order of PostgreSQL's get_bit: seat 1 is bit 0, seat 16 the highest bit of byte 1", () => {
    expect(SeatSet.of([1, 16], 20).toBytes()).toEqual(Buffer.from([0x01, 0x80, 0x00]))
  })

  it('are read back as the same seats', () => {
    fc.assert(
      fc.property(houses, ([totalSeats, seats]) => {
        const set = SeatSet.fromBytes(SeatSet.of(seats, totalSeats).toBytes(), totalSeats)
        expect([...set]).toEqual(ascending(seats))
        expect(set.size).toBe(seats.length)
      }),
    )
  })

  it('are copied: changing the input or the output does not change the set', () => {
    const bytes = Buffer.from([0x01])
    const set = SeatSet.fromBytes(bytes, 8)
    bytes[0] = 0xff
    set.toBytes()[0] = 0xff
    expect([...set]).toEqual([1])
  })

  it.each([
    ['too few bytes', [0x00], 9],
    ['too many bytes', [0x00, 0x00], 8],
    ['a bit beyond the last seat', [0b0010_0000], 5],
  ])('are refused as damaged when there is %s', (_, bytes, totalSeats) => {
    expect(() => SeatSet.fromBytes(Uint8Array.from(bytes), totalSeats)).toThrow(Error)
  })
})

describe('a set of seats', () => {
  it('behaves like a Set of numbers, after any sequence of changes', () => {
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom('add' as const, 'delete' as const, 'addAll' as const, 'deleteAll' as const),
        fc.array(seat, { minLength: 1, maxLength: 6 }),
      ),
    )
    fc.assert(fc.property(steps, (steps) => compareWithModel(steps)))
  })

  it('merges another set, and counts a seat that is in both once', () => {
    fc.assert(
      fc.property(fc.array(seat), fc.array(seat), (mine, others) => {
        const set = SeatSet.of(mine, TOTAL)
        set.addAll(SeatSet.of(others, TOTAL))
        expect([...set]).toEqual(ascending(new Set([...mine, ...others])))
        expect(set.size).toBe([...set].length)
      }),
    )
  })

  it('a clone is independent', () => {
    const set = SeatSet.of([1], TOTAL)
    const clone = set.clone()
    clone.add(2)
    expect([...set]).toEqual([1])
    expect([...clone]).toEqual([1, 2])
  })

  it('merges the seats of a smaller house, and refuses those of a larger one', () => {
    const set = SeatSet.of([1, 43], TOTAL)
    const larger = SeatSet.empty(1000)
    larger.addAll(set)
    expect([...larger]).toEqual([1, 43])
    expect(larger.toBytes()).toHaveLength(125)
    expect(() => SeatSet.empty(42).addAll(set)).toThrow(RangeError)
  })

  it.each([0, -1, TOTAL + 1, 1.5, Number.NaN])(
    'does not contain seat %d, and refuses to add it',
    (wrong) => {
      const set = SeatSet.of([1, TOTAL], TOTAL)
      expect(set.has(wrong)).toBe(false)
      expect(() => set.add(wrong)).toThrow(RangeError)
      expect(() => set.delete(wrong)).toThrow(RangeError)
    },
  )
})

describe('searching for the next seat', () => {
  it('finds the first one in or outside the set, or one beyond the house', () => {
    fc.assert(
      fc.property(houses, ([totalSeats, seats]) => {
        const set = SeatSet.of(seats, totalSeats)
        const numbers = Array.from({ length: totalSeats }, (_, index) => index + 1)
        for (const from of [...numbers, totalSeats + 1]) {
          const first = (wanted: boolean) =>
            numbers.find((n) => n >= from && seats.includes(n) === wanted) ?? totalSeats + 1
          expect(set.nextIn(from)).toBe(first(true))
          expect(set.nextOutside(from)).toBe(first(false))
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('searching for room', () => {
  it('finds the nearest seat on either side from which `count` adjacent seats are outside the set', () => {
    const counts = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100 }))
    fc.assert(
      fc.property(
        houses,
        counts,
        fc.integer({ min: 1, max: 305 }),
        ([totalSeats, seats], count, from) => {
          const set = SeatSet.of(seats, totalSeats)
          const numbers = Array.from({ length: totalSeats }, (_, index) => index + 1)
          const hasRoom = (seat: number) =>
            seat + count - 1 <= totalSeats && !seats.some((n) => n >= seat && n < seat + count)
          const starts = numbers.filter(hasRoom)
          expect(set.nextRoom(from, count)).toBe(starts.find((n) => n >= from) ?? totalSeats + 1)
          expect(set.previousRoom(from, count)).toBe(starts.findLast((n) => n <= from) ?? 0)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('finds it in one block, and without the seats that are excluded', () => {
    fc.assert(
      fc.property(
        houses.chain(([totalSeats, seats]) => {
          const some = fc.uniqueArray(fc.integer({ min: 1, max: totalSeats }), { maxLength: 20 })
          return fc.tuple(fc.constant(totalSeats), fc.constant(seats), some, some)
        }),
        fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100 })),
        fc.integer({ min: 1, max: 305 }),
        ([totalSeats, seats, starts, closed], count, from) => {
          const set = SeatSet.of(seats, totalSeats)
          const blockStarts = SeatSet.of(starts, totalSeats)
          const excluded = SeatSet.of(closed, totalSeats)
          const isFree = (n: number) => n <= totalSeats && !set.has(n) && !excluded.has(n)
          const rooms = Array.from({ length: totalSeats }, (_, index) => index + 1).filter(
            (first) =>
              Array.from({ length: count }, (_, index) => first + index).every(
                (n) => isFree(n) && (n === first || !blockStarts.has(n)),
              ),
          )
          const bounds = { blockStarts, excluded }
          expect(set.nextRoom(from, count, totalSeats, bounds)).toBe(
            rooms.find((n) => n >= from) ?? totalSeats + 1,
          )
          expect(set.previousRoom(from, count, 1, bounds)).toBe(
            rooms.findLast((n) => n <= from) ?? 0,
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('counting', () => {
  it('counts the seats of a range that are in the set', () => {
    fc.assert(
      fc.property(houses, fc.nat(300), fc.nat(300), ([totalSeats, seats], a, b) => {
        const [first, last] = [1 + (a % totalSeats), 1 + (b % totalSeats)]
        const inRange = seats.filter((n) => n >= first && n <= last)
        expect(SeatSet.of(seats, totalSeats).countIn(first, last)).toBe(inRange.length)
      }),
    )
  })
})

type Step = ['add' | 'delete' | 'addAll' | 'deleteAll', number[]]

function compareWithModel(steps: Step[]): void {
  const set = SeatSet.empty(TOTAL)
  const model = new Set<number>()
  for (const [action, seats] of steps) {
    const [first = 1] = seats
    if (action === 'add') {
      expect(set.add(first)).toBe(!model.has(first))
      model.add(first)
    } else if (action === 'delete') {
      expect(set.delete(first)).toBe(model.delete(first))
    } else {
      set[action](seats)
      for (const seat of seats) {
        action === 'addAll' ? model.add(seat) : model.delete(seat)
      }
    }
    expect([...set]).toEqual(ascending(model))
    expect(set.size).toBe(model.size)
    expect(set.has(first)).toBe(model.has(first))
  }
}

function ascending(seats: Iterable<number>): number[] {
  return [...seats].sort((a, b) => a - b)
}
