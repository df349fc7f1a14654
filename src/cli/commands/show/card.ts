import type { Show } from '../../../client/api.js'
import { rowLabel, type SeatLayout } from '../../../house/seats.js'
import { formatCount, formatNumber } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import { salesBar } from '../../../terminal/render/charts.js'
import { drawFields, drawTitle, type Field } from '../../../terminal/render/fields.js'
import { seatTones } from '../../../terminal/render/seat-signs.js'
import { type RenderStyle, tint } from '../../../terminal/render/style.js'
import { whenOf } from './text.js'

/** What the head of a show shows. */
export type ShowHead = Pick<Show, 'name' | 'startTime' | 'timeZone' | 'cancelledAt'>

/** What the card of a show shows. */
export type ShowCard = ShowHead & SeatLayout & Pick<Show, 'id' | 'confirmedSeats' | 'heldSeats'>

/** A show's name, time and sales. The last line ends with a newline. */
export function renderShowCard(show: ShowCard, style: RenderStyle): string {
  return [
    ...drawShowHead(show, style),
    '',
    ...sales(show, style),
    '',
    ...drawFields(style, [...house(show), ['Id', show.id]]),
    '',
  ].join('\n')
}

/** A show's name and time, and whether it is cancelled. */
export function drawShowHead(show: ShowHead, style: RenderStyle): string[] {
  return [
    ...drawTitle(style, safeText(show.name)),
    whenOf(show),
    ...(show.cancelledAt ? [tint(style, 'bad', 'Cancelled')] : []),
  ]
}

function sales(show: ShowCard, style: RenderStyle): string[] {
  const { totalSeats, confirmedSeats: booked, heldSeats: held } = show
  const free = Math.max(0, totalSeats - booked - held)
  const width = Math.min(48, style.columns - 4)
  const counts = [
    tint(style, booked > 0 ? 'strong' : 'quiet', `${formatNumber(booked)} sold`),
    ...(held > 0 ? [tint(style, seatTones.held, `${formatNumber(held)} held`)] : []),
    tint(
      style,
      free > 0 ? seatTones.free : 'bad',
      free > 0 ? `${formatNumber(free)} free` : 'sold out',
    ),
    tint(style, 'quiet', `of ${formatNumber(totalSeats)}`),
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
