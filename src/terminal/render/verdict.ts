import { formatCount, formatNumber } from '../../shared/numbers.js'
import { safeText } from '../../shared/safe-text.js'
import { type RenderStyle, signs, tint } from './style.js'

/** The result of an audit, as plain data. */
export interface VerdictFacts {
  shows: number
  bookings: number
  /** The number of answers that were compared, if any were given. */
  answers?: number
  violations: { code: string; message: string }[]
  /** The number of violations that are not listed. */
  unlisted: number
}

/** A line for each violation, and the verdict below. The last line ends with a newline. */
export function renderVerdict(facts: VerdictFacts, style: RenderStyle): string {
  const { violations, unlisted } = facts
  const lines = violations.map(
    ({ code, message }) => `${tint(style, 'strong', code)}  ${safeText(message)}`,
  )
  if (unlisted > 0) lines.push(tint(style, 'quiet', `and ${formatNumber(unlisted)} more`))
  return `${[...lines, verdict(facts, style)].join('\n')}\n`
}

function verdict(
  { shows, bookings, answers, violations, unlisted }: VerdictFacts,
  style: RenderStyle,
): string {
  const { done, failed } = signs(style)
  const compared = answers === undefined ? '' : `, ${formatCount(answers, 'answer')}`
  const checked = `${formatCount(shows, 'show')}, ${formatCount(bookings, 'booking')}${compared}`
  const found = violations.length + unlisted
  return found === 0
    ? `${tint(style, 'good', done)} Nothing is oversold or lost: ${checked}.`
    : `${tint(style, 'bad', failed)} ${formatCount(found, 'violation')} in ${checked}.`
}
