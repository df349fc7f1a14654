import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometryOf } from '../../src/house/best-available/geometry.js'
import {
  type Criteria,
  findGroups,
  findTogether,
  longestRoom,
  near,
} from '../../src/house/best-available/search.js'
import { bestAvailable, type Party, suggestSeats } from '../../src/house/best-available.js'
import { decide, type Refusal } from '../../src/house/decide.js'
import { type DrawnSeat, type OutlineRow, SeatPlan } from '../../src/house/plan/seat-plan.js'
import { rowsOf } from '../../src/house/rows.js'
import { SeatSet } from '../../src/house/seat-set.js'
import type { SeatLayout } from '../../src/house/seats.js'
import { expectWording, withFacts } from '../support/wording.js'

/**
 * Plans as text: sections between '/', rows between ' ', '_' is an aisle, '#' is not for sale. Free
 * seats are 's', 'r' (restricted view), 'w' (wheelchair) and 'c' (companion), in capitals if taken.
 */
describe('the best seats of a house', () => {
  it.each<[string, Party, number[] | undefined]>([
    ['ss_ssss', { count: 2 }, [3, 4]],
    ['ss_ss', { count: 3 }, [1, 2, 3]],
    ['ss_ss ssss', { count: 4 }, [5, 6, 7, 8]],
    ['ss#sss', { count: 5 }, [1, 2, 3, 4, 5]],
    ['srrs ssSS', { count: 2 }, [5, 6]],
    ['ssss / ssss', { count: 2, section: 1 }, [5, 6]],
    ['sSSs / ssss', { count: 2 }, [5, 6]],
    ['wcss wwcc', { count: 2 }, [3, 4]],
    ['wcss', { count: 3 }, undefined],
    ['wcss', { count: 3, includeAccessible: true }, [2, 3, 4]],
    ['wcSs', { count: 1, includeAccessible: true }, [4]],
    ['wcwc_s_s', { count: 2, includeAccessible: true }, [5, 6]],
    ['wcwc_s_s', { count: 3, includeAccessible: true }, [4, 5, 6]],
    ['wcwc sScw sSsS', { count: 5, includeAccessible: true }, [1, 2, 5, 9, 11]],
    ['cwcw wcsc', { count: 3, includeAccessible: true }, [5, 6, 7]],
    ['wcwc ss', { count: 4, accessible: true, includeAccessible: true }, [2, 3, 5, 6]],
    ['wcsssw', { count: 1, accessible: true }, [1]],
    ['wcsssw', { count: 2, accessible: true }, [1, 2]],
    ['sswcss', { count: 4, accessible: true }, [1, 2, 3, 4]],
    ['wC_wcS ssssss', { count: 2, accessible: true }, [3, 4]],
    ['wcSSSS ssssss', { count: 4, accessible: true }, [1, 2, 7, 8]],
    ['wCssss', { count: 2, accessible: true }, [1, 3]],
    ['wsssss', { count: 2, accessible: true }, [1, 2]],
    ['Wcssss', { count: 2, accessible: true }, undefined],
    ['wcss / wcss', { count: 3, accessible: true, section: 1 }, [5, 6, 7]],
  ])('%s: for %j', (text, party, seats) => {
    const { taken, layout } = read(text)
    expect(bestAvailable(taken, party, layout)).toEqual(seats)
  })

  it('are only of the requested section and kinds', () => {
    everyHouse((house, { count, section }) => {
      const allowed = house.seats.filter((seat) => isWanted(seat, section))
      const seats = bestAvailable(house.taken, { count, section }, house.layout) ?? []
      expect(allowed.map(({ seat }) => seat)).toEqual(expect.arrayContaining(seats))
    })
  })

  it('are never refused while enough are free', () => {
    everyHouse((house, party) => {
      const seats = bestAvailable(house.taken, party, house.layout)
      const free = freeSeats(house, party)
      if (free.length < party.count) return expect(seats).toBeUndefined()
      expect(seats).toHaveLength(party.count)
      expect([...new Set(seats)].toSorted((a, b) => a - b)).toEqual(seats)
      expect(free.map(({ seat }) => seat)).toEqual(expect.arrayContaining(seats!))
    })
  })

  it('are in one block, or else in one row across aisles, or else in the fewest pieces', () => {
    everyHouse((house, party) => {
      const seats = bestAvailable(house.taken, party, house.layout)
      if (seats === undefined) return
      const [inBlock, inRow] = [places(house, party, 'block'), places(house, party, 'row')]
      const isOneOf = (all: Place[]) => all.some(({ start }) => start === seats[0])
      if (inBlock.length > 0) expect(isOneOf(inBlock) && isRun(seats)).toBe(true)
      else if (inRow.length > 0) expect(isOneOf(inRow) && isRun(seats)).toBe(true)
      else expect(runsOf(house, seats)).toHaveLength(fewestPieces(house, party))
    })
  })

  it.each(rules)('%s', (_, rule) => {
    everyHouse((house, party) => {
      const inBlock = places(house, party, 'block')
      const best = bestPlaces(inBlock.length > 0 ? inBlock : places(house, party, 'row'), rule)
      if (best.length === 0) return
      const [start] = bestAvailable(house.taken, party, house.layout)!
      expect(best.map((place) => place.start)).toContain(start)
    })
  })

  it('are in pieces that are as near to the first as the earlier rules allow', () => {
    everyHouse((house, party) => {
      const seats = bestAvailable(house.taken, party, house.layout)
      if (seats && !isTogether(house, party)) expect(seats).toEqual(inPieces(house, party))
    })
  })

  it('may leave a single seat, if every choice does', () => {
    const { taken, layout } = read('sssSSsss sssSSSSS')
    expect(bestAvailable(taken, { count: 2 }, layout)).toEqual([2, 3])
  })

  it('are the same if searched one by one and in one pass through the house', () => {
    everyHouse(({ taken, layout }) => {
      const geometry = geometryOf(layout)
      const all: Criteria = { geometry, sections: geometry.sections, accessible: 'always' }
      const length = longestRoom(taken, 100, all)
      if (length === 0) return
      const row = geometry.rows.indexOf(1)
      for (const criteria of [all, near({ section: 0, row, offset: 1 }, all)]) {
        const left = taken.clone()
        const oneByOne = []
        for (let n = 0; n < 3; n++) {
          const group = findTogether(left, length, criteria)
          if (group === undefined) break
          oneByOne.push(group.first)
          left.addAll(seatsFrom(group.first, length))
        }
        const groups = findGroups(taken, { count: length, atMost: 3, criteria })
        expect(groups.map(({ first }) => first)).toEqual(oneByOne)
      }
    })
  })

  it('include accessible seats only to make up for missing general seats', () => {
    everyHouse((house, party, accessible) => {
      const wanted = { ...party, accessible, includeAccessible: true }
      const seats = bestAvailable(house.taken, wanted, house.layout)
      const general = freeSeats(house, party).map(({ seat }) => seat)
      const withoutThem = { ...wanted, includeAccessible: false }
      const without = bestAvailable(house.taken, withoutThem, house.layout)
      if (without) return expect(seats).toEqual(without)
      const all = freeSeats(house, party, true)
      const isPossible = !accessible || all.some(({ kind }) => kind === 'wheelchair')
      if (all.length < party.count || !isPossible) return expect(seats).toBeUndefined()
      expect(seats).toHaveLength(party.count)
      expect(new Set(seats).size).toBe(party.count)
      expect(seats).toEqual(expect.arrayContaining(general))
      expect(all.map(({ seat }) => seat)).toEqual(expect.arrayContaining(seats!))
    })
  })

  it('are in one block with the accessible seats that are added, if a block has room for all', () => {
    everyHouse((house, party) => {
      const general = freeSeats(house, party)
      if (general.length >= party.count) return
      const isWhole = ({ start }: Place) =>
        general.every(({ seat }) => seat >= start && seat < start + party.count)
      const whole = places(house, party, 'block', { isAnyKind: true }).filter(isWhole)
      if (whole.length === 0) return
      const seats = bestAvailable(house.taken, { ...party, includeAccessible: true }, house.layout)!
      expect(isRun(seats)).toBe(true)
      expect(whole.map(({ start }) => start)).toContain(seats[0])
    })
  })

  it('for a party with a wheelchair are a wheelchair place, its companion’s seat, and general seats', () => {
    everyHouse((house, { count, section }) => {
      const seats = bestAvailable(house.taken, { count, section, accessible: true }, house.layout)
      if (seats === undefined) return
      const kinds = seats.map((seat) => house.seats[seat - 1]!.kind)
      expect(kinds.filter((kind) => kind === 'wheelchair')).toHaveLength(1)
      const isPair = ({ seat, block, kind }: Seat) =>
        kind === 'wheelchair' &&
        !house.taken.has(seat) &&
        (section === undefined || house.seats[seat - 1]!.section === section) &&
        [seat - 1, seat + 1].some((beside) => {
          const companion = house.seats[beside - 1]
          return (
            companion?.kind === 'companion' && companion.block === block && !house.taken.has(beside)
          )
        })
      const isWithCompanion = count > 1 && house.seats.some(isPair)
      expect(kinds.filter((kind) => kind === 'companion')).toHaveLength(isWithCompanion ? 1 : 0)
    })
  })
})

