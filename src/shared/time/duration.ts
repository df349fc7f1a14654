import { invalidInput } from '../errors.js'
import { quote } from '../quote.js'

const milliseconds = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const

type Unit = keyof typeof milliseconds

const unitsFromLargest = ['d', 'h', 'm', 's', 'ms'] as const
const LONGEST = 365 * milliseconds.d

/**
 * Converts '500ms', '10s', '15m', '2h' or '1d' to milliseconds; allows zero. Throws INVALID_INPUT
 * for other texts and for more than 365 days.
 */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^([0-9]+)(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  if (digits === undefined || unit === undefined) {
    throw invalidInput(
      `${quote(text)} is not a duration. Write a whole number and a unit, like 500ms, 10s, 15m, 2h or 1d.`,
    )
  }
  const duration = Number(digits) * milliseconds[unit as Unit]
  if (duration > LONGEST) {
    throw invalidInput(`${quote(text)} is too long. A duration may be at most 365d.`)
  }
  return duration
}

/**
 * Parses the duration of a hold: milliseconds, or 'forever' for until it is released. Throws
 * INVALID_INPUT.
 */
export function parseHold(text: string): number | 'forever' {
  if (text === 'forever') return text
  const ms = parseDuration(text)
  if (ms > 0) return ms
  throw invalidInput('A hold must be longer than zero: 15m, 2h, or forever.')
}

/**
 * The inverse of parseDuration, for whole milliseconds from 0. Uses the largest exact unit: 900,000
 * is '15m', 90,000 is '90s' and 1,500 is '1500ms'.
 */
export function formatDuration(ms: number): string {
  if (ms === 0) {
    return '0s'
  }
  const unit = unitsFromLargest.find((unit) => ms % milliseconds[unit] === 0) ?? 'ms'
  return `${ms / milliseconds[unit]}${unit}`
}
