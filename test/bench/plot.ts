import type { Point } from './result.js'

interface Plot {
  file: string
  label: string
  panels: Panel[]
}

interface Panel {
  panel: Point['panel']
  title: string
  xTitle: string
  unit: string
  /** A limit that no cost may reach; without it, the scale is logarithmic. */
  limit?: number
}

const PLOTS: Plot[] = [
  {
    file: 'bench.svg',
    label: 'Cost against size',
    panels: [
      {
        panel: 'houses',
        title: 'One booking, by size of the house (1× is the smallest)',
        xTitle: 'seats in the house',
        unit: '×',
        limit: 1.5,
      },
      {
        panel: 'scale',
        title: 'Lists and lookups, by size of the database (1× is the smallest)',
        xTitle: 'shows in the database',
        unit: '×',
        limit: 2,
      },
    ],
  },
  {
    file: 'callers.svg',
    label: 'Throughput and p99 against callers',
    panels: [
      {
        panel: 'rate',
        title: 'One hot show: bookings a second (more is better)',
        xTitle: 'callers',
        unit: '',
      },
      {
        panel: 'p99',
        title: 'One hot show: p99 of a booking (less is better)',
        xTitle: 'callers',
        unit: ' ms',
      },
    ],
  },
]

const WIDTH = 760
const PLOT = { left: 80, top: 44, width: 400, height: 220 }
const PANEL_HEIGHT = 320
/** Readable on white and on black, and distinguished by marks as well. */
const COLOURS = ['#3b82f6', '#d97706', '#10a37f', '#d946ef', '#8b8b8b', '#ef4444']

/**
 * The plots of the measurements, each an SVG that follows the light or dark scheme of the reader. A
 * panel without points is left out, and so is a plot without panels.
 */
export function drawPlots(points: readonly Point[]): { file: string; svg: string }[] {
  return PLOTS.flatMap(({ file, label, panels }) => {
    const measured = panels
      .map((panel) => ({ panel, own: points.filter((point) => point.panel === panel.panel) }))
      .filter(({ own }) => own.length > 0)
    if (measured.length === 0) return []
    const height = measured.length * PANEL_HEIGHT
    const svg = [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${label}">`,
      STYLE,
      ...measured.map(({ panel, own }, i) => group(0, i * PANEL_HEIGHT, drawPanel(panel, own))),
      '</svg>\n',
    ].join('\n')
    return [{ file, svg }]
  })
}

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .limit { stroke: #c22; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .curve { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .limit { stroke: #f66 } }
</style>`

function drawPanel({ title, xTitle, unit, limit }: Panel, points: Point[]): string {
  const sizes = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b)
  const heights = points.map((point) => point.y)
  const scale = limit === undefined ? logScale(heights) : linearScale([limit, ...heights])
  const x = (size: number) =>
    PLOT.left + (Math.log(size / sizes[0]!) / Math.log(sizes.at(-1)! / sizes[0]!)) * PLOT.width
  const y = (value: number) => PLOT.top + PLOT.height * (1 - scale.share(value))
  const series = [...new Set(points.map((point) => point.series))]
  return [
    text(PLOT.left, 20, title, 'class="title"'),
    ...scale.grid.flatMap((value) => [
      line(y(value), 'grid'),
      text(
        PLOT.left - 8,
        y(value) + 4,
        `${value.toLocaleString('en-GB')}${unit}`,
        'text-anchor="end"',
      ),
    ]),
    ...(limit === undefined
      ? []
      : [line(y(limit), 'limit'), text(PLOT.left + 8, y(limit) - 6, `limit ${limit}${unit}`)]),
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
          .map((point) => [x(point.x), y(point.y)] as const),
      ),
    ),
  ].join('\n')
}

/** Where a value is between the lower and the upper edge, 0 to 1, and the lines of the grid. */
interface Scale {
  grid: number[]
  share(value: number): number
}

/** From 0 to half a unit above the values, with at most ten lines at round values. */
function linearScale(values: number[]): Scale {
  const top = Math.ceil(Math.max(...values) * 1.1 * 2) / 2
  const power = 10 ** Math.floor(Math.log10(top / 10))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => top / size <= 10)!
  const count = Math.floor(top / step) + 1
  return {
    grid: Array.from({ length: count }, (_, i) => Number((i * step).toFixed(2))),
    share: (value) => value / top,
  }
}

/** From one power of ten to another, with a line at each. */
function logScale(values: number[]): Scale {
  const lowest = Math.floor(Math.log10(Math.min(...values)))
  const highest = Math.max(Math.ceil(Math.log10(Math.max(...values))), lowest + 1)
  return {
    grid: Array.from({ length: highest - lowest + 1 }, (_, i) => 10 ** (lowest + i)),
    share: (value) => (Math.log10(value) - lowest) / (highest - lowest),
  }
}

/**
 * A line, its marks, and its name at the right. The legend is a list, as the ends of the lines are
 * too close for labels.
 */
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
