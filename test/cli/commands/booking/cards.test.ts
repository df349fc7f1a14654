import { describe, expect, test } from 'vitest'
import { lineForPeople } from '../../../../src/cli/commands/book/file-lines.js'
import { type BookingCard, renderBookingCard } from '../../../../src/cli/commands/booking/card.js'
import { renderTimeline } from '../../../../src/cli/commands/history/timeline.js'
import { renderShowCard, type ShowCard } from '../../../../src/cli/commands/show/card.js'
import type { BookingOutcome } from '../../../../src/index.js'
import { renderProblem } from '../../../../src/terminal/render/problem-card.js'
import { globeWith } from '../../../support/globe.js'
import { expectWording, withFacts } from '../../../support/wording.js'

const plain = { columns: 80, color: false, unicode: true }
const ascii = { ...plain, unicode: false }
const show: ShowCard = {
  id: '3f2a8c1e',
  name: 'The Lion King',
  startTime: new Date('2025-12-25T19:00:00Z'),
  timeZone: 'Europe/London',
  totalSeats: 100,
  seatsPerRow: 10,
  confirmedSeats: 35,
  heldSeats: 4,
  cancelledAt: null,
}
const soldOut = { ...show, confirmedSeats: 100, heldSeats: 0, cancelledAt: new Date() }
const plan = globeWith('top')
const inGlobe = { ...show, totalSeats: plan.totalSeats, seatsPerRow: null, plan }
const booking: BookingCard['booking'] = {
  reference: 'K7Q2-9FMX',
  status: 'CONFIRMED',
  seats: [1, 2, 3, 4],
  seatLabels: ['A1', 'A2', 'A3', 'A4'],
  customer: 'Ada',
  note: null,
  heldUntil: null,
  failure: null,
}

type Facts = Partial<BookingCard['booking'] & Pick<BookingCard, 'isReplayed' | 'done'>>

/** The card of a booking that differs from the usual one in these facts. */
function cardOf({ isReplayed = false, done, ...facts }: Facts = {}): BookingCard {
  return { booking: { ...booking, ...facts }, show, isReplayed, done }
}

test('a history shows the operator next to the change, or below it in a narrow terminal', () => {
  const moved = {
    at: new Date('2030-01-01T19:00:00Z'),
    bookingId: '3f2a8c1e',
    action: 'moved',
    operator: 'ada',
    command: 'move',
    before: { seats: [1], seat_labels: ['A1'] },
    after: { seats: [11], seat_labels: ['B1'] },
  }
  expect(renderTimeline([moved], show, plain)).toBe(
    '  2030-01-01 19:00 GMT  moved  ada, move\n      A1 → B1\n',
  )
  expect(renderTimeline([moved], show, { ...plain, columns: 36 })).toBe(
    '  2030-01-01 19:00 GMT  moved\n      A1 → B1\n      ada, move\n',
  )
})

test('a line of a file whose booking is no longer live does not promise its seats', () => {
  const made = { ...booking, id: '', showId: '', createdAt: new Date(), updatedAt: new Date() }
  const held = { ...made, status: 'HELD' as const }
  const lineOf = (outcome: BookingOutcome) => lineForPeople({ line: 2, outcome })
  expect(lineOf({ booking: held, replayed: true })).toMatch(/^Line 2: Holding /)
  expect(lineOf({ booking: held, replayed: true, hasExpired: true })).toMatch(
    /expired since\)\.\n$/,
  )
  const cancelled = { ...made, status: 'CANCELLED' as const }
  expect(lineOf({ booking: cancelled, replayed: true })).toMatch(/cancelled since\)\.\n$/)
})

describe('a show', () => {
  test('has its name, its time, its sales and its id', () => {
    const card = renderShowCard(show, plain)
    expect(card.split('\n')).toEqual([
      'The Lion King',
      '2025-12-25 19:00 GMT',
      '',
      '  █████████████████▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
      withFacts('35', '4', '61', '100'),
      '',
      withFacts('A', 'J', '10'),
      withFacts('3f2a8c1e'),
      '',
    ])
  })

  test('in a house with a plan has its sections with their seats', () => {
    expect(renderShowCard(inGlobe, plain).split('\n').slice(6)).toEqual([
      '  Plan      Globe',
      '  Sections  Stalls 59, Circle 24',
      '  Id        3f2a8c1e',
      '',
    ])
  })

  test('without a free seat is sold out, and a cancelled one is cancelled', () => {
    const card = renderShowCard(soldOut, ascii)
    expect(card).toMatch(/ 100 .* 100\n/)
    expect(card).not.toMatch(/\b0\b/)
    // One line more than a show that is not cancelled has.
    const other = renderShowCard({ ...soldOut, cancelledAt: null }, ascii)
    expect(card.split('\n')).toHaveLength(other.split('\n').length + 1)
    expect(card).toMatch(/^[ -~\n]*$/)
  })
})

