import { formatNumber } from '../../shared/numbers.js'
import { padText, textWidth } from './fit-text.js'
import { type RenderStyle, type Tone, tint } from './style.js'

/** Numbers from 0 up as bars, one column each; the largest is as high as the line. */
export function sparkline(
  values: readonly number[],
  { unicode }: Pick<RenderStyle, 'unicode'>,
): string {
  const bars = unicode ? '▁▂▃▄▅▆▇█' : '_.:-=+*#'
  const most = Math.max(1, ...values)
  // Rounded up, so that a number above 0 differs from 0.
  return values.map((value) => bars[Math.ceil((value / most) * (bars.length - 1))]).join('')
}

/**
 * The distribution of values in milliseconds, one bar for each range: `10–20 ms  ████▌ 37`. Ranges
 * are logarithmic, as waiting times spread over magnitudes, and as fine as needed for a few bars.
 * Every line ends with a newline; without values there are no lines.
 */
export function renderHistogram(values: readonly number[], style: RenderStyle): string {
  const bars = barsOf(values)
  const most = Math.max(0, ...bars.map(({ count }) => count))
  const labels = bars.map(({ from, to }) => `${formatNumber(from)}–${formatNumber(to)} ms`)
  const shown = style.unicode ? labels : labels.map((label) => label.replace('–', '-'))
  const labelWidth = Math.max(0, ...shown.map(textWidth))
  const countWidth = String(most).length
  const room = Math.max(8, Math.min(48, style.columns - labelWidth - countWidth - 6))
  return bars
    .map(({ count }, index) => {
      const label = tint(style, 'quiet', padText(shown[index]!, labelWidth, 'right'))
      const drawn = tint(style, 'accent', drawBar((count / most) * room, count > 0, style))
      return `  ${label}  ${drawn}${drawn === '' ? '' : ' '}${count}\n`
    })
    .join('')
}

/** A bar of `columns` columns, to an eighth of one. If `isThere`, it is at least an eighth long. */
export function drawBar(columns: number, isThere: boolean, { unicode }: RenderStyle): string {
  if (!isThere) return ''
  if (!unicode) return '#'.repeat(Math.max(1, Math.round(columns)))
  const eighths = Math.max(1, Math.round(columns * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** The states of seats, in the order of a bar. `house`: held until they are released. */
export const barStates = ['sold', 'held', 'house', 'free'] as const

type BarState = (typeof barStates)[number]

const barTones: Record<BarState, Tone> = {
  sold: 'accent',
  held: 'warning',
  house: 'strong',
  free: 'quiet',
}

const unicodeSigns: Record<BarState, string> = { sold: '█', held: '▒', house: '▓', free: '░' }
const asciiSigns: Record<BarState, string> = { sold: '#', held: '?', house: '=', free: '.' }

/** A state in `columns` columns of a bar. */
export function barSign(state: BarState, style: RenderStyle, columns = 1): string {
  const sign = (style.unicode ? unicodeSigns : asciiSigns)[state]
  return tint(style, barTones[state], sign.repeat(columns))
}

/** A bar of `width` columns: the states of seats in proportion, each visible if not 0. */
export function stateBar(
  seats: Record<BarState, number>,
  width: number,
  style: RenderStyle,
): string {
  const parts = proportions(
    barStates.map((state) => seats[state]),
    width,
  )
  return barStates.map((state, index) => barSign(state, style, parts[index]!)).join('')
}

/** The same of sold, held and free seats. */
export function salesBar(
  { booked, held, free }: { booked: number; held: number; free: number },
  width: number,
  style: RenderStyle,
): string {
  return stateBar({ sold: booked, held, house: 0, free }, width, style)
}

/**
 * Divides `width` columns among the parts. Each part that is not 0 gets at least one column, even if
 * there are more parts than columns: a house with one free seat must not look sold out.
 */
function proportions(parts: number[], width: number): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return parts.map(() => 0)
  const least = parts.filter((part) => part > 0).length
  const shares = parts.map((part) =>
    part === 0 ? 0 : Math.max(1, Math.round((part / total) * width)),
  )
  const wanted = Math.max(width, least)
  for (;;) {
    const excess = shares.reduce((sum, share) => sum + share, 0) - wanted
    if (excess === 0) return shares
    shares[shares.indexOf(Math.max(...shares))]! -= Math.sign(excess)
  }
}

interface Bar {
  from: number
  to: number
  count: number
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** Steps within one power of ten, the coarsest first. */
const SCALES = [
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4, 5, 6, 7, 8.5],
]

const ENOUGH_BARS = 6

function barsOf(values: readonly number[]): Bar[] {
  if (values.length === 0) return []
  const candidates = SCALES.map((scale) => countInto(edgesFor(values, scale), values))
  return candidates.find((bars) => bars.length >= ENOUGH_BARS) ?? candidates.at(-1)!
}

/** The edges from the last that is not above the smallest value to the first above the largest. */
function edgesFor(values: readonly number[], scale: readonly number[]): number[] {
  const [smallest, largest] = [values.reduce(lesser), values.reduce(greater)]
  const edges = [0]
  for (let exponent = 0; exponent < 9; exponent++) {
    edges.push(...scale.map((step) => Number((step * 10 ** exponent).toPrecision(2))))
  }
  const first = edges.findLastIndex((edge) => edge <= smallest)
  const last = edges.findIndex((edge) => edge > largest)
  return edges.slice(Math.max(0, first), last < 0 ? undefined : last + 1)
}

function countInto(edges: readonly number[], values: readonly number[]): Bar[] {
  const bars = edges.slice(1).map((to, index) => ({ from: edges[index]!, to, count: 0 }))
  for (const value of values) {
    const home = bars.find(({ to }) => value < to) ?? bars.at(-1)!
    home.count += 1
  }
  return bars
}

const lesser = (a: number, b: number) => Math.min(a, b)
const greater = (a: number, b: number) => Math.max(a, b)
