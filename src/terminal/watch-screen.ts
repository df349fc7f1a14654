import { wrapWords } from './fields.js'
import type { FullScreen } from './full-screen.js'
import { type Paper, tint } from './paper.js'
import type { House } from './picker-state.js'
import { drawRuler, drawSeatLine, drawStage } from './seat-drawing.js'
import { drawLegend } from './seat-map.js'
import { lineAt, lineCount, margin, seatingFor } from './seating.js'
import { salesBar } from './show-card.js'
import { sparkline } from './sparkline.js'

/** What somebody sees who watches a show. */
export interface WatchedShow {
  /** Its name and when it is, safe for a terminal. */
  heading: string
  house: House
  /** Seats sold in each of the last minutes, the latest last. */
  sales: readonly number[]
  isCancelled: boolean
}

/** A show as it stands, on one screen: what is sold, how fast, and as much of the house as fits. */
export function drawWatchedShow(
  { heading, house, sales, isCancelled }: WatchedShow,
  { rows, columns }: Pick<FullScreen, 'rows' | 'columns'>,
  color: Pick<Paper, 'color' | 'unicode'>,
): string[] {
  const paper = { ...color, columns }
  const booked = house.booked.size
  const held = house.held.size
  const counts = { yours: 0, booked, held, free: house.totalSeats - booked - held }
  const above = [
    ...wrapWords(heading, columns).map((line) => tint(paper, 'strong', line)),
    ...(isCancelled ? [tint(paper, 'bad', 'Cancelled')] : []),
    '',
    ' '.repeat(margin) + salesBar(counts, Math.min(48, columns - 2 * margin), paper),
    ...drawLegend(counts, paper),
    drawSales(sales, paper),
    '',
  ]
  return [...above, ...drawSeats(house, rows - above.length, paper)].slice(0, rows)
}

function drawSales(sales: readonly number[], paper: Paper): string {
  const sold = sales.reduce((sum, seats) => sum + seats, 0).toLocaleString('en-GB')
  const text = tint(paper, 'quiet', `${sold} sold in ${sales.length} min`)
  return `${' '.repeat(margin)}${tint(paper, 'accent', sparkline(sales, paper))}  ${text}`
}

function drawSeats(house: House, rows: number, paper: Paper): string[] {
  const seating = seatingFor(house, paper.columns)
  const ruler = drawRuler(seating, paper)
  const stage = [drawStage(seating, paper), ...(ruler === undefined ? [] : [ruler])]
  const count = lineCount(house, seating)
  const room = rows - stage.length
  const shown = Math.max(0, count <= room ? count : room - 1)
  const stateOf = (seat: number) =>
    house.booked.has(seat) ? 'booked' : house.held.has(seat) ? 'held' : 'free'
  const seats = Array.from({ length: shown }, (_, index) =>
    drawSeatLine(lineAt(house, seating, index), seating, stateOf, paper),
  )
  const more = `${(count - shown).toLocaleString('en-GB')} more lines`
  const cut = ' '.repeat(margin) + tint(paper, 'quiet', more)
  return [...stage, ...seats, ...(shown < count ? [cut] : [])]
}
