import { rowLabel, type SeatLayout } from '../../house/seats.js'
import { formatCount, formatNumber } from '../../shared/numbers.js'
import { safeText } from '../../shared/safe-text.js'
import { salesBar } from './charts.js'
import { drawFields, drawTitle, type Field } from './fields.js'
import { seatTones } from './seat-signs.js'
import { type RenderStyle, tint } from './style.js'

/** What the card of a show shows. */
export interface ShowFacts {
  id: string
  name: string
  /** When it starts, formatted for people, in its own time zone. */
  when: string
  layout: SeatLayout
  /** The numbers of sold and of held seats. */
  booked: number
  held: number
  isCancelled?: boolean
}

/** A show's name, time and sales. The last line ends with a newline. */
export function renderShowCard(show: ShowFacts, style: RenderStyle): string {
  return [
    ...drawTitle(style, safeText(show.name)),
    safeText(show.when),
    ...(show.isCancelled ? [tint(style, 'bad', 'Cancelled')] : []),
    '',
    ...sales(show, style),
    '',
    ...drawFields(style, [...house(show.layout), ['Id', show.id]]),
    '',
  ].join('\n')
}

function sales({ layout, booked, held }: ShowFacts, style: RenderStyle): string[] {
  const free = Math.max(0, layout.totalSeats - booked - held)
  const width = Math.min(48, style.columns - 4)
  const counts = [
    tint(style, booked > 0 ? 'strong' : 'quiet', `${formatNumber(booked)} sold`),
    ...(held > 0 ? [tint(style, seatTones.held, `${formatNumber(held)} held`)] : []),
    tint(
      style,
      free > 0 ? seatTones.free : 'bad',
      free > 0 ? `${formatNumber(free)} free` : 'sold out',
    ),
    tint(style, 'quiet', `of ${formatNumber(layout.totalSeats)}`),
  ]
  return [`  ${salesBar({ booked, held, free }, width, style)}`, `  ${counts.join('  ')}`]
}

/** What the house consists of: its rows, or its plan and sections with their seats. */
function house({ totalSeats, seatsPerRow, plan }: SeatLayout): Field[] {
  if (!plan) return [['Rows', seatsPerRow === null ? null : rows(totalSeats, seatsPerRow)]]
  const sections = plan.sections.map(({ name, first, last }) =>
    `${name} ${formatNumber(last - first + 1)}`.trim(),
  )
  return [
    ['Plan', safeText(plan.name)],
    ['Sections', plan.sections[0]!.name === '' ? null : sections.join(', ')],
  ]
}

function rows(totalSeats: number, seatsPerRow: number): string {
  const last = rowLabel(Math.ceil(totalSeats / seatsPerRow))
  const names = last === 'A' ? 'A' : `A to ${last}`
  return `${names}, ${formatCount(seatsPerRow, 'seat')} each`
}
