import type { SeatLayout } from '../../house/seats.js'
import {
  drawOutside,
  drawRuler,
  drawSeatLine,
  drawStage,
  type SeatCounts,
  type SeatState,
  seatSign,
  seatTones,
} from '../seat-picker/seat-drawing.js'
import { margin, seatGridFor, seatLines } from '../seat-picker/seat-grid.js'
import { wrapTexts } from './fields.js'
import { type RenderStyle, tint } from './style.js'

export interface SeatMap {
  layout: SeatLayout
  stateOf(seat: number): SeatState
}

/**
 * The house as seen from the back: the stage on top, a line of seats for every row, and a legend
 * with the counts. Without rows, or with rows that do not fit, every line begins with the label of
 * its first seat and has a gap after every ten. The last line ends with a newline.
 *
 * At most `mostLines` lines of seats are drawn; the seats of the others are only counted.
 */
export function renderSeatMap(map: SeatMap, style: RenderStyle, mostLines = Infinity): string {
  const grid = seatGridFor(map.layout, style.columns)
  const counts: SeatCounts = { free: 0, held: 0, booked: 0, yours: 0 }
  const stateOf = (seat: number) => {
    const state = map.stateOf(seat)
    counts[state] += 1
    return state
  }
  const ruler = drawRuler(grid, style)
  const lines = [drawStage(grid, style), '', ...(ruler === undefined ? [] : [ruler])]
  const all = [...seatLines(map.layout, grid)]
  const shown = all.slice(0, mostLines)
  for (const line of shown) lines.push(drawSeatLine(line, grid, stateOf, style))
  if (shown.length < all.length) {
    lines.push(drawOutside('below', all.length - shown.length, style))
    for (let seat = shown.at(-1)!.last + 1; seat <= map.layout.totalSeats; seat++) stateOf(seat)
  }
  return [...lines, '', ...drawLegend(counts, style), ''].join('\n')
}

/** The signs with their meanings and counts, wrapped. */
export function drawLegend(counts: SeatCounts, style: RenderStyle): string[] {
  const shown = (['yours', 'free', 'held', 'booked'] as const).filter(
    (state) => state !== 'yours' || counts.yours > 0,
  )
  const entries = shown.map((state) => {
    const sign = seatSign(state, style)
    const text = `${sign} ${counts[state].toLocaleString('en-GB')} ${state}`
    return tint(style, seatTones[state], sign) + text.slice(sign.length)
  })
  return wrapTexts(entries, '   ', style.columns - margin).map((line) => ' '.repeat(margin) + line)
}
