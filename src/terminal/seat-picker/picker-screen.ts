import { formatSeats, seatLabel } from '../../house/seats.js'
import { wrapTexts } from '../render/fields.js'
import { fitText } from '../render/fit-text.js'
import { drawLegend } from '../render/seat-map.js'
import { type Paper, signs, tint } from '../render/style.js'
import { countsOf, type Picking, stateOf } from './picker-state.js'
import {
  drawOutside,
  drawRuler,
  drawSeatLine,
  drawStage,
  seatSign,
  seatTones,
} from './seat-drawing.js'
import { lineAt, lineCount, lineOf, margin, type Seating, seatingFor } from './seat-grid.js'

/** A whole screen to draw on. */
export interface ScreenPaper extends Paper {
  rows: number
}

/** A screen of the picker: a part of the house, with a heading above and the state below. */
export interface PickerScreen {
  /** At most as many as the screen has rows. */
  lines: string[]
  seating: Seating
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
  paper: ScreenPaper,
): PickerScreen {
  const { house } = picking
  // One column stays free for the bracket after the last seat.
  const seating = seatingFor(house, paper.columns - 1)
  const above = linesAbove(seating, heading, paper)
  const below = linesBelow(picking, paper)
  const count = lineCount(house, seating)
  // Two lines count what lies above and below.
  const page = Math.min(count, Math.max(1, paper.rows - above.length - below.length - 2))
  const first = windowTop(top, lineOf(picking.cursor, house, seating), page, count)
  const lines = [
    ...above,
    drawOutside('above', first, paper),
    ...windowLines(picking, seating, first, page, paper),
    drawOutside('below', count - first - page, paper),
    ...below,
  ]
  return { lines: lines.slice(-paper.rows), seating, top: first, page }
}

function windowLines(
  picking: Picking,
  seating: Seating,
  top: number,
  page: number,
  paper: Paper,
): string[] {
  const { cursor, house } = picking
  return Array.from({ length: page }, (_, index) =>
    drawSeatLine(
      lineAt(house, seating, top + index),
      seating,
      (seat) => stateOf(picking, seat),
      paper,
      cursor,
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

function linesAbove(seating: Seating, heading: string, paper: ScreenPaper): string[] {
  const ruler = drawRuler(seating, paper)
  return [
    ...(paper.rows < roomForHelp ? [] : [tint(paper, 'strong', fitLine(heading, paper))]),
    ...(paper.rows < roomForHeading ? [] : ['', drawStage(seating, paper)]),
    ...(ruler === undefined ? [] : [ruler]),
  ]
}

function linesBelow(picking: Picking, paper: ScreenPaper): string[] {
  const said = [sayPosition(picking, paper), sayPicked(picking, paper)]
  if (paper.rows < roomForHelp) return said
  return [...said, ...sayCounts(picking, paper), ...sayKeys(picking, paper)]
}

/** The notice or the lost seats if there are any, else where the cursor is. */
function sayPosition(picking: Picking, paper: Paper): string {
  const { cursor, house, lost, notice } = picking
  if (notice !== undefined) return indent(tint(paper, 'warning', fitLine(notice, paper)))
  if (lost.length > 0) {
    const text = `${formatSeats(lost, house)} taken elsewhere, no longer picked.`
    return indent(tint(paper, 'bad', fitLine(text, paper)))
  }
  const state = stateOf(picking, cursor)
  const sign = tint(paper, seatTones[state], seatSign(state, paper))
  const label = tint(paper, 'strong', seatLabel(cursor, house))
  return indent(`${sign} ${label} ${state}${sayTyped(picking, paper)}`)
}

function sayTyped({ house, typed: { text } }: Picking, paper: Paper): string {
  if (text === '') return ''
  const isCount = house.seatsPerRow !== null && /^\d+$/.test(text)
  return tint(paper, 'quiet', `   ${isCount ? 'best' : 'go to'} ${text}_`)
}

/** More seats than this are only counted: their names would be cut, and take time to format. */
const mostNamed = 200

function sayPicked({ exchange, house, picked }: Picking, paper: Paper): string {
  if (picked.size === 0) return indent(tint(paper, 'quiet', 'nothing picked'))
  const seats = picked.size > mostNamed ? '' : `: ${formatSeats(picked, house)}`
  const of = exchange === undefined ? '' : ` of ${exchange.toLocaleString('en-GB')}`
  const count = picked.size.toLocaleString('en-GB') + of
  const text = `${seatSign('yours', paper)} ${count} picked${seats}`
  return indent(tint(paper, seatTones.yours, fitLine(text, paper)))
}

function sayCounts(picking: Picking, paper: Paper): string[] {
  return drawLegend({ ...countsOf(picking), yours: 0 }, paper)
}

/** The keys and what they do, wrapped; on a low screen only Enter is explained. */
function sayKeys({ exchange, house }: Picking, paper: ScreenPaper): string[] {
  const hasRows = house.seatsPerRow !== null
  const between = ` ${signs(paper).dot} `
  const keys = [
    ['space', 'pick'],
    ['enter', exchange === undefined ? 'book' : 'move'],
    // In a house without rows, a number names a seat.
    [hasRows ? '4 + -' : '+ -', 'best together'],
    [hasRows ? 'B12' : '12', 'go there'],
    ['esc', 'back'],
  ]
  const isLow = paper.rows < roomForHeading
  const texts = keys.map(([key, what]) => (isLow && key !== 'enter' ? key! : `${key} ${what}`))
  const lines = wrapTexts(texts, between, widthOf(paper))
  return ['', ...lines.map((line) => indent(tint(paper, 'quiet', line)))]
}

function widthOf({ columns }: Paper): number {
  return columns - margin - 1
}

function fitLine(text: string, paper: Paper): string {
  return fitText(text, widthOf(paper), signs(paper).ellipsis)
}

function indent(text: string): string {
  return ' '.repeat(margin) + text
}
