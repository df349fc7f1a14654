import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeCell, safeJson, safeText, textOfCell } from '../../src/shared/safe-text.js'

const anyText = fc.string({ unit: 'binary' })

describe('safeText', () => {
  test.each([
    ['an escape sequence', '\u001b[2Jgone', '\\u{1b}[2Jgone'],
    ['a C1 control sequence', '\u009b2J', '\\u{9b}2J'],
    ['a line break, a return and a tab', 'a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['a deletion', 'a\u007f', 'a\\u{7f}'],
    ['a reversal of the line', '\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['an open isolate', '\u2067x', '\\u{2067}x'],
    ['a zero-width space', 'ad\u200bmin', 'ad\\u{200b}min'],
    ['a joiner between Latin letters', 'ad\u200dmin', 'ad\\u{200d}min'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half a character', 'a\ud83d', 'a\\u{d83d}'],
    ['an invisible letter', '\u3164', '\\u{3164}'],
    ['hidden tags', 'a\u{e0041}', 'a\\u{e0041}'],
  ])('shows %s instead of passing it to the terminal', (_, text, shown) => {
    expect(safeText(text)).toBe(shown)
  })

  test.each([
    ['accents', 'naïve e\u0301'],
    ['emoji with skin and joiners', '👩🏽‍🚀 👨‍👩‍👧‍👦 ❤️‍🔥 🏳️‍🌈'],
    ['flags', '🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['right-to-left letters', 'שלום مرحبا'],
    ['the joiners of Persian and Hindi', 'می‌خواهم क्‍ष'],
    ['wide letters', 'オペラ座の怪人'],
  ])('keeps %s', (_, text) => {
    expect(safeText(text)).toBe(text)
  })

  test('leaves nothing that moves a cursor, breaks a line or reverses it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(safeText(text)).not.toMatch(
          /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069]/u,
        )
      }),
    )
  })
})

describe('safeJson', () => {
  test('is the same document to a parser, and has no control characters', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = safeJson({ text })
        expect(JSON.parse(json)).toEqual({ text })
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})

describe('safeCell', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '＝1', ' =1', '\r', '\ufeff=1', '"=1'])(
    'disarms %j',
    (text) => {
      expect(safeCell(text)).toBe(`'${text}`)
    },
  )

  test.each([
    ['x;=1+1;y', "x;'=1+1;y"],
    ['x\t@SUM(A1)', "x\t'@SUM(A1)"],
    ['x; -1', "x;' -1"],
    ['x";"=1', `x";'"=1`],
    ['x\r\n=1', "x\r'\n'=1"],
    ['\t=1', "'\t'=1"],
    ['=1;=2', "'=1;'=2"],
    ["x;'=1", "x;''=1"],
    ["'=1", "''=1"],
    ["'\t", "''\t"],
  ])('disarms what could start a cell inside of %j', (text, cell) => {
    expect(safeCell(text)).toBe(cell)
  })

  test.each(['Ada', 'a=b', '2026-12-25', '', "O'Neill", 'Smith, +1', 'a; b=c', "x;'y=1", 'x\ny'])(
    'leaves %j alone',
    (text) => {
      expect(safeCell(text)).toBe(text)
    },
  )

  const hostileText = fc
    .array(fc.constantFrom(...'=+-@;,\t\r\n "\'x１＝'), { maxLength: 12 })
    .map((characters) => characters.join(''))
  const startsFormula = /^[\s"]*[=+\-@＝]/

  test.each([',', ';', '\t'])(
    'no spreadsheet that separates at %j reads a formula',
    (separator) => {
      fc.assert(
        fc.property(hostileText, hostileText, (one, other) => {
          const csv = stringify([['id', safeCell(one), safeCell(other), 'end']])
          const cells = cellsOf(csv, separator)
          expect(cells.filter((cell) => startsFormula.test(cell))).toEqual([])
        }),
      )
    },
  )

  test('nor does one that separates at semicolons, tabs and lines and ignores quotes', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const csv = stringify([['id', safeCell(text), 'end']])
        const cells = csv.split(/[;\t\r\n]/)
        expect(cells.filter((cell) => startsFormula.test(cell))).toEqual([])
      }),
    )
  })

  test('a CSV reader gets the text back except for the apostrophes, and textOfCell removes those', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, anyText), (text) => {
        const [row] = parse(stringify([['id', safeCell(text)]])) as string[][]
        expect(row![1]!.replaceAll("'", '')).toBe(text.replaceAll("'", ''))
        expect(textOfCell(row![1]!)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})

/** As a spreadsheet reads it: quotation marks count only at the beginning of a cell. */
function cellsOf(csv: string, separator: string): string[] {
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)(?:"|$))?([^${separator}\\r\\n]*)([${separator}\\r\\n]|$)`,
    'gy',
  )
  return [...csv.matchAll(cell)].map(
    ([, quoted = '', rest = '']) => quoted.replaceAll('""', '"') + rest,
  )
}
