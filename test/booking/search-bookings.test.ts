import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BookingSearch, openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

let db: TestDatabase
let tickets: Tickets
/** Shows with rows of ten: a past one, the next one, and a later one; and one without rows. */
const shows: Record<string, string> = {}
/** The references of the bookings, by name. */
const refs: Record<string, string> = {}

const GLOBE = `section Stalls
AAAA  1-3
H  1-6
section Circle
H  1-4 x5-6
`
const DAY_MS = 86_400_000

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url })
  const create = async (name: string, days: number, seatsPerRow: number | null = 10) => {
    const startTime = new Date(Date.now() + days * DAY_MS)
    shows[name] = (await tickets.createShow({ name, startTime, totalSeats: 95, seatsPerRow })).id
  }
  await create('over', -30)
  await create('later', 40)
  await create('next', 1)
  await create('unrowed', 2, null)
  const book = async (what: string, show: string, seats: string, customer: string | null) => {
    refs[what] = (await tickets.book(shows[show]!, { seats, customer })).booking.reference
  }
  await book('over B3', 'over', 'B3', 'Ada Lovelace')
  await book('later B3', 'later', 'B3-B4', "Zoé O'Neill")
  await book('next B3', 'next', 'B2-B4', 'Adam')
  await book('next A1', 'next', 'A1', null)
  await book('unrowed 13', 'unrowed', '13', 'Grace')
  const createPlanned = async (name: string, days: number, plan: string) => {
    const startTime = new Date(Date.now() + days * DAY_MS)
    shows[name] = (await tickets.createShow({ name, startTime, plan })).id
  }
  await createPlanned('globe', 10, GLOBE)
  await createPlanned('globe later', 50, GLOBE)
  await createPlanned('cinema', 20, '12 5-1\n')
  await book('globe Stalls H1', 'globe', 'Stalls H1-H2', null)
  await book('globe Circle H1', 'globe', 'Circle H1', null)
  await book('globe AAAA2', 'globe', 'AAAA2', null)
  await book('globe later Circle H1', 'globe later', 'Circle H1', null)
  await book('cinema 12/5', 'cinema', '12/5', null)
  const held = await tickets.book(shows.next!, { seats: 'C3', customer: 'Ada', hold: 'forever' })
  refs['held C3'] = held.booking.reference
  await tickets.book(shows.next!, { seats: 'J5', customer: 'Ada gone' }).then(({ booking }) => {
    refs['cancelled J5'] = booking.reference
    return tickets.cancelBooking(booking.id)
  })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

describe('a booking is found', () => {
  test.each<[what: string, text: string, expected: string[], search?: BookingSearch]>([
    ['by a seat, the next show first', 'B3', ['next B3', 'later B3', 'over B3']],
    ['by a seat in small letters', 'b3', ['next B3', 'later B3', 'over B3']],
    ['by the number of a seat', '13', ['next B3', 'unrowed 13', 'later B3', 'over B3']],
    ['by a seat that is held', 'C3', ['held C3']],
    ['by the label of a plan', 'Stalls H1', ['globe Stalls H1']],
    [
      'by the label of a plan in small letters',
      'circle  h1',
      ['globe Circle H1', 'globe later Circle H1'],
    ],
    [
      'by a label without its section, in each section that has it',
      'h1',
      ['globe Circle H1', 'globe Stalls H1', 'globe later Circle H1'],
    ],
    ['by a row of four letters', 'aaaa2', ['globe AAAA2']],
    ['by a row of digits', '12/5', ['cinema 12/5']],
    [
      'by the number of a seat in a house with a plan',
      '10',
      ['globe Circle H1', 'globe later Circle H1'],
    ],
    ['not by a seat that is not for sale', 'Circle H5', []],
    ['not by a section that no plan has', 'Balcony H1', []],
    ['not by a number that is far too large', 'Stalls H99999999999', []],
    [
      'of one show, by the label of its plan',
      'H1',
      ['globe later Circle H1'],
      { show: 'globe later' },
    ],
    ['of one show, not by a label of another show', 'Stalls H1', [], { show: 'cinema' }],
    ['not by a seat that no show has', 'A11', []],
    ['not by a seat beyond the house', 'J6', []],
    ['not by a seat that is free', 'D1', []],
    [
      'by the beginning of a name, the newest first',
      'ada',
      ['cancelled J5', 'held C3', 'next B3', 'over B3'],
    ],
    ['by a name, in any spelling', 'ZOE\u0301  o’neill', ['later B3']],
    ['not by a blank text', ' ', []],
    ['not by an SQL injection', "'; drop table bookings --", []],
    ['not by a word that no booking has', 'nobody', []],
    ['in some states only', 'ada', ['held C3'], { statuses: ['HELD'] }],
    ['in some states only, by its seat', 'B3', [], { statuses: ['HELD'] }],
    ['of one show, by its seat', 'B3', ['later B3'], { show: 'later' }],
    ['of one show, by its name', 'ada', ['over B3'], { show: 'over' }],
  ])('%s: %s', async (_, text, expected, { show, ...search } = {}) => {
    const among = { ...search, ...(show !== undefined && { show: shows[show]! }) }
    const found = await tickets.searchBookings(text, among)
    const names = found.flatMap(({ reference }) => {
      const name = Object.keys(refs).find((key) => refs[key] === reference)!
      // References are random, and some begin like a seat label.
      const isChance = reference.startsWith(text.toUpperCase()) && !expected.includes(name)
      return isChance ? [] : [name]
    })
    expect(names).toEqual(expected)
  })

  test('by its reference alone, in any state and any show', async () => {
    const reference = refs['cancelled J5']!
    for (const text of [
      reference,
      reference.toLowerCase(),
      reference.replace('-', ''),
      ` ${reference} `,
    ]) {
      const found = await tickets.searchBookings(text, { statuses: ['HELD'], show: shows.over! })
      expect(found.map((booking) => booking.reference)).toEqual([reference])
    }
  })

  test('by the beginning of its reference', async () => {
    const reference = refs['next B3']!
    const found = await tickets.searchBookings(reference.slice(0, 6))
    expect(found.map((booking) => booking.reference)).toContain(reference)
    const elsewhere = await tickets.searchBookings(reference.slice(0, 6), { show: shows.later! })
    expect(elsewhere).toEqual([])
  })
})

test('no more than fifty are found', async () => {
  const { id } = await tickets.createShow({
    name: 'Full',
    startTime: new Date(Date.now() + DAY_MS),
    totalSeats: 80,
  })
  await Promise.all(
    Array.from({ length: 60 }, () => tickets.book(id, { count: 1, customer: 'Charles' })),
  )
  expect(await tickets.searchBookings('charles')).toHaveLength(50)
})

test('a search that is outdated ends early', async () => {
  const signal = AbortSignal.abort()
  expect(await tickets.searchBookings('charles', { signal })).toEqual([])
})
