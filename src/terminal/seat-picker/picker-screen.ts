import { rowsOf } from '../../house/rows.js'
import { formatSeats, seatLabel } from '../../house/seats.js'
import { formatNumber } from '../../shared/numbers.js'
import { fitText, wrapTexts } from '../render/fit-text.js'
import { kindNames, kindSign, seatSign, seatTones } from '../render/seat-signs.js'
import { type RenderStyle, signs, tint } from '../render/style.js'
import { drawSections } from '../seat-map/house-overview.js'
import { drawOutside, drawRuler, drawSeatLines, drawStage } from '../seat-map/seat-drawing.js'
import { margin, type SeatGrid, seatGridFor, sectionsFromTop } from '../seat-map/seat-grid.js'
import { drawLegend } from '../seat-map/seat-map.js'
import type { Viewport } from './picker-keys.js'
import { countsOf, hasRows, type Picking, stateOf } from './picker-state.js'

/** A whole screen to draw on. */
export interface ScreenStyle extends RenderStyle {
  rows: number
}

/** A screen of the picker: a part of the house, with a heading above and the state below. */
export interface PickerScreen extends Viewport {
  /** At most as many as the screen has rows. */
  lines: string[]
  /** The line of the house at the top. */
  top: number
}

/**
 * Draws the picker. Only the visible lines are drawn, so a house of 100,000 seats takes little
 * longer than a small one. `top` is the line at the top before; it moves no further than the cursor
 * needs. A house of several sections that does not fit is a list of them, or the one under the
 * cursor.
 */
export function drawPicker(
  picking: Picking,
  heading: string,
  top: number,
  style: ScreenStyle,
): PickerScreen {
  const { house, isOpen } = picking
  // One column stays free for the bracket after the last seat.
  const columns = style.columns - 1
  const whole = frameOf('house', seatGridFor(house, columns), { picking, heading, style })
  const isWhole = whole.grid.lineCount <= whole.room || (house.plan?.sections.length ?? 1) === 1
  if (isWhole) return drawWindow(whole, picking, top, style)
  if (!isOpen) {
    const list = frameOf('sections', whole.grid, { picking, heading, style })
    return drawList(list, picking, top, style)
  }
  const grid = seatGridFor(house, columns, sectionUnder(picking))
  return drawWindow(frameOf('section', grid, { picking, heading, style }), picking, top, style)
}

/** The lines above and below those in the middle, for which there is `room`. */
interface Frame extends Omit<Viewport, 'page'> {
  above: string[]
  below: string[]
  room: number
}

function frameOf(
  view: Viewport['view'],
  grid: SeatGrid,
  { picking, heading, style }: { picking: Picking; heading: string; style: ScreenStyle },
): Frame {
  const above = linesAbove(view, grid, heading, style)
  const roomBeside = (below: string[]) => style.rows - above.length - below.length
  const full = linesBelow(view, grid, picking, style)
  const isCrowded = picking.house.plan && roomBeside(full) < leastLines
  const below = isCrowded ? linesBelow(view, grid, picking, { ...style, rows: roomForHelp }) : full
  return { view, grid, above, below, room: Math.max(1, roomBeside(below)) }
}

function drawWindow(frame: Frame, picking: Picking, top: number, style: ScreenStyle): PickerScreen {
  const { grid } = frame
  const line = grid.lineOf(picking.cursor)
  return drawFrame(frame, { top, line, count: grid.lineCount }, style, (first, page) =>
    drawSeatLines(
      grid,
      { first, count: page },
      (seat) => stateOf(picking, seat),
      style,
      picking.cursor,
    ),
  )
}

function drawList(frame: Frame, picking: Picking, top: number, style: ScreenStyle): PickerScreen {
  const { house } = picking
  const sections = drawSections(house, sectionUnder(picking), style)
  const line = sectionsFromTop(house).indexOf(sectionUnder(picking))
  return drawFrame(frame, { top, line, count: sections.length }, style, (first, page) =>
    sections.slice(first, first + page),
  )
}

/** Draws the window that shows the cursor's line among `count` lines. */
function drawFrame(
  { above, below, room, view, grid }: Frame,
  { top, line, count }: { top: number; line: number; count: number },
  style: ScreenStyle,
  draw: (first: number, page: number) => string[],
): PickerScreen {
  const page = count <= room ? count : Math.max(1, room - 2)
  const first = windowTop(top, line, page, count)
  // Two lines count what lies above and below, or are blank if all lines fit and leave room for them.
  const spare = room - page
  const lines = [
    ...above,
    ...(spare >= 2 ? [drawOutside('above', first, style)] : []),
    ...draw(first, page),
    ...(spare >= 1 ? [drawOutside('below', count - first - page, style)] : []),
    ...below,
  ]
  return { lines: lines.slice(-style.rows), view, grid, top: first, page }
}

