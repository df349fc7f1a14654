import type { SeatLayout } from '../core/seats.js'
import { type Paper, type Tone, tint } from './paper.js'
import {
  endsGroup,
  margin,
  type Seating,
  type SeatLine,
  seatingFor,
  seatLines,
  spanOf,
} from './seating.js'

/** `yours` are the seats that somebody is choosing, or has just got. */
export type SeatState = 'free' | 'held' | 'booked' | 'yours'

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
  const counts: Counts = { free: 0, held: 0, booked: 0, yours: 0 }
  const lines = [stage(seating, paper), '', ...ruler(seating, paper)]
  for (const line of seatLines(map.layout, seating)) {
    lines.push(drawLine(map, seating, line, paper, counts))
  }
  return [...lines, '', ...legend(counts, paper), ''].join('\n')
}

/** The sign of a seat, told apart by its shape before its colour. */
export function seatSign(state: SeatState, paper: Paper): string {
  return (paper.unicode ? unicodeSigns : asciiSigns)[state]
}

/** What a state means to the reader of the map. */
export const seatTones: Record<SeatState, Tone> = {
  free: 'good',
  held: 'warning',
  booked: 'quiet',
  yours: 'accent',
}

type Counts = Record<SeatState, number>

const unicodeSigns: Record<SeatState, string> = { free: '○', held: '◐', booked: '●', yours: '★' }
const asciiSigns: Record<SeatState, string> = { free: '.', held: '?', booked: '#', yours: '*' }

function drawLine(
  { stateOf }: SeatMap,
  seating: Seating,
  { first, last, left, right }: SeatLine,
  paper: Paper,
  counts: Counts,
): string {
  const label = ' '.repeat(margin) + left.padStart(seating.gutter) + ' '.repeat(margin)
  const pen = new Pen(paper)
  for (let seat = first; seat <= last; seat++) {
    const state = stateOf(seat)
    counts[state] += 1
    const isLast = seat === last
    const air = isLast
      ? 0
      : seating.pitch - 1 + (endsGroup(seating, seat - first + 1) ? seating.pitch : 0)
    pen.draw(state, air)
  }
  const missing = right === '' ? 0 : seating.span - spanOf(seating, last - first + 1)
  return tint(paper, 'quiet', label) + pen.take() + ' '.repeat(missing) + rightLabel(right, paper)
}

function rightLabel(label: string, paper: Paper): string {
  return label === '' ? '' : tint(paper, 'quiet', ' '.repeat(margin) + label)
}

/** Draws seats and colours each run of one state once: a hall of 100,000 stays small. */
class Pen {
  readonly #paper: Paper
  #done = ''
  #run = ''
  #state: SeatState = 'free'

  constructor(paper: Paper) {
    this.#paper = paper
  }

  draw(state: SeatState, air: number): void {
    if (state !== this.#state) {
      this.take()
      this.#state = state
    }
    this.#run += seatSign(state, this.#paper) + ' '.repeat(air)
  }

  take(): string {
    this.#done += tint(this.#paper, seatTones[this.#state], this.#run)
    this.#run = ''
    return this.#done
  }
}

const stageName = ' STAGE '

// Open towards the house, like the front edge of a stage.
function stage({ span, gutter }: Seating, paper: Paper): string {
  const [left, edge, right] = paper.unicode ? ['╰', '─', '╯'] : ['\\', '_', '/']
  const width = Math.max(span, stageName.length + 4)
  const sides = width - stageName.length - 2
  const before = Math.floor(sides / 2)
  const drawn = left + edge.repeat(before) + stageName + edge.repeat(sides - before) + right
  const shift = Math.max(0, gutter + 2 * margin - Math.max(0, Math.ceil((width - span) / 2)))
  return ' '.repeat(shift) + tint(paper, 'quiet', drawn)
}

// Every fifth number, its last digit above its seat; every number where they are few and airy.
function ruler({ perLine, pitch, gutter, isGrouped }: Seating, paper: Paper): string[] {
  if (isGrouped) return []
  const step = perLine < 10 && pitch === 2 ? 1 : 5
  let line = ''
  for (let number = 1; number <= perLine; number += number === 1 ? step - 1 || 1 : step) {
    line += String(number).padStart((number - 1) * pitch + 1 - line.length)
  }
  return [tint(paper, 'quiet', ' '.repeat(gutter + 2 * margin) + line)]
}

const names: Record<SeatState, string> = {
  yours: 'yours',
  free: 'free',
  held: 'held',
  booked: 'booked',
}

function legend(counts: Counts, paper: Paper): string[] {
  const shown = (['yours', 'free', 'held', 'booked'] as const).filter(
    (state) => state !== 'yours' || counts.yours > 0,
  )
  const entries = shown.map((state) => {
    const sign = seatSign(state, paper)
    const text = `${sign} ${counts[state].toLocaleString('en-GB')} ${names[state]}`
    return {
      width: text.length,
      drawn: tint(paper, seatTones[state], sign) + text.slice(sign.length),
    }
  })
  const width = entries.reduce((sum, entry) => sum + entry.width + 3, margin)
  if (width > paper.columns) return entries.map(({ drawn }) => ' '.repeat(margin) + drawn)
  return [' '.repeat(margin) + entries.map(({ drawn }) => drawn).join('   ')]
}
