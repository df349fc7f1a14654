import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestAvailable, chooseAround, suggestSeats } from '../../src/house/best-available.js'
import { SeatSet } from '../../src/house/seat-set.js'
import type { SeatLayout } from '../../src/house/seats.js'

/** Houses as text: a space starts a row, '.' is free and 'x' is taken. */
describe('the best seats', () => {
  it.each<[string, number, number[] | undefined]>([
    ['.....', 2, [1, 2]],
    ['x.x..', 1, [2]],
    ['x.x..', 2, [4, 5]],
    ['.x.x.', 2, [1, 3]],
    ['xxxxx', 1, undefined],
    ['x.x.x', 3, undefined],
    ['.....', 5, [1, 2, 3, 4, 5]],
    ['..x...x..', 4, [1, 4, 5, 6]],
    ['..x...x..', 5, [1, 2, 4, 5, 6]],
    ['..x...x..', 6, [1, 2, 4, 5, 6, 8]],
    ['.x..x...', 4, [1, 6, 7, 8]],
  ])('%s: %i seats', (house, count, seats) => {
    expect(choose(house, count)).toEqual(seats)
  })

  it.each<[string, number, number[] | undefined]>([
    ['..... ..... ..... .....', 1, [8]],
    ['..... ..... ..... .....', 2, [6, 7]],
    ['..... ..... ..... .....', 3, [6, 7, 8]],
    ['...... ...... ...... ......', 2, [9, 10]],
    ['...... xxxxxx ...... ......', 2, [3, 4]],
    ['..... .....', 4, [1, 2, 3, 4]],
    ['..... xx... ..... .....', 2, [1, 2]],
    ['..... x.... ..... .....', 2, [7, 8]],
    ['...x ..xx', 2, [5, 6]],
    ['.x.x. xxxxx', 1, [3]],
    ['xx..x .xxxx', 1, [6]],
    ['.x.x. x.x.x', 3, [1, 3, 5]],
    ['..... .....', 7, [1, 2, 3, 4, 5, 6, 7]],
    ['xxxxx xx.xx', 2, undefined],
  ])('%s with rows: %i seats', (house, count, seats) => {
    expect(choose(house, count)).toEqual(seats)
  })

  it('have the lowest numbers in a house without rows', () => {
    fc.assert(
      fc.property(houses, fc.integer({ min: 1, max: 14 }), ({ taken, layout }, count) => {
        const house = { taken, layout: { ...layout, seatsPerRow: null } }
        expect(bestAvailable(taken, { count }, house.layout)).toEqual(
          searchEverything(house, count, 1),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('are free, ascending, and of the requested number, unless too few are free', () => {
    fc.assert(
      fc.property(houses, fc.integer({ min: 1, max: 40 }), ({ taken, layout }, count) => {
        const seats = bestAvailable(taken, { count }, layout)
        if (seats === undefined) {
          expect(layout.totalSeats - taken.size).toBeLessThan(count)
          return
        }
        expect(seats).toHaveLength(count)
        expect(seats.some((seat) => taken.has(seat))).toBe(false)
        expect([...SeatSet.of(seats, layout.totalSeats)]).toEqual(seats)
      }),
    )
  })

  it('are found in a house of 100,000 seats of which two at the end are free', () => {
    const taken = SeatSet.of(seatsFrom(1, 99_998), 100_000)
    const layout = { totalSeats: 100_000, seatsPerRow: 50 }
    expect(bestAvailable(taken, { count: 2 }, layout)).toEqual([99_999, 100_000])
    expect(bestAvailable(taken, { count: 3 }, layout)).toBeUndefined()
  })

  it('can fill a large house', () => {
    const layout = { totalSeats: 100_000, seatsPerRow: null }
    const seats = bestAvailable(SeatSet.empty(100_000), { count: 100_000 }, layout)
    expect(seats).toEqual(seatsFrom(1, 100_000))
  })

  it.each([0, -1, 1.5, Number.NaN])('cannot be %d', (count) => {
    expect(() => choose('.....', count)).toThrow(RangeError)
  })
})

describe('seats instead of the requested ones', () => {
  it.each<[string, number[], number[]]>([
    ['....x.....', [5], [4]],
    ['....x.....', [5, 6], [6, 7]],
    ['...xx.....', [4, 5], [2, 3]],
    ['..xxx.....', [4, 5], [6, 7]],
    ['x..x.', [4], [3]],
    ['xxxxx', [1], []],
    ['x.xxx', [1, 3], []],
    ['x.x.x', [3, 4], [2, 4]],
    ['.x.x.x.', [6, 4], [3, 5]],
    ['..... .x... .....', [6, 7, 8], [8, 9, 10]],
    ['..... .x.x. .....', [7, 8], [2, 3]],
    ['xxx.. xxxxx .x.x.', [6, 7], [4, 5]],
  ])('%s: instead of %j', (house, wanted, seats) => {
    const { taken, layout } = read(house)
    expect(suggestSeats(wanted, taken, layout)).toEqual(seats)
  })

  it('are the nearest by number in a house without rows', () => {
    const wanted = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(houses, wanted, ({ taken, layout }, wanted) => {
        const house = { taken, layout: { ...layout, seatsPerRow: null } }
        fc.pre(Math.min(...wanted) <= layout.totalSeats)
        const seats = suggestSeats(wanted, taken, house.layout)
        expect(seats).toEqual(searchEverything(house, wanted.length, Math.min(...wanted)) ?? [])
      }),
      { numRuns: 1000 },
    )
  })

  it('are offered for at most 20 seats', () => {
    const { taken, layout } = read('.'.repeat(50))
    expect(suggestSeats(seatsFrom(3, 20), taken, layout)).toEqual(seatsFrom(3, 20))
    expect(suggestSeats(seatsFrom(3, 21), taken, layout)).toEqual([])
    expect(suggestSeats([], taken, layout)).toEqual([])
  })
})

describe('the best seats around a seat', () => {
  it.each<[string, number, number, number[]]>([
    ['..... ..... .....', 7, 2, [7, 8]],
    ['..... ..... .....', 10, 2, [9, 10]],
    ['..... .xxxx .....', 9, 2, [4, 5]],
    ['..... ...xx .....', 9, 2, [7, 8]],
    ['..... ..xxx .....', 10, 2, [6, 7]],
  ])('%s: around %i, %i seats', (house, seat, count, seats) => {
    const { taken, layout } = read(house)
    expect(chooseAround(seat, taken, count, layout)).toEqual(seats)
  })

  it('are found if, except at the front, every two free neighbours are in different rows', () => {
    const layout = { totalSeats: 100_000, seatsPerRow: 2 }
    // From the back: taken, free | free, taken | taken, free | …
    const free = seatsFrom(4, 99_996).filter((seat) => seat % 4 < 2)
    const isFree = new Set([1, 2, ...free])
    const taken = seatsFrom(1, 100_000).filter((seat) => !isFree.has(seat))
    expect(chooseAround(100_000, SeatSet.of(taken, 100_000), 2, layout)).toEqual([1, 2])
  })
})

interface House {
  taken: SeatSet
  layout: SeatLayout
}

const houses: fc.Arbitrary<House> = fc
  .record({
    free: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    seatsPerRow: fc.option(fc.integer({ min: 1, max: 8 })),
  })
  .map(({ free, seatsPerRow }) => houseOf(free, seatsPerRow))

function read(text: string): House {
  const rows = text.split(' ')
  const free = [...rows.join('')].map((seat) => seat === '.')
  return houseOf(free, rows.length > 1 ? rows[0]!.length : null)
}

function houseOf(free: boolean[], seatsPerRow: number | null): House {
  const taken = free.flatMap((isFree, index) => (isFree ? [] : [index + 1]))
  const totalSeats = free.length
  return { taken: SeatSet.of(taken, totalSeats), layout: { totalSeats, seatsPerRow } }
}

function choose(house: string, count: number): number[] | undefined {
  const { taken, layout } = read(house)
  return bestAvailable(taken, { count }, layout)
}

/** The same rule, seat by seat, without regard to speed. */
function searchEverything(
  { taken, layout }: House,
  count: number,
  target: number,
): number[] | undefined {
  const all = seatsFrom(1, layout.totalSeats)
  const free = all.filter((seat) => !taken.has(seat))
  if (free.length < count) return undefined
  const byDistance = all.toSorted((a, b) => Math.abs(a - target) - Math.abs(b - target) || a - b)
  const isFree = (block: number[]) => block.every((seat) => free.includes(seat))
  const rowOf = (seat = 0) => Math.floor((seat - 1) / (layout.seatsPerRow ?? Infinity))
  const blocks = byDistance.map((start) => seatsFrom(start, count)).filter(isFree)
  const inOneRow = blocks.find((block) => rowOf(block[0]) === rowOf(block.at(-1)))
  return inOneRow ?? blocks[0] ?? piecesOf(free, byDistance, count)
}

function piecesOf(free: number[], byDistance: number[], count: number): number[] {
  const chosen: number[] = []
  let runs = byDistance
    .filter((seat) => free.includes(seat) && !free.includes(seat - 1))
    .map((start) => runFrom(start, free))
  for (;;) {
    const rest = count - chosen.length
    const longest = Math.max(...runs.map((run) => run.length))
    if (rest <= longest) {
      const lasts = byDistance.map((start) => seatsFrom(start, rest))
      const last = lasts.find((block) => runs.some((run) => block.every((s) => run.includes(s))))
      return [...chosen, ...last!].sort((a, b) => a - b)
    }
    const next = runs.find((run) => run.length === longest)!
    chosen.push(...next)
    runs = runs.filter((run) => run !== next)
  }
}

function runFrom(start: number, free: number[]): number[] {
  let length = 1
  while (free.includes(start + length)) length++
  return seatsFrom(start, length)
}

function seatsFrom(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index)
}
