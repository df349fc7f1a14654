import { inverted, type RenderStyle, type Tone, tint } from '../render/style.js'
import { endsGroup, margin, type SeatGrid, type SeatLine, spanOf } from './seat-grid.js'

/** `yours` are the seats that are being picked, or have just been booked. */
export type SeatState = 'free' | 'held' | 'booked' | 'yours'

export type SeatCounts = Record<SeatState, number>

/** The sign of a seat. Signs differ in shape, so they need no colour. */
export function seatSign(state: SeatState, style: Pick<RenderStyle, 'unicode'>): string {
  return (style.unicode ? unicodeSigns : asciiSigns)[state]
}

/** The tone of each state on the map. */
export const seatTones: Record<SeatState, Tone> = {
  free: 'good',
  held: 'warning',
  booked: 'quiet',
  yours: 'accent',
}

const unicodeSigns: Record<SeatState, string> = { free: '○', held: '◐', booked: '●', yours: '★' }
const asciiSigns: Record<SeatState, string> = { free: '.', held: '?', booked: '#', yours: '*' }

/** The edge of the stage, open towards the house, centred above the seats. */
export function drawStage({ span, gutter }: SeatGrid, style: RenderStyle): string {
  const [left, edge, right] = style.unicode ? ['╰', '─', '╯'] : ['\\', '_', '/']
  const width = Math.max(span, stageName.length + 4)
  const sides = width - stageName.length - 2
  const before = Math.floor(sides / 2)
  const drawn = left + edge.repeat(before) + stageName + edge.repeat(sides - before) + right
  const shift = Math.max(0, gutter + 2 * margin - Math.max(0, Math.ceil((width - span) / 2)))
  return ' '.repeat(shift) + tint(style, 'quiet', drawn)
}

/**
 * Every fifth number, its last digit above its seat; every number where they are few and airy.
 * Undefined where lines are not whole rows.
 */
export function drawRuler(grid: SeatGrid, style: RenderStyle): string | undefined {
  const { perLine, pitch, gutter, isGrouped } = grid
  if (isGrouped) return undefined
  const step = perLine < 10 && pitch === 2 ? 1 : 5
  let line = ''
  for (let number = 1; number <= perLine; number += number === 1 ? step - 1 || 1 : step) {
    line += String(number).padStart((number - 1) * pitch + 1 - line.length)
  }
  return tint(style, 'quiet', ' '.repeat(gutter + 2 * margin) + line)
}

/** How many lines of the house lie above or below those shown: '↓ 12 more lines'; '' for none. */
export function drawOutside(side: 'above' | 'below', lines: number, style: RenderStyle): string {
  if (lines <= 0) return ''
  const arrow = { above: style.unicode ? '↑' : '^', below: style.unicode ? '↓' : 'v' }[side]
  const text = `${arrow} ${lines.toLocaleString('en-GB')} more ${lines === 1 ? 'line' : 'lines'}`
  return ' '.repeat(margin) + tint(style, 'quiet', text)
}

/** One line of seats with its labels; `cursor` is the seat to mark. */
export function drawSeatLine(
  { first, last, left, right }: SeatLine,
  grid: SeatGrid,
  stateOf: (seat: number) => SeatState,
  style: RenderStyle,
  cursor?: number,
): string {
  const label = ' '.repeat(margin) + left.padStart(grid.gutter)
  const pen = new Pen(style, tint(style, 'quiet', label))
  for (let seat = first; seat <= last; seat++) {
    const air = seat === first ? margin : airBefore(grid, seat - first)
    if (seat === cursor) pen.point(air, stateOf(seat), grid.pitch === 2)
    else pen.draw(air, stateOf(seat))
  }
  if (right === '') return pen.take()
  const missing = grid.span - spanOf(grid, last - first + 1)
  pen.space(missing + margin)
  return pen.take() + tint(style, 'quiet', right)
}

/** Columns between a seat and the one before it, of which there are `before` on the line. */
function airBefore(grid: SeatGrid, before: number): number {
  return grid.pitch - 1 + (endsGroup(grid, before) ? grid.pitch : 0)
}

/** Draws seats, and colours each run of one state once to keep the text of a large house short. */
class Pen {
  readonly #style: RenderStyle
  #done: string
  #run = ''
  #state: SeatState = 'free'
  /** Columns that the bracket after a seat has taken from the space after it. */
  #borrowed = 0

  constructor(style: RenderStyle, label: string) {
    this.#style = style
    this.#done = label
  }

  draw(air: number, state: SeatState): void {
    this.space(air)
    if (state !== this.#state) {
      this.take()
      this.#state = state
    }
    this.#run += seatSign(state, this.#style)
  }

  /** Draws the seat under the cursor: in brackets if there is space for them, else inverted. */
  point(air: number, state: SeatState, hasAir: boolean): void {
    this.space(air - (hasAir ? 1 : 0))
    this.take()
    const sign = tint(this.#style, seatTones[state], seatSign(state, this.#style))
    const [open, close] = ['[', ']'].map((text) => tint(this.#style, 'strong', text))
    this.#done += hasAir ? open + sign + close : inverted(sign)
    this.#borrowed = hasAir ? 1 : 0
  }

  space(columns: number): void {
    const air = ' '.repeat(columns - this.#borrowed)
    if (this.#run === '') this.#done += air
    else this.#run += air
    this.#borrowed = 0
  }

  take(): string {
    this.#done += tint(this.#style, seatTones[this.#state], this.#run)
    this.#run = ''
    return this.#done
  }
}

const stageName = ' STAGE '
