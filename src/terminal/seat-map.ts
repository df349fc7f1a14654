import type { SeatLayout } from '../core/seats.js'
import { type Paper, tint } from './paper.js'
import {
  drawRuler,
  drawSeatLine,
  drawStage,
  type SeatCounts,
  type SeatState,
  seatSign,
  seatTones,
} from './seat-drawing.js'
import { margin, seatingFor, seatLines } from './seating.js'

export interface SeatMap {
  layout: SeatLayout
  stateOf(seat: number): SeatState
}

/**
 * The house as seen from the back: the stage on top, a line of seats for every row, and a legend
 * with the counts. Without rows, or with rows wider than the paper, every line begins with the
 * label of its first seat and has a gap after every ten. The last line ends with a newline.
 */
export function renderSeatMap(map: SeatMap, paper: Paper): string {
  const seating = seatingFor(map.layout, paper.columns)
  const counts: SeatCounts = { free: 0, held: 0, booked: 0, yours: 0 }
  const stateOf = (seat: number) => {
    const state = map.stateOf(seat)
    counts[state] += 1
    return state
  }
  const ruler = drawRuler(seating, paper)
  const lines = [drawStage(seating, paper), '', ...(ruler === undefined ? [] : [ruler])]
  for (const line of seatLines(map.layout, seating)) {
    lines.push(drawSeatLine(line, seating, stateOf, paper))
  }
  return [...lines, '', ...drawLegend(counts, paper), ''].join('\n')
}

/** The signs with what they mean and how many there are: on one line, else on one each. */
export function drawLegend(counts: SeatCounts, paper: Paper): string[] {
  const shown = (['yours', 'free', 'held', 'booked'] as const).filter(
    (state) => state !== 'yours' || counts.yours > 0,
  )
  const entries = shown.map((state) => {
    const sign = seatSign(state, paper)
    const text = `${sign} ${counts[state].toLocaleString('en-GB')} ${state}`
    return {
      width: text.length,
      drawn: tint(paper, seatTones[state], sign) + text.slice(sign.length),
    }
  })
  const width = entries.reduce((sum, entry) => sum + entry.width + 3, margin)
  if (width > paper.columns) return entries.map(({ drawn }) => ' '.repeat(margin) + drawn)
  return [' '.repeat(margin) + entries.map(({ drawn }) => drawn).join('   ')]
}
