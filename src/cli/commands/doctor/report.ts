import type { Check } from '../../../client/doctor.js'
import { formatCount } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import { wrapWords } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, signs, type Tone, tint } from '../../../terminal/render/style.js'

const tones: Record<Check['status'], Tone> = {
  ok: 'good',
  warning: 'warning',
  wrong: 'bad',
  skipped: 'quiet',
}

/** A line for each check, with its advice below, and the sum. The last line ends with a newline. */
export function renderDoctorReport(checks: readonly Check[], style: RenderStyle): string {
  const { done, failed, dot, arrow } = signs(style)
  const marks = { ok: done, warning: '!', wrong: failed, skipped: dot }
  const nameWidth = Math.max(...checks.map(({ name }) => name.length))
  const indent = ' '.repeat(nameWidth + 4)
  const wrapped = (text: string) => wrapWords(safeText(text), style.columns - indent.length)
  const lines = checks.flatMap(({ name, status, message, advice }) => {
    const [first = '', ...rest] = wrapped(message)
    const begin = `${tint(style, tones[status], marks[status])} ${name.padEnd(nameWidth)}  `
    const below = [...rest, ...(advice === null ? [] : wrapped(`${arrow} ${advice}`))]
    return [begin + first, ...below.map((line) => indent + line)]
  })
  return `${[...lines, '', sum(checks, style)].join('\n')}\n`
}

function sum(checks: readonly Check[], style: RenderStyle): string {
  const { done, failed } = signs(style)
  const count = (status: Check['status']) =>
    checks.filter((check) => check.status === status).length
  const isOk = count('wrong') === 0
  const counts = [
    `${count('wrong')} wrong`,
    formatCount(count('warning'), 'warning'),
    `${count('ok')} ok`,
    `${count('skipped')} not checked`,
  ]
  const sign = isOk ? tint(style, 'good', done) : tint(style, 'bad', failed)
  return `${sign} ${counts.join(', ')}.`
}
