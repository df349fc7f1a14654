import type { Sales, SeatCounts, ShowReport } from '../../../client/api.js'
import { showReportJson } from '../../../client/json.js'
import { formatNumber } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import { barSign, barStates, drawBar, stateBar } from '../../../terminal/render/charts.js'
import { fitText, padText, textWidth, wrapWords } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, tint } from '../../../terminal/render/style.js'
import type { Handler } from '../../context.js'
import { idOrName } from '../../named-show.js'
import { drawShowHead, type ShowHead } from './card.js'
import { timeOf } from './text.js'

/** `tickets show report SHOW`. */
export const run: Handler<{ date?: string }, [string]> = async (context, { date }, name) => {
  const { output, tickets } = context
  const report = await tickets.reportOnShow(await idOrName(context, { name, date }))
  if (output.json) return output.document(showReportJson(report))
  await output.write(renderShowReport(report, output.style))
}

/** A report, and the head of its show. */
type Report = Omit<ShowReport, 'show'> & { show: ShowHead }

/** Rows, hours and operators with more lines would push the rest of the report out of sight. */
const MOST_LINES = 40

/** Capacity, rows, hours and operators as bars. The last line ends with a newline. */
export function renderShowReport(report: Report, style: RenderStyle): string {
  const { show, capacity, sections = [], rows } = report
  const hours = report.hours.map(({ hour, ...sales }) => ({ label: timeOf(hour, show), ...sales }))
  const operators = report.operators.map(({ operator, ...sales }) => ({
    label: operator ?? 'unknown',
    ...sales,
  }))
  return [
    ...drawShowHead(show, style),
    '',
    `  ${stateBar(capacity, barWidth(style, 4), style)}`,
    ...wrapLegend(capacity, style),
    ...section('Sections', rowLines(sections.map(asRow), style), style, Infinity),
    ...section('Rows', rows === null ? [] : rowLines(summedUp(rows.map(fullName)), style), style),
    ...section('Sold by hour', salesLines(hours, style), style, -MOST_LINES),
    ...section('Sold by operator', salesLines(operators, style), style),
    '',
  ].join('\n')
}

function wrapLegend(counts: SeatCounts, style: RenderStyle): string[] {
  const entries = barStates.map(
    (state) => `${barSign(state, style)}\u00a0${formatNumber(counts[state])}\u00a0${state}`,
  )
  const text = [...entries, `=\u00a0${formatNumber(counts.total)}\u00a0seats`].join(' ')
  return wrapWords(text, style.columns - 2).map((line) => `  ${line.replaceAll('\u00a0', ' ')}`)
}

/** A title and the first lines, or with a negative `end` the last ones; the others are counted. */
function section(title: string, lines: string[], style: RenderStyle, end = MOST_LINES): string[] {
  if (lines.length === 0) return []
  const shown = end < 0 ? lines.slice(end) : lines.slice(0, end)
  const rest = lines.length - shown.length
  const more = `  and ${formatNumber(rest)} ${end < 0 ? 'before' : 'more'}: --json has them all`
  const note = rest > 0 ? [tint(style, 'quiet', more)] : []
  return ['', tint(style, 'strong', title), ...shown, ...note]
}

type Row = { row: string; section?: string } & SeatCounts

/** Adjacent rows added up to one if there are too many. */
function summedUp(rows: Row[]): Row[] {
  const size = Math.ceil(rows.length / MOST_LINES)
  if (size === 1) return rows
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) => {
    const group = rows.slice(index * size, (index + 1) * size)
    const [first, last] = [group[0]!.row, group.at(-1)!.row]
    const sum = (key: keyof SeatCounts) => group.reduce((total, row) => total + row[key], 0)
    return {
      row: first === last ? first : `${first}-${last}`,
      ...{ total: sum('total'), sold: sum('sold'), held: sum('held') },
      ...{ house: sum('house'), free: sum('free') },
    }
  })
}

/** Rows of several sections may have the same label. */
function fullName({ section, row, ...counts }: Row): Row {
  return { row: section === undefined ? row : `${safeText(section)} ${row}`, ...counts }
}

function asRow({ section, ...counts }: { section: string } & SeatCounts): Row {
  return { row: safeText(section), ...counts }
}

function rowLines(rows: Row[], style: RenderStyle): string[] {
  const labelWidth = Math.max(...rows.map(({ row }) => textWidth(row)))
  const widest = Math.max(...rows.map(({ total }) => total))
  const ends = rows.map(({ sold, total }) => `${sold}/${total}`)
  const endWidth = Math.max(...ends.map((end) => end.length))
  const width = Math.min(barWidth(style, labelWidth + endWidth + 6), Math.max(8, widest))
  return rows.map((row, index) => {
    const bar = stateBar(row, Math.max(1, Math.round((row.total / widest) * width)), style)
    const space = ' '.repeat(Math.max(0, width - Math.round((row.total / widest) * width)))
    const label = padText(row.row, labelWidth, 'right')
    return `  ${label}  ${bar}${space}  ${ends[index]!.padStart(endWidth)}`
  })
}

function salesLines(sales: ({ label: string } & Sales)[], style: RenderStyle): string[] {
  const most = Math.max(1, ...sales.map(({ sold }) => sold))
  const labels = sales.map(({ label }) => fitText(safeText(label), 24, style))
  const labelWidth = Math.max(0, ...labels.map(textWidth))
  const ends = sales.map(({ sold, returned }) =>
    returned === 0
      ? formatNumber(sold)
      : `${formatNumber(sold)}, ${formatNumber(returned)} returned`,
  )
  const endWidth = Math.max(0, ...ends.map((end) => end.length))
  const width = barWidth(style, labelWidth + endWidth + 5, 1)
  return sales.map(({ sold }, index) => {
    const bar = drawBar((sold / most) * width, sold > 0, style)
    const gap = bar === '' ? '' : ' '
    return `  ${padText(labels[index]!, labelWidth)}  ${tint(style, 'accent', bar)}${gap}${ends[index]}`
  })
}

function barWidth({ columns }: RenderStyle, taken: number, least = 8): number {
  return Math.max(least, Math.min(48, columns - taken))
}