describe('the seats of a party with a wheelchair', () => {
  const accessible = true
  const isCompanion = (seat: Seat | undefined) => seat?.kind === 'companion'

  it('are all next to each other, if a block has room for them', () => {
    everyHouse((house, party) => {
      const { seats } = house
      const free = freeSeats(house, party, true)
      const pairs = free.flatMap((place) =>
        place.kind !== 'wheelchair'
          ? []
          : free
              .filter(({ seat }) => Math.abs(seat - place.seat) === 1)
              .filter((other) => isCompanion(other) && other.block === place.block)
              .map((other) => [place, other]),
      )
      const alone = free.filter(({ kind }) => kind === 'wheelchair').map((place) => [place])
      const firsts = party.count > 1 && pairs.length > 0 ? pairs : alone
      const general = freeSeats(house, party)
      const hasRoom = firsts.some((first) => {
        const usable = new Set([...first, ...general].map(({ seat }) => seat))
        return first.some(({ seat: near }) =>
          seatsFrom(near - party.count + 1, party.count).some((start) => {
            const run = seatsFrom(start, party.count)
            const isWhole = first.every(({ seat }) => run.includes(seat))
            const isInBlock = (seat: number) => seats[seat - 1]?.block === first[0]!.block
            return isWhole && run.every((seat) => usable.has(seat) && isInBlock(seat))
          }),
        )
      })
      if (!hasRoom) return
      const chosen = bestAvailable(house.taken, { ...party, accessible }, house.layout)!
      expect(runsOf(house, chosen)).toEqual([party.count])
    })
  })

  it('are otherwise the place and, for the others, the best seats near it', () => {
    everyHouse((house, party) => {
      const chosen = bestAvailable(house.taken, { ...party, accessible }, house.layout)
      if (chosen === undefined || runsOf(house, chosen).length === 1) return
      const isOfPlace = (seat: number) => isAccessibleKind(house.seats[seat - 1]!)
      const place = chosen.filter(isOfPlace).map((seat) => house.seats[seat - 1]!)
      const taken = house.taken.clone()
      taken.addAll(place.map(({ seat }) => seat))
      const rest = { ...party, count: party.count - place.length }
      const others = bestSeats({ ...house, taken }, rest, middleOf(place))
      expect(chosen.filter((seat) => !isOfPlace(seat))).toEqual(others)
    })
  })
})

