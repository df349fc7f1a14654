import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../../src/shared/time/duration.js'

const YEAR = 365 * 24 * 60 * 60 * 1000

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['365d', YEAR],
    ['0s', 0],
    ['0d', 0],
    ['007s', 7_000],
    [' 10s\n', 10_000],
  ])('%j is %i milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    '',
    ' ',
    '10',
    's',
    '10 s',
    '1.5s',
    '-1s',
    '+1s',
    '1e3s',
    '10S',
    '15M',
    '1w',
    '1y',
    '1h30m',
    '١s',
    'forever',
    '366d',
    '8761h',
    `${YEAR + 1}ms`,
    `${'9'.repeat(400)}d`,
    '10s\u001b[31m',
  ])('%j is refused', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('is refused with one short line, for input of any length', () => {
    const longWinded = () => parseDuration('\u001b'.repeat(1_000_000))
    expect(longWinded).toThrow(/^[\x20-\x7e…]{1,400}$/)
  })
})

describe('a duration as text', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [900_000, '15m'],
    [5_400_000, '90m'],
    [172_800_000, '2d'],
  ])('%i milliseconds are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('is read back as the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: YEAR }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})
