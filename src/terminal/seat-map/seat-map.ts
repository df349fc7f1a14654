import type { DrawnSeat, SeatPlan } from '../../house/plan/seat-plan.js'
import { formatNumber } from '../../shared/numbers.js'
import { wrapTexts } from '../render/fit-text.js'
import {
  kindNames,
  kindSign,
  type SeatCounts,
  type SeatState,
  seatSign,
  seatTones,
} from '../render/seat-signs.js'
import { type RenderStyle, type Tone, tint } from '../render/style.js'
import { countStates, type House, stateIn } from './house.js'
import { drawOutside, drawRuler, drawSeatLines, drawStage } from './seat-drawing.js'
import { margin, type SeatGrid, seatGridFor } from './seat-grid.js'

/**
 * The house as seen from the back, or one of its sections: the stage on top, or where the plan of
 * the house has it, a line of seats for every row, and a legend with the counts. Without rows, or
 * with rows that do not fit, every line begins with the label of its first seat and has a gap after
 * every ten. The last line ends with a newline.
 *
 * At most `mostLines` lines of seats are drawn; the seats of the others are only counted.
 */
export function renderSeatMap(
  house: House,
  style: RenderStyle,
  { section, mostLines }: { section?: number | undefined; mostLines?: number | undefined } = {},
): string {
  const grid = seatGridFor(house, style.columns, section)
  const drawn =
    section === undefined ? { first: 1, last: house.totalSeats } : house.plan!.sections[section]!
  const counts = countStates(house, drawn)
  const seats = drawAllLines(grid, (seat) => stateIn(house, seat), style, mostLines)
  return [...seats, '', ...drawLegend(counts, style, house.plan), ''].join('\n')
}

/**
 * A plan as `plan print` draws it: its sections and rows, the stage where the plan has it, and a
 * legend with the number of seats of each kind. The last line ends with a newline.
 */
export function drawPlan(plan: SeatPlan, style: RenderStyle): string {
  const layout = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
  const lines = drawAllLines(seatGridFor(layout, style.columns), () => 'free', style)
  const entries = [...kindsOf(plan)].map(([kind, count]) =>
    drawEntry(kindSign(kind, style), `${formatNumber(count)} ${kindNames[kind]}`, style),
  )
  return [...lines, '', ...wrapLegend(entries, style), ''].join('\n')
}

function drawAllLines(
  grid: SeatGrid,
  stateOf: (seat: number) => SeatState,
  style: RenderStyle,
  mostLines = Infinity,
): string[] {
  const above = drawStage(grid, style, 'top')
  const below = drawStage(grid, style, 'bottom')
  const count = Math.min(mostLines, grid.lineCount)
  const lines = drawSeatLines(grid, { first: 0, count }, stateOf, style)
  if (count < grid.lineCount) lines.push(drawOutside('below', grid.lineCount - count, style))
  return [
    ...above,
    ...(above.length > 0 ? [''] : []),
    ...drawRuler(grid, style),
    ...lines,
    ...(below.length > 0 ? [''] : []),
    ...below,
  ]
}

/** The number of seats of each kind that the plan has. */
function kindsOf(plan: SeatPlan): Map<DrawnSeat['kind'], number> {
  const counts = new Map<DrawnSeat['kind'], number>()
  for (const { seats } of plan.rows) {
    for (const { kind } of seats) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const kinds = Object.keys(kindNames) as DrawnSeat['kind'][]
  return new Map(kinds.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)!]] : [])))
}

/** The signs with their meanings, wrapped: states with their counts, and the kinds there are. */
export function drawLegend(
  counts: SeatCounts,
  style: RenderStyle,
  plan?: SeatPlan | null,
): string[] {
  const states = (['free', 'held', 'booked'] as const).map((state) => {
    const text = `${formatNumber(counts[state])} ${state}`
    return drawEntry(seatSign(state, style), text, style, seatTones[state])
  })
  const kinds = plan ? [...kindsOf(plan).keys()].filter((kind) => kind !== 'standard') : []
  const special = kinds.map((kind) => drawEntry(kindSign(kind, style), kindNames[kind], style))
  return wrapLegend([...states, ...special], style)
}

function drawEntry(sign: string, text: string, style: RenderStyle, tone: Tone = 'good'): string {
  return `${tint(style, tone, sign)} ${text}`
}

function wrapLegend(entries: string[], style: RenderStyle): string[] {
  return wrapTexts(entries, '   ', style.columns - margin).map((line) => ' '.repeat(margin) + line)
}
