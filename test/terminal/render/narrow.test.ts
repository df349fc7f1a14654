import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { renderBookingCard } from '../../../src/cli/commands/booking/card.js'
import { renderDoorAnswer } from '../../../src/cli/commands/booking/door-answer.js'
import { renderTicket } from '../../../src/cli/commands/booking/ticket.js'
import {
  besideEachOther,
  renderChapter,
  renderCommand,
  renderParagraph,
  renderResult,
} from '../../../src/cli/commands/demo/render.js'
import { renderTimeline } from '../../../src/cli/commands/history/timeline.js'
import { renderShowCard } from '../../../src/cli/commands/show/card.js'
import { renderShowReport } from '../../../src/cli/commands/show/report.js'
import { drawWatchedShow } from '../../../src/cli/commands/show/watch-screen.js'
import { renderStressReport } from '../../../src/cli/commands/stress/report.js'
import { SeatSet } from '../../../src/house/seat-set.js'
import { renderProblem } from '../../../src/terminal/render/problem-card.js'
import type { RenderStyle } from '../../../src/terminal/render/style.js'
import type { Column } from '../../../src/terminal/render/table.js'
import { drawTable } from '../../../src/terminal/render/table.js'
import { renderVerdict } from '../../../src/terminal/render/verdict.js'
import { drawOverview } from '../../../src/terminal/seat-map/house-overview.js'
import { renderSeatMap } from '../../../src/terminal/seat-map/seat-map.js'
import { drawPicker } from '../../../src/terminal/seat-picker/picker-screen.js'
import { startPicking } from '../../../src/terminal/seat-picker/picker-state.js'
import { houseOf, soldHouse } from '../../support/houses.js'

const seats = [1, 2, 3, 14, 15, 27]
const house = (layout: { totalSeats: number; seatsPerRow: number | null }) => ({
  ...layout,
  booked: SeatSet.of(seats, layout.totalSeats),
  held: SeatSet.of([5], layout.totalSeats),
})
const rows = { totalSeats: 120, seatsPerRow: 12 }
const show = {
  id: '3f2a8c1e',
  name: 'Les Misérables',
  startTime: new Date('2031-03-01T19:30:00Z'),
  timeZone: 'Europe/London',
  cancelledAt: new Date('2031-02-01T12:00:00Z'),
  confirmedSeats: 6,
  heldSeats: 1,
  ...rows,
}
const booking = {
  reference: 'K7Q2-9FMX',
  seats,
  seatLabels: seats.map((seat) => `A${seat}`),
  customer: 'Ada Lovelace',
  note: 'near the aisle',
  heldUntil: new Date('2031-03-01T19:15:00Z'),
  failure: { code: 'SEATS_TAKEN' as const, message: 'Seat A1 is taken.' },
}
const counts = { total: 120, sold: 6, held: 1, house: 2, free: 111 }
const percentiles = { p50: 1, p95: 2.5, p99: 30, max: 12_345 }
const summary = {
  bookings: 300,
  confirmed: 100,
  refused: 199,
  busy: 1,
  failed: 0,
  seats: 250,
  seconds: 2,
  perSecond: 150,
  bookingMs: percentiles,
  totalMs: percentiles,
  retries: { connect: 1, conflict: 2, lost: 0 },
  reasons: [{ end: 'refused' as const, reason: 'SEATS_TAKEN', count: 199 }],
}
const columns: Column<[string, string]>[] = [
  { title: 'REFERENCE', cell: ([reference]) => reference },
  { title: 'CUSTOMER', cell: ([, customer]) => customer, weight: 1 },
  { title: 'NOTE', cell: () => 'aisle', optional: true },
]

async function table(style: RenderStyle): Promise<string> {
  async function* bookings() {
    yield ['K7Q2-9FMX', 'Ada Lovelace'] as [string, string]
  }
  let text = ''
  for await (const page of drawTable(style, columns, bookings())) text += page
  return text
}

/** Everything that is drawn, with the facts that must be visible at any width. */
const drawings: Record<
  string,
  [draw: (style: RenderStyle) => string | Promise<string>, says: string[]]
