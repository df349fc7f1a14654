import { textWidth } from './fit-text.js'
import { type RenderStyle, tint } from './style.js'

/** A label and its value, already safe and tinted; a field with an empty value is left out. */
export type Field = [label: string, value: string | null | undefined]

/** Labels in one column and values in the next, wrapped at words. */
export function drawFields(style: RenderStyle, fields: Field[], indent = 2): string[] {
  const shown = fields.filter((field): field is [string, string] => Boolean(field[1]))
  const labelWidth = Math.max(0, ...shown.map(([label]) => textWidth(label))) + 2
  const margin = ' '.repeat(indent)
  return shown.flatMap(([label, value]) =>
    wrapWords(value, style.columns - indent - labelWidth).map((line, index) =>
      index === 0
        ? margin + tint(style, 'quiet', label.padEnd(labelWidth)) + line
        : margin + ' '.repeat(labelWidth) + line,
    ),
  )
}

/**
 * The text in lines of at most `width` columns, broken at spaces; a longer word stays whole.
 *
 * Not by wrap-ansi: it normalizes the text, which replaces some characters of Japanese names by
 * others, and counts the Thai and Lao vowel AM as string-width does.
 */
export function wrapWords(text: string, width: number): string[] {
  return wrapTexts(text.split(' '), ' ', width)
}

/** The texts in lines of at most `width` columns, with `between` between two on a line; none is broken. */
export function wrapTexts(texts: readonly string[], between: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const text of texts) {
    if (line !== '' && textWidth(line + between) + textWidth(text) > width) {
      lines.push(line)
      line = text
    } else {
      line += line === '' ? text : between + text
    }
  }
  return [...lines, line]
}
