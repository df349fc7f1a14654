import { rowLabel, type SeatLayout } from '../../house/seats.js'
import { formatCount, formatNumber } from '../../shared/numbers.js'
import { safeText } from '../../shared/safe-text.js'
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

/** A bar of `width` columns: sold, held and free seats in proportion, each visible if not 0. */
export function salesBar(
  seats: { booked: number; held: number; free: number },
  width: number,
  style: RenderStyle,
): string {
  const [booked, held, free] = proportions([seats.booked, seats.held, seats.free], width)
  const [bookedSign, heldSign, freeSign] = style.unicode ? ['█', '▒', '░'] : ['#', '?', '.']
  return (
    tint(style, 'accent', bookedSign!.repeat(booked!)) +
    tint(style, seatTones.held, heldSign!.repeat(held!)) +
    tint(style, 'quiet', freeSign!.repeat(free!))
  )
}

/**
 * Divides `width` columns among the parts. Each part that is not 0 gets at least one column, even if
 * there are more parts than columns: a house with one free seat must not look sold out.
 */
export function proportions(parts: number[], width: number): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return parts.map(() => 0)
  const least = parts.filter((part) => part > 0).length
  const shares = parts.map((part) =>
    part === 0 ? 0 : Math.max(1, Math.round((part / total) * width)),
  )
  const wanted = Math.max(width, least)
  for (;;) {
    const excess = shares.reduce((sum, share) => sum + share, 0) - wanted
    if (excess === 0) return shares
    shares[shares.indexOf(Math.max(...shares))]! -= Math.sign(excess)
  }
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
