import { safeText } from '../../shared/safe-text.js'
import { type Paper, signs, tint } from './style.js'

/** The result of an audit, as plain data. */
export interface VerdictFacts {
  shows: number
  bookings: number
  violations: { code: string; message: string }[]
  /** The number of violations that are not listed. */
  unlisted: number
}

/** A line for each violation, and the verdict below. The last line ends with a newline. */
export function renderVerdict(facts: VerdictFacts, paper: Paper): string {
  const { violations, unlisted } = facts
  const lines = violations.map(
    ({ code, message }) => `${tint(paper, 'strong', code)}  ${safeText(message)}`,
  )
  if (unlisted > 0) lines.push(tint(paper, 'quiet', `and ${number(unlisted)} more`))
  return `${[...lines, verdict(facts, paper)].join('\n')}\n`
}

function verdict({ shows, bookings, violations, unlisted }: VerdictFacts, paper: Paper): string {
  const { done, failed } = signs(paper)
  const checked = `${counted(shows, 'show')}, ${counted(bookings, 'booking')}`
  const found = violations.length + unlisted
  return found === 0
    ? `${tint(paper, 'good', done)} Nothing is oversold or lost: ${checked}.`
    : `${tint(paper, 'bad', failed)} ${counted(found, 'violation')} in ${checked}.`
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

function number(value: number): string {
  return value.toLocaleString('en-GB')
}