describe('the refusal of a number of seats', () => {
  const refused: [string, Party, left: number | undefined, ...facts: string[]][] = [
    ['sSwc', { count: 2 }, 2, '1', '2'],
    ['SSwC', { count: 1 }, 1, '1'],
    ['sSwc', { count: 4, includeAccessible: true }, undefined, '3', '4'],
    ['sSwc', { count: 4 }, undefined, '1', '4'],
    ['sWcs', { count: 1, accessible: true }, undefined],
    ['SwcS', { count: 4, accessible: true }, undefined, '3'],
    ['sSWc', { count: 2, accessible: true }, undefined],
    ['sScww', { count: 4, accessible: true }, 3, '3'],
    ['sScwW', { count: 4, accessible: true, includeAccessible: true }, undefined, '3'],
    ['ss / sS', { count: 2, section: 1 }, undefined, '1', 'Section 2', '2'],
  ]
  const refusalOf = (text: string, party: Party) =>
    (decide({ ...read(text), isCancelled: false }, party) as { refusal: Refusal }).refusal

  it.each(refused)('%s: for %j says what is left', (text, party, accessibleLeft, ...facts) => {
    expect(refusalOf(text, party)).toEqual({
      code: 'NOT_ENOUGH_SEATS',
      message: withFacts(...facts),
      ...(accessibleLeft !== undefined && { accessibleLeft }),
    })
  })

  it('uses the messages in test/wording/not-enough-seats.txt', () =>
    expectWording(
      'not-enough-seats',
      refused.map(([text, party]) => [
        `${text} ${JSON.stringify(party)}`,
        refusalOf(text, party).message,
      ]),
    ))
})

