import { formatCount } from '../../shared/numbers.js'
import { fitText } from '../render/fit-text.js'
import { kindSign, type SeatState, seatSign, seatTones } from '../render/seat-signs.js'
import { inverted, type RenderStyle, type Tone, tint } from '../render/style.js'
import { margin, type SeatGrid, type SeatLine, spanOf } from './seat-grid.js'

/**
 * The edge of the stage, open towards the house and centred on the seats, if it is drawn on this
 * side of the house.
 */
export function drawStage(
  { span, gutter, stage }: SeatGrid,
  style: RenderStyle,
  side: 'top' | 'bottom' = 'top',
): string[] {
  if (stage !== side) return []
  const [left, edge, right] = style.unicode
    ? { top: ['╰', '─', '╯'], bottom: ['╭', '─', '╮'] }[side]
    : { top: ['\\', '_', '/'], bottom: ['/', '-', '\\'] }[side]
  const width = Math.max(span, stageName.length + 4)
  const sides = width - stageName.length - 2
  const before = Math.floor(sides / 2)
  const drawn = left + edge!.repeat(before) + stageName + edge!.repeat(sides - before) + right
  const shift = Math.max(0, gutter + 2 * margin - Math.max(0, Math.ceil((width - span) / 2)))
  return [' '.repeat(shift) + tint(style, 'quiet', drawn)]
}

/**
 * Every fifth number, its last digit above its seat; every number if they are few and far apart.
 * Nothing if lines are not rows of a rectangle.
 */
export function drawRuler(grid: SeatGrid, style: RenderStyle): string[] {
  const { perLine, pitch, gutter, hasRuler } = grid
  if (!hasRuler) return []
  const step = perLine < 10 && pitch === 2 ? 1 : 5
  let line = ''
  for (let number = 1; number <= perLine; number += number === 1 ? step - 1 || 1 : step) {
    line += String(number).padStart((number - 1) * pitch + 1 - line.length)
  }
  return [tint(style, 'quiet', ' '.repeat(gutter + 2 * margin) + line)]
}

/** How many lines of the house lie above or below those shown: '↓ 12 more lines'; '' for none. */
export function drawOutside(side: 'above' | 'below', lines: number, style: RenderStyle): string {
  if (lines <= 0) return ''
  const arrow = { above: style.unicode ? '↑' : '^', below: style.unicode ? '↓' : 'v' }[side]
  const text = `${arrow} ${formatCount(lines, 'more line')}`
  return ' '.repeat(margin) + tint(style, 'quiet', text)
}

/** `count` lines from `first` on, each with its labels; `cursor` is the seat to mark. */
export function drawSeatLines(
  grid: SeatGrid,
  { first, count }: { first: number; count: number },
  stateOf: (seat: number) => SeatState,
  style: RenderStyle,
  cursor?: number,
): string[] {
  return Array.from({ length: count }, (_, index) =>
    drawSeatLine(grid.lineAt(first + index), grid, stateOf, style, cursor),
  )
}

function drawSeatLine(
  { cells, left, right, shift, heading }: SeatLine,
  grid: SeatGrid,
  stateOf: (seat: number) => SeatState,
  style: RenderStyle,
  cursor: number | undefined,
): string {
  if (heading !== undefined) return drawHeading(heading, style)
  const label = ' '.repeat(margin) + left.padStart(grid.gutter)
  const pen = new Pen(style, tint(style, 'quiet', label))
  pen.space(margin + shift)
  for (const [index, { kind, seat }] of cells.entries()) {
    if (index > 0) pen.space(grid.pitch - 1)
    if (kind === 'aisle') pen.space(1)
    else if (seat === 0) pen.draw('quiet', kindSign(kind, style))
    else {
      const state = stateOf(seat)
      const sign = state === 'free' ? kindSign(kind, style) : seatSign(state, style)
      if (seat === cursor) pen.point(seatTones[state], sign, grid.pitch === 2)
      else pen.draw(seatTones[state], sign)
    }
  }
  if (right === '') return pen.take()
  pen.space(grid.span - shift - spanOf(grid, cells.length) + margin)
  pen.draw('quiet', right)
  return pen.take()
}

/** The name of a section above its rows. */
function drawHeading(name: string, style: RenderStyle): string {
  if (name === '') return ''
  const text = fitText(name, style.columns - margin, style)
  return ' '.repeat(margin) + tint(style, 'strong', text)
}

/** Draws seats, and colours each run of one tone once to keep the text of a large house short. */
class Pen {
  readonly #style: RenderStyle
  #done: string
  #run = ''
  #tone: Tone | undefined
  /** Columns of space before the next sign; -1 if the bracket after a seat takes one of them. */
  #air = 0

  constructor(style: RenderStyle, label: string) {
    this.#style = style
    this.#done = label
  }

  space(columns: number): void {
    this.#air += columns
  }

  draw(tone: Tone, sign: string): void {
    const air = ' '.repeat(this.#air)
    this.#air = 0
    if (tone === this.#tone) {
      this.#run += air + sign
      return
    }
    this.#finishRun()
    this.#done += air
    this.#tone = tone
    this.#run = sign
  }

  /** Draws the seat under the cursor: in brackets if there is space for them, else inverted. */
  point(tone: Tone, seatSign: string, hasAir: boolean): void {
    this.#finishRun()
    const sign = tint(this.#style, tone, seatSign)
    const [open, close] = ['[', ']'].map((text) => tint(this.#style, 'strong', text))
    this.#done += ' '.repeat(this.#air - (hasAir ? 1 : 0))
    this.#done += hasAir ? open + sign + close : inverted(sign)
    this.#air = hasAir ? -1 : 0
    this.#tone = undefined
  }

  take(): string {
    this.#finishRun()
    return this.#done
  }

  #finishRun(): void {
    this.#done += tint(this.#style, this.#tone, this.#run)
    this.#run = ''
  }
}

const stageName = ' STAGE '