/** The facts of its first line, and of another one. */
const cards: [Facts, first: string[], other?: string][] = [
  [
    { status: 'HELD', heldUntil: new Date('2025-12-25T18:15:00Z') },
    ['◐', '4', 'A1-A4', 'Ada'],
    '18:15',
  ],
  [{ status: 'HELD' }, ['◐', '4', 'A1-A4', 'Ada']],
  [{ seats: [5], seatLabels: ['A5'] }, ['✓', '1', 'A5', 'Ada']],
  [{ customer: null }, ['✓', '4', 'A1-A4']],
  [
    { status: 'FAILED', failure: { code: 'SEATS_TAKEN', message: 'Seat A5 is taken.' } },
    ['✗'],
    'Seat A5 is taken.',
  ],
  [{ status: 'FAILED', seats: [] }, ['✗', 'Ada']],
  [{ status: 'CANCELLED' }, ['✗', '4', 'A1-A4']],
  [{ done: 'Moved A1 → B1 (1 seat) for A\u001b[2J' }, ['✓ Moved A1 → B1 (1 seat) for A\\u{1b}[2J']],
  [{ done: 'Cancelled 1 seat: A1', status: 'CANCELLED' }, ['✓ Cancelled 1 seat: A1']],
  [{ isReplayed: true }, ['✓', '4', 'A1-A4', 'Ada']],
  [{ customer: 'A\u001b[2J\n✓' }, ['✓', '4', 'A1-A4', 'A\\u{1b}[2J\\n✓']],
]

describe('a booking', () => {
  test('that is confirmed has its seats, customer, show and reference', () => {
    expect(renderBookingCard(cardOf(), plain).split('\n')).toEqual([
      withFacts('✓', '4', 'A1-A4', 'Ada'),
      '  The Lion King, 2025-12-25 19:00 GMT',
      '',
      withFacts('K7Q2-9FMX'),
      '',
    ])
  })

  test.each(cards)('with %j has its facts in one line', (facts, first, other) => {
    const [headline, ...lines] = renderBookingCard(cardOf(facts), plain).split('\n')
    expect(headline).toEqual(withFacts(...first))
    expect(headline![0]).toBe(first[0]![0])
    if (other !== undefined) expect(lines).toContainEqual(withFacts(other))
  })

  test('has one more line if its key had already made it', () => {
    const lines = (facts: Facts) => renderBookingCard(cardOf(facts), plain).split('\n').length
    expect(lines({ isReplayed: true })).toBe(lines({}) + 1)
    expect(lines({ status: 'HELD' })).toBe(lines({}) + 1)
  })

  test('of many seats keeps its first line short and lists them below, in 40 columns', () => {
    const seats = Array.from({ length: 30 }, (_, index) => index * 3 + 1)
    const card = cardOf({ seats, seatLabels: seats.map((seat) => `A${seat}`) })
    const lines = renderBookingCard(card, { ...plain, columns: 40 }).split('\n')
    expect(lines[0]).toEqual(withFacts('✓', '30', 'Ada'))
    expect(lines[0]).not.toMatch(/A1|H8/)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  })
})

test('a problem is its message and its hints, and no name can imitate a line of it', () => {
  const message = 'No show is named "x\u001b[2J".\n✓ Booked'
  expect(renderProblem({ message, alternativeSpec: 'A5' }, plain).split('\n')).toEqual([
    '✗ No show is named "x\\u{1b}[2J".',
    '  ✓ Booked',
    withFacts('A5'),
  ])
})

test('the cards have the texts in test/wording/cards.txt', () => {
  const many = Array.from({ length: 30 }, (_, index) => index * 3 + 1)
  return expectWording('cards', [
    ['show', renderShowCard(show, plain)],
    ['show with a plan', renderShowCard(inGlobe, plain)],
    ['cancelled show without a free seat', renderShowCard(soldOut, ascii)],
    ['booking', renderBookingCard(cardOf(), plain)],
    ...cards.map(
      ([facts]) =>
        [`booking ${JSON.stringify(facts)}`, renderBookingCard(cardOf(facts), plain)] as const,
    ),
    [
      'booking of many seats',
      renderBookingCard(cardOf({ seats: many, seatLabels: many.map((seat) => `A${seat}`) }), {
        ...plain,
        columns: 40,
      }),
    ],
    ['problem', renderProblem({ message: 'Seat A4 is taken.', alternativeSpec: 'A5' }, plain)],
  ])
})