describe('seats of a plan instead of the requested ones', () => {
  it.each<[string, number[], number[]]>([
    ['Ssss ssss / ssss', [1], [2]],
    ['SSSS SSSS / ssss', [1, 2], [10, 11]],
    ['SSwc sSSS', [1], [5]],
    ['WCss wcss', [1, 2], [5, 6]],
  ])('%s: instead of %j', (text, wanted, seats) => {
    const { taken, layout } = read(text)
    expect(suggestSeats(wanted, taken, layout)).toEqual(seats)
  })
})

/** The rules for a place. Each decides between places that the earlier rules rank equally. */
const rules: [string, keyof Place][] = [
  ['have the fewest restricted views', 'restricted'],
  ['leave no single seat that another choice would avoid', 'singles'],
  ['are in the first section of the plan', 'section'],
  ['are the nearest to the focal point', 'distance'],
  ['are in the nearest row', 'rows'],
  ['are the first seats', 'start'],
]

function bestPlaces(all: Place[], lastRule: keyof Place = 'start'): Place[] {
  const last = rules.findIndex(([, rule]) => rule === lastRule)
  return rules.slice(0, last + 1).reduce((best, [, rule]) => {
    const least = Math.min(...best.map((place) => place[rule]))
    return best.filter((place) => place[rule] === least)
  }, all)
}

interface Seat {
  seat: number
  section: number
  /** Counted through the whole house. */
  row: number
  /** The index of the row in its section, and the number of rows of the section. */
  back: number
  rows: number
  /** Half seats to the right of the middle of the row. */
  offset: number
  /** Counted through the whole house. */
  block: number
  kind: DrawnSeat['kind']
}

interface House {
  taken: SeatSet
  layout: SeatLayout
  seats: Seat[]
}

/** The middle of some seats: a row counted through the house, and half seats from its middle. */
interface Spot {
  section: number
  row: number
  offset: number
}

interface Place {
  start: number
  restricted: number
  singles: number
  section: number
  distance: number
  rows: number
}

