import { formatNumber } from '../../../shared/numbers.js'
import type { Percentiles } from '../../../shared/percentiles.js'
import { safeText } from '../../../shared/safe-text.js'
import { renderHistogram } from '../../../terminal/render/charts.js'
import { drawFields, drawTitle, type Field } from '../../../terminal/render/fields.js'
import { padText } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, signs, type Tone, tint } from '../../../terminal/render/style.js'
import { renderVerdict } from '../../../terminal/render/verdict.js'
import type { Attempt, LoadSummary } from './load.js'
import type { LoadRun } from './load-run.js'
import type { StressChoice } from './options.js'

/** What a stress run was to do, did and found. */
export interface StressReport {
  run: Omit<LoadRun, 'attempts'> & { attempts: Pick<Attempt, 'bookingMs'>[] }
  choice: Pick<StressChoice, 'mode' | 'concurrency' | 'seed'>
  /** The house that was booked: 'a throwaway house of 300 seats'. */
  house: string
}

/** Outcomes, throughput, waiting times and the verdict. The last line ends with a newline. */
export function renderStressReport(report: StressReport, style: RenderStyle): string {
  const { attempts, summary, problems, violations, checked } = report.run
  const times = attempts.flatMap(({ bookingMs }) => bookingMs ?? [])
  return [
    ...headline(report, style),
    '',
    ...outcomes(summary, style),
    '',
    ...waiting(report, style),
    '',
    ...(times.length === 0 ? [] : [tint(style, 'quiet', '  How long the booking itself took')]),
    renderHistogram(times, style),
    ...drawFields(style, details(report)),
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

function headline({ run, choice, house }: StressReport, style: RenderStyle): string[] {
  const { mode, concurrency } = choice
  const many = MANY[mode]
  const { bookings, perSecond, seconds } = run.summary
  const title = `${formatNumber(bookings)} bookings of ${house}, ${formatNumber(concurrency)} ${many} at a time`
  const speed = `${seconds.toFixed(1)} s, ${formatNumber(Math.round(perSecond))} answers a second`
  return [...drawTitle(style, title), speed]
}

const tones = { confirmed: 'good', refused: 'quiet', busy: 'warning', failed: 'bad' } as const

function outcomes(summary: LoadSummary, style: RenderStyle): string[] {
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

function waiting({ run, choice }: StressReport, style: RenderStyle): string[] {
  const { summary } = run
  const rows: [string, Percentiles | null][] = [
    ['the booking itself', summary.bookingMs],
    ...(choice.mode !== 'in-process'
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

function details({ run, choice }: StressReport): Field[] {
  const { summary } = run
  const { mode, seed } = choice
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
