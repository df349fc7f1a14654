import { formatNumber } from '../../../shared/numbers.js'
import type { Percentiles } from '../../../shared/percentiles.js'
import { safeText } from '../../../shared/safe-text.js'
import { renderHistogram } from '../../../terminal/render/charts.js'
import { drawFields, drawTitle, type Field } from '../../../terminal/render/fields.js'
import { padText } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, signs, type Tone, tint } from '../../../terminal/render/style.js'
import { renderVerdict, type VerdictFacts } from '../../../terminal/render/verdict.js'
import type { LoadSummary } from './load.js'
import type { StressMode } from './options.js'

/** What a stress run did and found, as plain data. */
export interface StressFacts {
  summary: Omit<LoadSummary, 'seats'>
  /** The house that was booked: 'a throwaway house of 300 seats'. */
  house: string
  mode: StressMode
  concurrency: number
  seed: number
  /** The time of each booking in milliseconds. */
  times: readonly number[]
  violations: VerdictFacts['violations']
  checked: Omit<VerdictFacts, 'violations'>
  /** Sentences about failures that the run must not have. */
  problems: string[]
}

/** Outcomes, throughput, waiting times and the verdict. The last line ends with a newline. */
export function renderStressReport(facts: StressFacts, style: RenderStyle): string {
  const { summary, times, problems, violations, checked } = facts
  return [
    ...headline(facts, style),
    '',
    ...outcomes(summary, style),
    '',
    ...waiting(facts, style),
    '',
    ...(times.length === 0 ? [] : [tint(style, 'quiet', '  How long the booking itself took')]),
    renderHistogram(times, style),
    ...drawFields(style, details(facts)),
    '',
    ...problems.map((problem) => problemLine(problem, style)),
    renderVerdict({ violations, ...checked }, style),
  ].join('\n')
}

const MANY = {
  processes: 'processes',
  daemon: 'processes, through the daemon,',
  'in-process': 'callers in one process',
}

function headline(
  { summary, house, mode, concurrency }: StressFacts,
  style: RenderStyle,
): string[] {
  const many = MANY[mode]
  const { bookings, perSecond, seconds } = summary
  const title = `${formatNumber(bookings)} bookings of ${house}, ${formatNumber(concurrency)} ${many} at a time`
  const speed = `${seconds.toFixed(1)} s, ${formatNumber(Math.round(perSecond))} answers a second`
  return [...drawTitle(style, title), speed]
}

const tones = { confirmed: 'good', refused: 'quiet', busy: 'warning', failed: 'bad' } as const

function outcomes(summary: StressFacts['summary'], style: RenderStyle): string[] {
  const ends = ['confirmed', 'refused', 'busy', 'failed'] as const
  const width = Math.min(48, style.columns - 4)
  const drawn = ends.map((end) => {
    const count = summary[end]
    const columns = Math.round((count / Math.max(1, summary.bookings)) * width)
    return tint(
      style,
      tones[end],
      count === 0 ? '' : shade(end, style).repeat(Math.max(1, columns)),
    )
  })
  const counts = ends.map((end) => {
    const isBad = summary[end] > 0 || end === 'confirmed' || end === 'refused'
    const tone: Tone = isBad ? tones[end] : 'quiet'
    return tint(style, tone, `${formatNumber(summary[end])} ${end}`)
  })
  return [`  ${drawn.join('')}`, `  ${counts.join('   ')}`]
}

function shade(end: keyof typeof tones, { unicode }: RenderStyle): string {
  if (end === 'refused') return unicode ? '░' : '.'
  if (end === 'confirmed') return unicode ? '█' : '#'
  return unicode ? '▒' : 'x'
}

function waiting({ summary, mode }: StressFacts, style: RenderStyle): string[] {
  const rows: [string, Percentiles | null][] = [
    ['the booking itself', summary.bookingMs],
    ...(mode !== 'in-process'
      ? ([['the whole process', summary.totalMs]] as [string, Percentiles | null][])
      : []),
  ]
  const cells = (percentiles: Percentiles | null) =>
    (['p50', 'p95', 'p99', 'max'] as const).map((name) =>
      (percentiles === null ? '' : milliseconds(percentiles[name])).padStart(9),
    )
  const head = ['p50', 'p95', 'p99', 'max'].map((name) => name.padStart(9)).join('')
  return [
    tint(style, 'quiet', `  ${padText('ms', LABEL)}${head}`),
    ...rows.map(
      ([label, percentiles]) => `  ${padText(label, LABEL)}${cells(percentiles).join('')}`,
    ),
  ]
}

const LABEL = 18

function details({ summary, mode, seed }: StressFacts): Field[] {
  const { connect, conflict, lost } = summary.retries
  const causes = [
    [connect, 'for a connection'],
    [conflict, 'for a lock'],
    [lost, 'after a lost connection'],
  ] as const
  const retried = causes.filter(([count]) => count > 0)
  const known = retried.map(([count, what]) => `${formatNumber(count)} ${what}`).join(', ')
  const why = (end: string) =>
    summary.reasons
      .filter((reason) => reason.end === end)
      .map(({ reason, count }) => `${formatNumber(count)} ${safeText(reason)}`)
      .join(', ')
  return [
    ['Refused', why('refused')],
    ['Retries', mode === 'daemon' ? undefined : known || 'none'],
    ['Again', `--seed ${seed} asks for the same seats`],
  ]
}

function problemLine(problem: string, style: RenderStyle): string {
  return `${tint(style, 'bad', signs(style).failed)} ${safeText(problem)}`
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(1) : formatNumber(Math.round(value))
}