/** Houses with a plan; every fourth one is a rectangle, whose last row may be shorter. */
function everyHouse(check: (house: House, party: Party, flag: boolean) => void): void {
  const seat = fc.constantFrom(...'ssssssSSSSrrwWcC_#')
  const row = fc.array(seat, { minLength: 1, maxLength: 9 }).map((row) => row.join(''))
  const section = fc.array(row, { minLength: 1, maxLength: 4 }).map((rows) => rows.join(' '))
  const text = fc
    .array(section, { minLength: 1, maxLength: 3 })
    .map((sections) => sections.join(' / '))
    .filter((text) => /[a-z]/i.test(text))
    .map((text) => read(text))
  const rectangle = fc
    .tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.constantFrom(...'sssSS'), { minLength: 1, maxLength: 40 }),
    )
    .map(([width, seats]) => {
      const rows = seats.join('').match(new RegExp(`.{1,${width}}`, 'g'))!
      return read(rows.join(' '), width)
    })
  const houses = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: rectangle })
  const party = fc.record({
    count: fc.integer({ min: 1, max: 7 }),
    section: fc.option(fc.nat(), { nil: undefined, freq: 3 }),
  })
  fc.assert(
    fc.property(houses, party, fc.boolean(), (house, { count, section }, flag) => {
      const { length } = rowsOf(house.layout).sections
      check(house, { count, section: section === undefined ? undefined : section % length }, flag)
    }),
    { numRuns: 500 },
  )
}

const KINDS: Record<string, DrawnSeat['kind']> = {
  ...{ s: 'standard', r: 'restricted', w: 'wheelchair', c: 'companion', '#': 'not for sale' },
}

/** With a width, the house is a rectangle without a plan. */
function read(text: string, width?: number): House {
  const texts = text.split(' / ').map((section) => section.split(' '))
  const sections = texts.map((rows, index) => ({
    name: `Section ${index + 1}`,
    rows: rows.map((row, at): OutlineRow => {
      const seats = [...row].flatMap((seat, column) =>
        seat === '_' ? [] : { column, number: column + 1, kind: KINDS[seat.toLowerCase()]! },
      )
      return { label: String.fromCharCode(65 + at), seats }
    }),
  }))
  const plan = new SeatPlan({ name: 'House', stage: 'top', sections })
  const seats: Seat[] = []
  const taken: number[] = []
  let [row, block] = [-1, 0]
  for (const [section, rows] of texts.entries()) {
    for (const [back, places] of rows.entries()) {
      row++
      block++
      for (const [column, place] of [...places].entries()) {
        if (place === '_' || place === '#') {
          block++
          continue
        }
        // An aisle at the right end is none.
        const offset = 2 * column - ((width ?? places.replace(/_+$/, '').length) - 1)
        const kind = KINDS[place.toLowerCase()]!
        const seat = seats.length + 1
        seats.push({ seat, section, row, back, rows: rows.length, offset, block, kind })
        if (place !== place.toLowerCase()) taken.push(seat)
      }
    }
  }
  const { totalSeats } = plan
  return {
    taken: SeatSet.of(taken, totalSeats),
    layout:
      width === undefined
        ? { totalSeats, seatsPerRow: null, plan }
        : { totalSeats, seatsPerRow: width },
    seats,
  }
}

function isWanted({ kind, section }: Seat, wanted?: number, isAnyKind = false): boolean {
  const isOfKind = isAnyKind || kind === 'standard' || kind === 'restricted'
  return isOfKind && (wanted ?? section) === section
}

function isAccessibleKind({ kind }: Seat): boolean {
  return kind === 'wheelchair' || kind === 'companion'
}

function freeSeats({ seats, taken }: House, { section }: Party, isAnyKind = false): Seat[] {
  return seats.filter((seat) => isWanted(seat, section, isAnyKind) && !taken.has(seat.seat))
}

