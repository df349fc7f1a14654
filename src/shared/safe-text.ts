import { safeJsonText } from './safe-json.js'

/**
 * Text from a user, made safe for a terminal: every character that controls, hides or reorders
 * becomes a visible escape (`\n`, `\u{1b}`), so that a text stays one line and reads as it is stored.
 *
 * Emoji with their joiners, combining marks and right-to-left letters stay. Right-to-left text is
 * not wrapped in isolates: most terminals would draw those as blank cells and break the columns.
 */
export function safeText(text: string): string {
  return isPlain.test(text) ? text : text.replace(unsafe(), visibleEscape)
}

/** Escapes as `safeText` does but keeps line breaks, for SQL or a stack trace. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n')
}

/**
 * A CSV cell that no spreadsheet runs: a formula's first character, behind white space or quotation
 * marks or not, gets an apostrophe before them (OWASP, "CSV Injection"), also after a
 * semicolon, a tab or a line break inside the cell: a spreadsheet that takes one of these for the
 * separator, as some countries' do, begins a cell there, quoted or not. A comma needs none, as a
 * reader that separates at commas heeds the quotation marks that the CSV writer puts.
 */
export function safeCell(text: string): string {
  const inside = text.replace(formulaInside, "$&'")
  return formula.test(text) ? `'${inside}` : inside
}

/**
 * The value as JSON on one line, with C1 controls, bidi controls and zero-width characters written
 * as `\uXXXX`: the same document to a parser, and harmless to a terminal.
 */
export function safeJson(value: unknown): string {
  return safeJsonText(JSON.stringify(value))
}

const isPlain = /^[ -~]*$/

// Scripts whose spelling needs the zero-width joiner and non-joiner.
const joining = [
  ...['Arabic', 'Bengali', 'Devanagari', 'Gujarati', 'Gurmukhi', 'Kannada', 'Khmer', 'Malayalam'],
  ...['Mongolian', 'Oriya', 'Sinhala', 'Syriac', 'Tamil', 'Telugu'],
]
  .map((script) => `\\p{Script=${script}}`)
  .join('')

const keptJoiners = [
  `(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\u{fe0f}])\\u{200d}(?=\\p{Extended_Pictographic})`,
  `(?<=[${joining}])[\\u{200c}\\u{200d}](?=[${joining}])`,
]

// Tag characters after a black flag make it the flag of a region.
const keptTags = `(?<=\\u{1f3f4}[\\u{e0020}-\\u{e007e}]*)[\\u{e0020}-\\u{e007f}]`

// Format characters with a shape of their own: Arabic and Syriac signs before numbers.
const keptSigns = '[\\u{600}-\\u{605}\\u{6dd}\\u{70f}\\u{890}\\u{891}\\u{8e2}]'

// Invisible, but filed under letters and marks.
const blanks = '\\u{34f}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}\\u{3164}\\u{ffa0}'

let unsafePattern: RegExp | undefined

/** Compiled at its first use: a booking of plain ASCII never needs it. */
function unsafe(): RegExp {
  unsafePattern ??= new RegExp(
    `(?!${[...keptJoiners, keptTags, keptSigns].join('|')})[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}${blanks}]`,
    'gu',
  )
  return unsafePattern
}

// The four escapes are the full-width forms of `=`, `+`, `-` and `@`.
const formula = /^[\s"\p{Cc}\p{Cf}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u
const formulaInside = /[;\t\r\n](?=[\s"\p{Cc}\p{Cf}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/gu

const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function visibleEscape(character: string): string {
  return shortEscapes[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`
}