> = {
  ...Object.fromEntries(
    (['PENDING', 'HELD', 'CONFIRMED', 'FAILED', 'CANCELLED'] as const).map((status) => [
      `a booking that is ${status}`,
      [
        (style: RenderStyle) => renderBookingCard({ booking: { ...booking, status }, show }, style),
        ['K7Q2-9FMX', 'Ada', 'Lovelace', 'Misérables', '19:30', 'A1-A3'],
      ],
    ]),
  ),
  'a show': [
    (style) => renderShowCard(show, style),
    ['3f2a8c1e', 'Misérables', '19:30', '6', '1', '113', '120'],
  ],
  'a problem': [
    (style) => renderProblem({ message: 'Seat A1 is taken.', alternativeSpec: 'A5' }, style),
    ['A1', 'taken', 'A5'],
  ],
  'a seat map': [(style) => renderSeatMap(houseOf(rows), style), ['120 free']],
  'a seat map without rows': [
    (style) => renderSeatMap(soldHouse({ totalSeats: 57, seatsPerRow: null }), style),
    ['57 booked'],
  ],
  'a ticket': [
    (style) => renderTicket({ booking, show, seats: [1] }, style),
    ['K7Q2-9FMX', 'A1', 'Ada'],
  ],
  'a history': [
    (style) =>
      renderTimeline(
        [
          {
            at: show.startTime,
            bookingId: '3f2a8c1e',
            action: 'moved',
            ...{ operator: 'ada', command: 'move' },
            before: { seats: [1], seat_labels: ['A1'] },
            after: { seats: [13], seat_labels: ['B1'] },
          },
        ],
        show,
        style,
      ),
    ['19:30', 'moved', 'A1', 'B1', 'ada,'],
  ],
  'a report': [
    (style) =>
      renderShowReport(
        {
          show,
          capacity: counts,
          rows: [{ row: 'A', ...counts }],
          hours: [{ hour: show.startTime, sold: 6, returned: 1 }],
          operators: [{ operator: 'ada', sold: 0, returned: 2 }],
        },
        style,
      ),
    ['6/120', '6, 1', 'ada', '111'],
  ],
  'a stress report': [
    (style) =>
      renderStressReport(
        {
          run: {
            attempts: [1, 2, 3, 40, 500].map((bookingMs) => ({ bookingMs })),
            summary,
            checked: { shows: 1, bookings: 300, unlisted: 0 },
            ...{ violations: [], problems: [] },
          },
          choice: { mode: 'processes', concurrency: 50, seed: 7 },
          house: 'a throwaway house',
        },
        style,
      ),
    ['100 confirmed', '199 refused', '--seed', '12,345'],
  ],
  'a verdict': [
    (style) =>
      renderVerdict(
        { shows: 1, bookings: 2, violations: [{ code: 'OVERSOLD', message: 'x' }], unlisted: 3 },
        style,
      ),
    ['OVERSOLD', '4 violations'],
  ],
  "the door's answer": [
    (style) =>
      renderDoorAnswer(
        { booking, show, isUndo: false, admitted: [1], already: [{ seat: 2, at: show.startTime }] },
        style,
      ),
    ['A1', 'A2', '19:30', 'K7Q2-9FMX'],
  ],
  'a demo': [
    (style) =>
      [
        renderChapter(1, 'A show', style),
        renderCommand(['tickets book', '--seats 1'], style),
        renderResult('done', 'Booked A1', { below: ['Reference'], style }),
        renderParagraph('Nothing is oversold.', style),
        besideEachOther('a\nb\n', 'c\n', style),
      ].join(''),
    ['tickets book', 'A1', 'oversold.'],
  ],
  'a table': [table, ['K7Q2-9FMX', 'Ada']],
  'the picker': [
    (style) =>
      drawPicker(startPicking({ house: house(rows), picked: [30] }), show.name, 0, {
        ...style,
        rows: 24,
      }).lines.join('\n'),
    ['C6'],
  ],
  'a watched show': [
    (style) =>
      drawWatchedShow(
        { ...show, ...house(rows) },
        { sales: [0, 3, 1], screen: { rows: 24, columns: style.columns } },
        style,
      ).lines.join('\n'),
    ['Misérables', '6 booked'],
  ],
  'a watched house that is summed up': [
    (style) => drawOverview(house({ totalSeats: 9000, seatsPerRow: 30 }), 5, style).join('\n'),
    ['A-BH'],
  ],
}

describe('a terminal of 1 to 20 columns', () => {
  it.each(Object.entries(drawings))('shows %s, with all its facts', async (_, drawing) => {
    const [draw, says] = drawing
    for (let columns = 1; columns <= 20; columns++) {
      for (const [color, unicode] of [
        [false, true],
        [true, true],
        [false, false],
      ] as const) {
        const text = stripVTControlCharacters(await draw({ columns, color, unicode }))
        for (const part of says)
          expect([columns, text]).toEqual([columns, expect.stringContaining(part)])
      }
    }
  })
})