/** All places for a party in one block, or in one row with consecutive numbers. */
function places(
  house: House,
  party: Party,
  within: 'block' | 'row',
  { isAnyKind = false, spot }: { isAnyKind?: boolean; spot?: Spot | undefined } = {},
): Place[] {
  const free = new Map(freeSeats(house, party, isAnyKind).map((seat) => [seat.seat, seat]))
  return [...free.values()].flatMap((first) => {
    const { count } = party
    const seats = seatsFrom(first.seat, count).map((seat) => free.get(seat))
    if (!seats.every((seat) => seat?.[within] === first[within])) return []
    const last = seats.at(-1)!
    const isFree = (seat: number, beside: Seat) => free.get(seat)?.block === beside.block
    const isSingle = (seat: number, step: number, beside: Seat) =>
      isFree(seat, beside) && !isFree(seat + step, beside)
    const isSingleLeft =
      isSingle(first.seat - 1, -1, first) || isSingle(last.seat + 1, 1, last) ? 1 : 0
    const isNear = spot?.section === first.section
    const rows = isNear
      ? Math.abs(first.row - spot.row)
      : Math.abs(first.back - Math.round((first.rows - 1) / 3))
    const offset = (first.offset + last.offset) / 2 - (isNear ? spot.offset : 0)
    return {
      start: first.seat,
      restricted: seats.filter((seat) => seat!.kind === 'restricted').length,
      singles: isSingleLeft,
      section: isNear ? -1 : first.section,
      distance: offset ** 2 + (4 * rows) ** 2,
      rows,
    }
  })
}

function middleOf(seats: Seat[]): Spot {
  const [first, last] = [seats[0]!, seats.at(-1)!]
  return { section: first.section, row: first.row, offset: (first.offset + last.offset) / 2 }
}

function isTogether(house: House, party: Party): boolean {
  return places(house, party, 'block').length > 0 || places(house, party, 'row').length > 0
}

/** The same rules, place by place, without regard to speed. */
function bestSeats(house: House, party: Party, spot: Spot): number[] {
  for (const within of ['block', 'row'] as const) {
    const [best] = bestPlaces(places(house, party, within, { spot }))
    if (best) return seatsFrom(best.start, party.count)
  }
  return inPieces(house, party, spot)
}

/**
 * The longest pieces, each at its best place; the first one is at the spot if there is no other.
 */
function inPieces(house: House, party: Party, aim?: Spot): number[] {
  const taken = house.taken.clone()
  const chosen: number[] = []
  let spot = aim
  while (chosen.length < party.count) {
    const left = { ...house, taken }
    const free = freeSeats(left, party).map(({ seat }) => seat)
    const count = Math.min(party.count - chosen.length, Math.max(...runsOf(house, free)))
    const [best] = bestPlaces(places(left, { ...party, count }, 'block', { spot }))
    const piece = seatsFrom(best!.start, count)
    spot ??= middleOf(piece.map((seat) => house.seats[seat - 1]!))
    taken.addAll(piece)
    chosen.push(...piece)
  }
  return chosen.toSorted((a, b) => a - b)
}

function isRun(seats: number[]): boolean {
  return seats.every((seat, index) => seat === seats[0]! + index)
}

/** The lengths of the runs of adjacent seats. */
function runsOf({ seats }: House, chosen: number[]): number[] {
  const lengths: number[] = []
  for (const [index, seat] of chosen.entries()) {
    const before = chosen[index - 1]
    const isNext = before === seat - 1 && seats[seat - 2]!.block === seats[seat - 1]!.block
    if (isNext) lengths[lengths.length - 1]!++
    else lengths.push(1)
  }
  return lengths
}

function fewestPieces(house: House, party: Party): number {
  const free = freeSeats(house, party).map(({ seat }) => seat)
  let [pieces, rest] = [0, party.count]
  for (const length of runsOf(house, free).toSorted((a, b) => b - a)) {
    if (rest <= 0) break
    rest -= length
    pieces++
  }
  return pieces
}

function seatsFrom(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index)
}
