import { formatNumber } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import type { FullScreen } from '../../../terminal/full-screen.js'
import { salesBar, sparkline } from '../../../terminal/render/charts.js'
import { drawTitle } from '../../../terminal/render/fields.js'
import { fitText } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, tint } from '../../../terminal/render/style.js'
import { type House, stateIn } from '../../../terminal/seat-map/house.js'
import { drawOverview } from '../../../terminal/seat-map/house-overview.js'
import {
  drawOutside,
  drawRuler,
  drawSeatLines,
  drawStage,
} from '../../../terminal/seat-map/seat-drawing.js'
import { margin, type SeatGrid, seatGridFor } from '../../../terminal/seat-map/seat-grid.js'
import { drawLegend } from '../../../terminal/seat-map/seat-map.js'
import type { ShowHead } from './card.js'
import { whenOf } from './text.js'

/** What is drawn besides the show, and where. */
export interface WatchView {
  /** Seats sold in each of the last minutes, the latest last. */
  sales: readonly number[]
  screen: Pick<FullScreen, 'rows' | 'columns'>
  /** The line of the house at which a page of it begins; undefined: the house is summed up. */
  top?: number | undefined
}

/** A screen of a watched show, and which part of the house it shows. */
export interface WatchScreen {
  lines: string[]
  /** The lines of seats that a page shows. */
  page: number
  /** The line of the house at which the last page begins; 0 when all of the house is shown. */
  last: number
}

/**
 * Draws a show on one screen: its sales, their pace, and the house. A house that does not fit is
 * summed up, or with `top` shown from that line on.
 */
export function drawWatchedShow(
  show: ShowHead & House,
  { sales, screen: { rows, columns }, top }: WatchView,
  color: Pick<RenderStyle, 'color' | 'unicode'>,
): WatchScreen {
  const style = { ...color, columns }
  const booked = show.booked.size
  const held = show.held.size
  const counts = { booked, held, free: show.totalSeats - booked - held }
  const above = [
    ...drawTitle(style, safeText(`${show.name}, ${whenOf(show)}`)),
    ...(show.cancelledAt ? [tint(style, 'bad', 'Cancelled')] : []),
    '',
    ' '.repeat(margin) + salesBar(counts, Math.min(48, columns - 2 * margin), style),
    ...drawLegend(counts, style, show.plan),
    drawSales(sales, style),
    '',
  ]
  const { lines, ...window } = drawHouse(show, rows - above.length, style, top)
  return { lines: [...above, ...lines].slice(0, rows), ...window }
}

/** The line to which a key scrolls; undefined: to the summary, which is before the first page. */
export function scrollHouse(
  top: number | undefined,
  key: string,
  { page, last }: WatchScreen,
): number | undefined {
  const by = { up: -1, down: 1, pageup: -page, pagedown: page, space: page }[key]
  if (last === 0 || key === 'home') return undefined
  if (key === 'end') return last
  if (by === undefined) return top
  if (top === undefined) return by > 0 ? 0 : undefined
  return top === 0 && by < 0 ? undefined : Math.min(Math.max(top + by, 0), last)
}

function drawSales(sales: readonly number[], style: RenderStyle): string {
  const sold = sales.reduce((sum, seats) => sum + seats, 0)
  const text = tint(style, 'quiet', `${formatNumber(sold)} sold in ${sales.length} min`)
  return `${' '.repeat(margin)}${tint(style, 'accent', sparkline(sales, style))}  ${text}`
}

function drawHouse(house: House, rows: number, style: RenderStyle, top?: number): WatchScreen {
  const grid = seatGridFor(house, style.columns)
  const above = [...drawStage(grid, style, 'top'), ...drawRuler(grid, style)]
  const below = drawStage(grid, style, 'bottom')
  const count = grid.lineCount
  const room = Math.max(1, rows - above.length - below.length)
  const draw = (first: number, count: number) =>
    drawSeatLines(grid, { first, count }, (seat) => stateIn(house, seat), style)
  if (count <= room) {
    return { lines: [...above, ...draw(0, count), ...below], page: count, last: 0 }
  }
  // Two lines count what lies above and below.
  const page = Math.max(1, room - 2)
  const last = count - page
  if (top === undefined) {
    const arrow = style.unicode ? '↓' : 'v'
    const hint = ' '.repeat(margin) + tint(style, 'quiet', `${arrow} PgDn: seat by seat`)
    return { lines: [...drawOverview(house, Math.max(1, rows - 2), style), '', hint], page, last }
  }
  const first = Math.min(top, last)
  const lines = [
    ...above,
    drawAbove(first, house, grid, style),
    ...draw(first, page),
    drawOutside('below', last - first, style),
    ...below,
  ]
  return { lines, page, last }
}

/** How many lines lie above, and the section whose heading is one of them. */
function drawAbove(lines: number, { plan }: House, grid: SeatGrid, style: RenderStyle): string {
  const above = drawOutside('above', lines, style)
  const { heading, first } = grid.lineAt(lines)
  const isCut = lines > 0 && heading === undefined && first > 0
  if (!isCut || !plan?.hasSections) return above
  return fitText(
    `${above}  ${tint(style, 'strong', plan.sectionName(first))}`,
    style.columns,
    style,
  )
}