/** The index of the section under the cursor. */
function sectionUnder({ cursor, house }: Picking): number {
  const rows = rowsOf(house)
  return rows.at(rows.indexOf(cursor)).section
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
// If a long legend leaves fewer lines for the seats of a plan and for the two that count the
// others, it is drawn as on a low screen.
const leastLines = 6

function linesAbove(
  view: Viewport['view'],
  grid: SeatGrid,
  heading: string,
  style: ScreenStyle,
): string[] {
  const title = style.rows < roomForHelp ? [] : [tint(style, 'strong', fitLine(heading, style))]
  if (view === 'sections') return title
  const stage = style.rows < roomForHeading ? [] : drawStage(grid, style, 'top')
  // A blank line is before the stage, and the line that counts what lies above is before the seats.
  const blank = stage.length > 0 ? [''] : []
  return [...title, ...blank, ...stage, ...drawRuler(grid, style)]
}

function linesBelow(
  view: Viewport['view'],
  grid: SeatGrid,
  picking: Picking,
  style: ScreenStyle,
): string[] {
  const isHigh = style.rows >= roomForHeading && view !== 'sections'
  const stage = isHigh ? drawStage(grid, style, 'bottom') : []
  const blank = stage.length > 0 ? [''] : []
  const said = [sayPosition(view, picking, style), sayPicked(picking, style)]
  if (style.rows < roomForHelp) return said
  return [
    ...stage,
    ...blank,
    ...said,
    ...sayCounts(view, picking, style),
    ...sayKeys(view, picking, style),
  ]
}

/** The notice or the lost seats if there are any, else where the cursor is. */
function sayPosition(view: Viewport['view'], picking: Picking, style: RenderStyle): string {
  const { cursor, house, lost, notice } = picking
  if (notice !== undefined) return indent(tint(style, 'warning', fitLine(notice, style)))
  if (lost.length > 0) {
    const text = `${formatSeats(lost, house)} taken elsewhere, no longer picked.`
    return indent(tint(style, 'bad', fitLine(text, style)))
  }
  if (view === 'sections') {
    const name = fitLine(house.plan!.sectionName(cursor), style)
    return indent(tint(style, 'strong', name))
  }
  const state = stateOf(picking, cursor)
  const kind = house.plan?.kindOf(cursor) ?? 'standard'
  const sign = state === 'free' ? kindSign(kind, style) : seatSign(state, style)
  const label = seatLabel(cursor, house)
  const special = kind === 'standard' ? '' : `, ${kindNames[kind]}`
  const typed = sayTyped(picking)
  const text = `${sign} ${label} ${state}${special}${typed}`
  if (fitLine(text, style) !== text) return indent(fitLine(text, style))
  return indent(
    `${tint(style, seatTones[state], sign)} ${tint(style, 'strong', label)} ${state}${special}${tint(style, 'quiet', typed)}`,
  )
}

function sayTyped({ house, typed: { text } }: Picking): string {
  if (text === '') return ''
  const isCount = hasRows(house) && /^\d+$/.test(text)
  return `   ${isCount ? 'best' : 'go to'} ${text}_`
}

/** More seats than this are only counted: their names would be cut, and take time to format. */
const mostNamed = 200

function sayPicked({ exchange, house, picked }: Picking, style: RenderStyle): string {
  if (picked.size === 0) return indent(tint(style, 'quiet', 'nothing picked'))
  const seats = picked.size > mostNamed ? '' : `: ${formatSeats(picked, house)}`
  const of = exchange === undefined ? '' : ` of ${formatNumber(exchange)}`
  const count = formatNumber(picked.size) + of
  const text = `${seatSign('yours', style)} ${count} picked${seats}`
  return indent(tint(style, seatTones.yours, fitLine(text, style)))
}

function sayCounts(view: Viewport['view'], picking: Picking, style: ScreenStyle): string[] {
  const hasKinds = style.rows >= roomForHeading && view !== 'sections'
  return drawLegend(countsOf(picking), style, hasKinds ? picking.house.plan : null)
}

/** The keys and what they do, wrapped; on a low screen only Enter is explained. */
function sayKeys(
  view: Viewport['view'],
  { exchange, house }: Picking,
  style: ScreenStyle,
): string[] {
  const between = ` ${signs(style).dot} `
  const finish = exchange === undefined ? 'book' : 'move'
  const keys = [
    ...(view === 'sections' ? [] : [['space', 'pick']]),
    ['enter', view === 'sections' ? 'open' : finish],
    // In a house without rows, a number names a seat.
    [hasRows(house) ? '4 + -' : '+ -', 'best together'],
    [hasRows(house) ? 'B12' : '12', 'go there'],
    ['esc', view === 'section' ? 'sections' : 'back'],
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
  return fitText(text, widthOf(style), style)
}

function indent(text: string): string {
  return ' '.repeat(margin) + text
}
