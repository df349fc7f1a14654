import type { Measurement } from './result.js'

interface Panel {
  panel: 'houses' | 'scale'
  title: string
  xTitle: string
  limit: number
}

const PANELS: Panel[] = [
  {
    panel: 'houses',
    title: 'One booking, by size of the house',
    xTitle: 'seats in the house',
    limit: 1.5,
  },
  {
    panel: 'scale',
    title: 'Lists and lookups, by size of the database',
    xTitle: 'shows in the database',
    limit: 2,
  },
]

const WIDTH = 760
const PLOT = { left: 56, top: 44, width: 400, height: 220 }
const PANEL_HEIGHT = 320
/** Readable on white and on black; told apart by marks as well. */
const COLOURS = ['#3b82f6', '#d97706', '#10a37f', '#d946ef', '#ef4444', '#8b8b8b']

/**
 * Cost against size, as a multiple of the smallest: flat is good. An SVG that follows the reader's
 * light or dark scheme; undefined when nothing was measured that has a size.
 */
export function plotCosts(measurements: readonly Measurement[]): string | undefined {
  const panels = PANELS.filter(({ panel }) => pointsOf(panel, measurements).length > 0)
  if (panels.length === 0) return undefined
  const height = panels.length * PANEL_HEIGHT
  const drawn = panels.map((panel, i) =>
    group(0, i * PANEL_HEIGHT, drawPanel(panel, pointsOf(panel.panel, measurements))),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Cost against size">`,
    STYLE,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .limit { stroke: #c22; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .curve { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .limit { stroke: #f66 } }
</style>`

interface Point {
  series: string
  size: number
  ratio: number
}

function pointsOf(panel: Panel['panel'], measurements: readonly Measurement[]): Point[] {
  return measurements.flatMap(({ point, against }) =>
    point?.panel === panel && against
      ? [{ series: point.series, size: point.size, ratio: against.ratio }]
      : [],
  )
}

function drawPanel({ title, xTitle, limit }: Panel, points: Point[]): string {
  const sizes = [...new Set(points.map(({ size }) => size))].sort((a, b) => a - b)
  const top = Math.ceil(Math.max(limit, ...points.map(({ ratio }) => ratio)) * 1.1 * 2) / 2
  const x = (size: number) =>
    PLOT.left + (Math.log(size / sizes[0]!) / Math.log(sizes.at(-1)! / sizes[0]!)) * PLOT.width
  const y = (ratio: number) => PLOT.top + PLOT.height * (1 - ratio / top)
  const series = [...new Set(points.map((point) => point.series))]
  return [
    text(PLOT.left, 20, `${title} (1× is the smallest)`, 'class="title"'),
    ...gridValues(top).flatMap((value) => [
      line(y(value), 'grid'),
      text(PLOT.left - 8, y(value) + 4, `${value}×`, 'text-anchor="end"'),
    ]),
    line(y(limit), 'limit'),
    text(PLOT.left + 8, y(limit) - 6, `limit ${limit}×`),
    ...sizes.map((size) =>
      text(
        x(size),
        PLOT.top + PLOT.height + 18,
        size.toLocaleString('en-GB'),
        'text-anchor="middle"',
      ),
    ),
    text(PLOT.left + PLOT.width / 2, PLOT.top + PLOT.height + 38, xTitle, 'text-anchor="middle"'),
    ...series.flatMap((name, i) =>
      drawSeries(
        name,
        i,
        points
          .filter((point) => point.series === name)
          .map((point) => [x(point.size), y(point.ratio)] as const),
      ),
    ),
  ].join('\n')
}

/** A line, its marks, and its name at the right: the legend is a list, as the ends lie too close. */
function drawSeries(name: string, index: number, points: (readonly [number, number])[]): string[] {
  const colour = COLOURS[index % COLOURS.length]!
  const isHollow = index >= COLOURS.length
  const mark = (x: number, y: number) =>
    `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" stroke="${colour}" stroke-width="2" fill="${isHollow ? 'none' : colour}"/>`
  const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')
  const legendX = PLOT.left + PLOT.width + 20
  const legendY = PLOT.top + 6 + index * 18
  const dashes = isHollow ? ' stroke-dasharray="2 4"' : ''
  return [
    `<polyline class="curve" stroke="${colour}"${dashes} points="${path}"/>`,
    ...points.map(([x, y]) => mark(x, y)),
    mark(legendX, legendY),
    text(legendX + 12, legendY + 4, name),
  ]
}

/** Ten lines at most, at round values. */
function gridValues(top: number): number[] {
  const power = 10 ** Math.floor(Math.log10(top / 10))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => top / size <= 10)!
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => Number((i * step).toFixed(2)))
}

function line(y: number, className: string): string {
  return `<line class="${className}" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`
}

function group(x: number, y: number, content: string): string {
  return `<g transform="translate(${x} ${y})">\n${content}\n</g>`
}
