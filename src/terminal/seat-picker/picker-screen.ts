import { formatSeats, seatLabel } from '../../house/seats.js'
import { wrapTexts } from '../render/fields.js'
import { fitText } from '../render/fit-text.js'
import { drawLegend } from '../render/seat-map.js'
import { type RenderStyle, signs, tint } from '../render/style.js'
import { countsOf, type Picking, stateOf } from './picker-state.js'
import {
  drawOutside,
  drawRuler,
  drawSeatLine,
  drawStage,
  seatSign,
  seatTones,
} from './seat-drawing.js'
import { margin, type SeatGrid, seatGridFor } from './seat-grid.js'

/** A whole screen to draw on. */
export interface ScreenStyle extends RenderStyle {
  rows: number
}

/** A screen of the picker: a part of the house, with a heading above and the state below. */
export interface PickerScreen {
  /** At most as many as the screen has rows. */
  lines: string[]
  grid: SeatGrid
  /** The line of the house at the top, and how many lines are shown. */
  top: number
  page: number
}

/**
 * Draws the picker. Only the visible lines are drawn, so a house of 100,000 seats takes no longer
 * than a small one. `top` is the line at the top before; it moves no further than the cursor needs.
 */
export function drawPicker(
  picking: Picking,
  heading: string,
  top: number,
  style: ScreenStyle,
): PickerScreen {
  const { house } = picking
  // One column stays free for the bracket after the last seat.
  const grid = seatGridFor(house, style.columns - 1)
  const above = linesAbove(grid, heading, style)
  const below = linesBelow(picking, style)
  const count = grid.lineCount
  // Two lines count what lies above and below.
  const page = Math.min(count, Math.max(1, style.rows - above.length - below.length - 2))
  const first = windowTop(top, grid.lineOf(picking.cursor), page, count)
  const lines = [
    ...above,
    drawOutside('above', first, style),
    ...windowLines(picking, grid, first, page, style),
    drawOutside('below', count - first - page, style),
    ...below,
  ]
  return { lines: lines.slice(-style.rows), grid, top: first, page }
}

function windowLines(
  picking: Picking,
  grid: SeatGrid,
  top: number,
  page: number,
  style: RenderStyle,
): string[] {
  return Array.from({ length: page }, (_, index) =>
    drawSeatLine(
      grid.lineAt(top + index),
      grid,
      (seat) => stateOf(picking, seat),
      style,
      picking.cursor,
    ),
  )
}

/** The top line that shows the cursor, with a line to spare on either side where there is room. */
function windowTop(top: number, line: number, page: number, count: number): number {
  const spare = page >= 5 ? 1 : 0
  const lowest = line - page + 1 + spare
  const highest = line - spare
  return Math.max(0, Math.min(Math.max(Math.min(top, highest), lowest), count - page))
}

// On screens with fewer rows, the heading or the help makes room for the seats.
const roomForHeading = 16
const roomForHelp = 12

function linesAbove(grid: SeatGrid, heading: string, style: ScreenStyle): string[] {
  return [
    ...(style.rows < roomForHelp ? [] : [tint(style, 'strong', fitLine(heading, style))]),
    ...(style.rows < roomForHeading ? [] : ['', ...drawStage(grid, style, 'top')]),
    ...drawRuler(grid, style),
  ]
}

function linesBelow(picking: Picking, style: ScreenStyle): string[] {
  const said = [sayPosition(picking, style), sayPicked(picking, style)]
  if (style.rows < roomForHelp) return said
  return [...said, ...sayCounts(picking, style), ...sayKeys(picking, style)]
}

/** The notice or the lost seats if there are any, else where the cursor is. */
function sayPosition(picking: Picking, style: RenderStyle): string {
  const { cursor, house, lost, notice } = picking
  if (notice !== undefined) return indent(tint(style, 'warning', fitLine(notice, style)))
  if (lost.length > 0) {
    const text = `${formatSeats(lost, house)} taken elsewhere, no longer picked.`
    return indent(tint(style, 'bad', fitLine(text, style)))
  }
  const state = stateOf(picking, cursor)
  const sign = tint(style, seatTones[state], seatSign(state, style))
  const label = tint(style, 'strong', seatLabel(cursor, house))
  return indent(`${sign} ${label} ${state}${sayTyped(picking, style)}`)
}

function sayTyped({ house, typed: { text } }: Picking, style: RenderStyle): string {
  if (text === '') return ''
  const isCount = house.seatsPerRow !== null && /^\d+$/.test(text)
  return tint(style, 'quiet', `   ${isCount ? 'best' : 'go to'} ${text}_`)
}

/** More seats than this are only counted: their names would be cut, and take time to format. */
const mostNamed = 200

function sayPicked({ exchange, house, picked }: Picking, style: RenderStyle): string {
  if (picked.size === 0) return indent(tint(style, 'quiet', 'nothing picked'))
  const seats = picked.size > mostNamed ? '' : `: ${formatSeats(picked, house)}`
  const of = exchange === undefined ? '' : ` of ${exchange.toLocaleString('en-GB')}`
  const count = picked.size.toLocaleString('en-GB') + of
  const text = `${seatSign('yours', style)} ${count} picked${seats}`
  return indent(tint(style, seatTones.yours, fitLine(text, style)))
}

function sayCounts(picking: Picking, style: RenderStyle): string[] {
  return drawLegend({ ...countsOf(picking), yours: 0 }, style, picking.house.plan)
}

/** The keys and what they do, wrapped; on a low screen only Enter is explained. */
function sayKeys({ exchange, house }: Picking, style: ScreenStyle): string[] {
  const hasRows = house.seatsPerRow !== null
  const between = ` ${signs(style).dot} `
  const keys = [
    ['space', 'pick'],
    ['enter', exchange === undefined ? 'book' : 'move'],
    // In a house without rows, a number names a seat.
    [hasRows ? '4 + -' : '+ -', 'best together'],
    [hasRows ? 'B12' : '12', 'go there'],
    ['esc', 'back'],
  ]
  const isLow = style.rows < roomForHeading
  const texts = keys.map(([key, what]) => (isLow && key !== 'enter' ? key! : `${key} ${what}`))
  const lines = wrapTexts(texts, between, widthOf(style))
  return ['', ...lines.map((line) => indent(tint(style, 'quiet', line)))]
}

function widthOf({ columns }: RenderStyle): number {
  return columns - margin - 1
}

function fitLine(text: string, style: RenderStyle): string {
  return fitText(text, widthOf(style), signs(style).ellipsis)
}

function indent(text: string): string {
  return ' '.repeat(margin) + text
}
