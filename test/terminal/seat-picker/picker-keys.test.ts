import { describe, expect, it, test } from 'vitest'
import { SeatSet } from '../../../src/house/seat-set.js'
import { formatSeats, seatLabel } from '../../../src/house/seats.js'
import type { House } from '../../../src/terminal/seat-map/house.js'
import { seatGridFor } from '../../../src/terminal/seat-map/seat-grid.js'
import { type Key, pressKey } from '../../../src/terminal/seat-picker/picker-keys.js'
import {
  finishPicking,
  type Picking,
  seeHouse,
  startPicking,
} from '../../../src/terminal/seat-picker/picker-state.js'
import { expectWording, withFacts } from '../../support/wording.js'

/** A house as text: a space starts a row, '.' is free, 'x' is booked and 'h' is held. */
function houseOf(text: string, { rows = true } = {}): House {
  const seats = [...text.replaceAll(' ', '')]
  const where = (sign: string) =>
    SeatSet.of(
      seats.flatMap((seat, index) => (seat === sign ? [index + 1] : [])),
      seats.length,
    )
  return {
    totalSeats: seats.length,
    seatsPerRow: rows ? text.split(' ')[0]!.length : null,
    booked: where('x'),
    held: where('h'),
  }
}

/** Presses keys, named or typed, one after the other; `|` is a pause. */
function press(picking: Picking, keys: string): Picking {
  const grid = seatGridFor(picking.house, 80)
  let now = 10_000
  return keys.split(' ').reduce((at, word) => {
    if (word === '|') now += 5000
    const pressed: Key[] = named.has(word)
      ? [{ name: word }]
      : [...word].map((character) => ({ sequence: character }))
    return pressed.reduce(
      (all, key) => pressKey(all, key, { view: 'house', grid, page: 2 }, now),
      at,
    )
  }, picking)
}

const named = new Set('left right up down home end pageup pagedown space backspace'.split(' '))

const three = '.....x..... .....h..... ...........'

describe('the keys of the picker', () => {
  const table: [title: string, house: string, keys: string, cursor: string, picked: string][] = [
    ['arrows move over rows', three, 'down right right', 'B3', ''],
    ['arrows stop at the ends of the house', three, 'up left', 'A1', ''],
    ['left of a row is the end of the row before', three, 'down left', 'A11', ''],
    ['home and end stay in the row', three, 'B5 end', 'B11', ''],
    ['home', three, 'B5 home', 'B1', ''],
    ['page keys move by the visible number of rows', three, 'pagedown', 'C1', ''],
    ['page up', three, 'C4 pageup', 'A4', ''],
    ['a shorter last row is entered at its end', '..... ...', 'A5 down', 'B3', ''],
    ['space picks a seat, and unpicks it', three, 'space right space left space', 'A1', 'A2'],
    ['space does nothing on a booked or held seat', three, 'A6 space B6 space', 'B6', ''],
    ['a letter goes to its row', three, 'c', 'C1', ''],
    ['a label goes to its seat, and another letter starts a new label', three, 'B7C10', 'C10', ''],
    ['backspace deletes a character', three, 'B11 backspace', 'B1', ''],
    ['a number picks the best adjacent seats', three, '4', 'A1', 'A1-A4'],
    ['a number of two digits', three, '11', 'C1', 'C1-C11'],
    ['around the cursor: from it on', three, 'C4 | 3', 'C4', 'C4-C6'],
    ['around the cursor: back from the end of the row', three, 'C10 | 4', 'C10', 'C8-C11'],
    ['around the cursor: in the row before it', '..... ..x.. .....', 'B3 | 3', 'A3', 'A3-A5'],
    ['around the cursor: in the row behind it', three, 'B6 | 6', 'C6', 'C6-C11'],
    ['plus picks one more, next to the others', three, 'C4 space + +', 'C4', 'C4-C6'],
    ['minus unpicks the last one', three, 'C4 | 3 | -', 'C4', 'C4-C5'],
    ['minus unpicks all in the end', three, '+ - -', 'A1', ''],
    [
      'plus stays at the cursor if the picked seats are scattered',
      three,
      'space C4 space +',
      'C4',
      'C4-C6',
    ],
    ['minus stays at the cursor as well', three, 'space C4 space -', 'C4', 'C4'],
    ['a number starts again at the cursor', three, 'space C4 space | 4', 'C4', 'C4-C7'],
    ['plus adds to the seats around the cursor', three, 'C4 | 3 A1 space C6 +', 'C6', 'C4-C8'],
    ['plus ignores seats in another row', three, 'A11 space B1 space +', 'B1', 'B1-B3'],
    ['a key without a use does nothing', three, '/ ? !', 'A1', ''],
  ]
  test.each(table)('%s', (_, house, keys, cursor, picked) => {
    const after = press(startPicking({ house: houseOf(house) }), keys)
    expect(seatLabel(after.cursor, after.house)).toBe(cursor)
    expect(formatSeats(after.picked, after.house)).toBe(picked)
  })

  const plain: [key: string, key: Key][] = [
    ['a letter', { name: 'b', sequence: 'b' }],
    ['a digit', { name: '4', sequence: '4' }],
    ['space', { name: 'space', sequence: ' ' }],
    ['an arrow', { name: 'right' }],
    ['plus', { sequence: '+' }],
    ['backspace', { name: 'backspace' }],
  ]
  test.each(plain)('%s does nothing while Ctrl or Alt is pressed', (_, key) => {
    const picking = press(startPicking({ house: houseOf(three) }), 'C2')
    const viewport = { view: 'house' as const, grid: seatGridFor(picking.house, 80), page: 2 }
    const pressed = (modifier: object) =>
      pressKey(picking, { ...key, ...modifier }, viewport, 10_000)
    expect(pressed({})).not.toEqual(picking)
    expect(pressed({ ctrl: true })).toBe(picking)
    expect(pressed({ meta: true })).toBe(picking)
  })

  it('go to a number in a house without rows, and to a new one after a pause', () => {
    const picking = startPicking({ house: houseOf('.'.repeat(40), { rows: false }) })
    expect(press(picking, '23').cursor).toBe(23)
    expect(press(picking, '23 | 7').cursor).toBe(7)
    const grown = press(picking, '4 space | 23 space right space +')
    expect([...grown.picked]).toEqual([23, 24, 25, 26])
  })

  const answered: [keys: string, ...facts: string[]][] = [
    ['A6 space', 'A6', 'booked'],
    ['B6 space', 'B6', 'held'],
    ['D', 'D1', 'A', 'C'],
    ['C12', 'C12', 'C', 'C1', 'C11'],
    ['C123', 'C123', 'C', 'C1', 'C11'],
    ['32', '31'],
  ]
  test.each(answered)('%j shows a notice with %j, and picks nothing', (keys, ...facts) => {
    const after = press(startPicking({ house: houseOf(three) }), keys)
    expect(after.notice).toEqual(withFacts(...facts))
    if (keys !== '32') expect(after.picked.size).toBe(0)
    expect(press(after, 'left').notice).toBeUndefined()
  })

  test('show the notices in test/wording/picker.txt', () => {
    const noticeOf = (before: string, keys: string, after: string) =>
      (
        finishPicking(
          seeHouse(press(startPicking({ house: houseOf(before) }), keys), houseOf(after)),
        ) as Picking
      ).notice!
    return expectWording('picker', [
      ...answered.map(
        ([keys]) =>
          [
            `${keys} in ${three}`,
            press(startPicking({ house: houseOf(three) }), keys).notice!,
          ] as const,
      ),
      ['3 of ....., then .h...', noticeOf('.....', '3', '.h...')],
      ['4 of ....., then .hx..', noticeOf('.....', '4', '.hx..')],
      ['3 of ....., then .xx..', noticeOf('.....', '3', '.xx..')],
      ['2 of ....., then xx...', noticeOf('.....', '2', 'xx...')],
      ['nothing of x.', noticeOf('x.', '', 'x.')],
    ])
  })
})

