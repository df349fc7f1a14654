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
import { margin, seatingFor, seatLines } from '../seat-picker/seat-grid.js'
import { wrapTexts } from './fields.js'
import { type Paper, tint } from './style.js'

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
export function renderSeatMap(map: SeatMap, paper: Paper, mostLines = Infinity): string {
  const seating = seatingFor(map.layout, paper.columns)
  const counts: SeatCounts = { free: 0, held: 0, booked: 0, yours: 0 }
  const stateOf = (seat: number) => {
    const state = map.stateOf(seat)
    counts[state] += 1
    return state
  }
  const ruler = drawRuler(seating, paper)
  const lines = [drawStage(seating, paper), '', ...(ruler === undefined ? [] : [ruler])]
  const all = [...seatLines(map.layout, seating)]
  const shown = all.slice(0, mostLines)
  for (const line of shown) lines.push(drawSeatLine(line, seating, stateOf, paper))
  if (shown.length < all.length) {
    lines.push(drawOutside('below', all.length - shown.length, paper))
    for (let seat = shown.at(-1)!.last + 1; seat <= map.layout.totalSeats; seat++) stateOf(seat)
  }
  return [...lines, '', ...drawLegend(counts, paper), ''].join('\n')
}

/** The signs with their meanings and counts, wrapped. */
export function drawLegend(counts: SeatCounts, paper: Paper): string[] {
  const shown = (['yours', 'free', 'held', 'booked'] as const).filter(
    (state) => state !== 'yours' || counts.yours > 0,
  )
  const entries = shown.map((state) => {
    const sign = seatSign(state, paper)
    const text = `${sign} ${counts[state].toLocaleString('en-GB')} ${state}`
    return tint(paper, seatTones[state], sign) + text.slice(sign.length)
  })
  return wrapTexts(entries, '   ', paper.columns - margin).map((line) => ' '.repeat(margin) + line)
}
