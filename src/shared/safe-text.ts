/**
 * Makes a user's text safe for a terminal: replaces every character that controls, hides or
 * reorders with a visible escape (`\n`, `\u{1b}`), so that the text stays on one line and reads as
 * it is stored.
 *
 * Keeps emoji with their joiners, combining marks and right-to-left letters. Does not wrap
 * right-to-left text in isolates, because most terminals would draw those as blank cells and break
 * the columns.
 */
export function safeText(text: string): string {
  return isPlain.test(text) ? text : text.replace(unsafe(), visibleEscape)
}

/** Like `safeText`, but keeps line breaks, for SQL or a stack trace. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n')
}

/**
 * Returns a CSV cell that no spreadsheet runs as a formula: puts an apostrophe before a formula's
 * first character and any white space or quotation marks before it (OWASP, "CSV Injection"). Does
 * the same after a semicolon, a tab or a line break inside the cell, because a spreadsheet that
 * uses one of these as separator starts a cell there, even inside quotes. A comma needs none: a
 * reader that separates at commas respects the CSV writer's quotation marks.
 *
 * An apostrophe that is already there gets another one, so that `textOfCell` returns the text.
 */
export function safeCell(text: string): string {
  const inside = text.replace(formulaInside, "$&'")
  return formula.test(text) ? `'${inside}` : inside
}

/** The inverse of `safeCell`, for a file that this program may have written. */
export function textOfCell(cell: string): string {
  return cell.replace(guarded, '$1')
}

/** Formats a value as JSON on one line, as `safeJsonText` writes it. */
export function safeJson(value: unknown): string {
  return safeJsonText(JSON.stringify(value))
}

/**
 * Writes C1 controls, bidi controls and zero-width characters in JSON text as `\uXXXX`: the
 * document stays the same for a parser, and is harmless to a terminal. Keeps line breaks between
 * documents.
 */
export function safeJsonText(text: string): string {
  return isPlainJson.test(text) ? text : text.replace(unsafeInJson, escapeInJson)
}

const isPlain = /^[ -~]*$/
const isPlainJson = /^[\n -~]*$/
const unsafeInJson = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

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

// After a black flag, tag characters make a region's flag.
const keptTags = `(?<=\\u{1f3f4}[\\u{e0020}-\\u{e007e}]*)[\\u{e0020}-\\u{e007f}]`

// Visible format characters: Arabic and Syriac signs before numbers.
const keptSigns = '[\\u{600}-\\u{605}\\u{6dd}\\u{70f}\\u{890}\\u{891}\\u{8e2}]'

// Invisible, although Unicode classifies them as letters and marks.
const blanks = '\\u{34f}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}\\u{3164}\\u{ffa0}'

let unsafePattern: RegExp | undefined

/** Compiled on first use, because a booking in plain ASCII never needs it. */
function unsafe(): RegExp {
  unsafePattern ??= new RegExp(
    `(?!${[...keptJoiners, keptTags, keptSigns].join('|')})[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}${blanks}]`,
    'gu',
  )
  return unsafePattern
}

// The four escapes are the full-width forms of `=`, `+`, `-` and `@`. The apostrophes among the signs
// before them keep the marks of `safeCell` apart from those of the text.
const toFormula = `[\\s"'\\p{Cc}\\p{Cf}]*[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20]`
const formula = new RegExp(`^${toFormula}|^'*[\\t\\r\\n]`, 'u')
const formulaInside = new RegExp(`[;\\t\\r\\n](?=${toFormula})`, 'gu')
const guarded = new RegExp(`(^|[;\\t\\r\\n])'(?=${toFormula}|(?<=^')'*[\\t\\r\\n])`, 'gu')

const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function visibleEscape(character: string): string {
  return shortEscapes[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`
}

function escapeInJson(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