describe('picking', () => {
  it('starts at the first free seat', () => {
    expect(startPicking({ house: houseOf('xxh.. .....') }).cursor).toBe(4)
    expect(startPicking({ house: houseOf('xxxxx') }).cursor).toBe(1)
  })

  it('unpicks seats that others took, and lists them until the user has seen it', () => {
    const picking = press(startPicking({ house: houseOf('..... .....') }), '3')
    const after = seeHouse(picking, houseOf('.h... .....'))
    expect([...after.picked]).toEqual([1, 3])
    expect(after.lost).toEqual([2])
    expect(press(after, 'down').lost).toEqual([2])
    expect(press(after, 'C down space').lost).toEqual([])

    const warned = finishPicking(after)
    expect(warned).toMatchObject({ notice: withFacts('A2', '2'), lost: [] })
    expect(finishPicking(warned as Picking)).toEqual([1, 3])
  })

  it.each([
    ['one after the other', ['.h... .....', '.hx.. .....']],
    ['at once', ['.hx.. .....']],
  ])('names both of two seats that others took %s', (_, houses) => {
    const picking = press(startPicking({ house: houseOf('..... .....') }), '4')
    const after = houses.reduce((at, house) => seeHouse(at, houseOf(house)), picking)
    expect([...after.picked]).toEqual([1, 4])
    const warned = finishPicking(after)
    expect(warned).toMatchObject({ notice: withFacts('A2-A3', '2'), lost: [] })
    expect(finishPicking(warned as Picking)).toEqual([1, 4])
  })

  it('says that one of three seats is left, and that none of two is left', () => {
    const picking = startPicking({ house: houseOf('..... .....') })
    const one = seeHouse(press(picking, '3'), houseOf('.xx.. .....'))
    expect(finishPicking(one)).toMatchObject({
      notice: withFacts('A2-A3'),
    })
    expect(finishPicking(finishPicking(one) as Picking)).toEqual([1])
    const none = seeHouse(press(picking, '2'), houseOf('xx... .....'))
    expect(finishPicking(none)).toMatchObject({ notice: withFacts('A1') })
  })

  it('starts again with those of the wanted seats that are left', () => {
    const after = startPicking({ house: houseOf('.x... .....'), picked: [1, 2, 3] })
    expect([...after.picked]).toEqual([1, 3])
    expect(after.lost).toEqual([2])
  })

  it('follows a house that grows, and one that shrinks below the cursor', () => {
    const picking = press(startPicking({ house: houseOf('..... .....') }), 'B5 space')
    expect([...seeHouse(picking, houseOf('..... ..... .....')).picked]).toEqual([10])
    const smaller = seeHouse(picking, houseOf('..... ..'))
    expect(smaller).toMatchObject({ cursor: 7, lost: [10] })
    expect(smaller.picked.size).toBe(0)
  })

  it('cannot be finished without a seat', () => {
    const picking = startPicking({ house: houseOf('x.') })
    expect(finishPicking(picking)).toMatchObject({ notice: withFacts('A2') })
  })
})
