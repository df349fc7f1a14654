import { textWidth, wrapWords } from './fit-text.js'
import { type RenderStyle, tint } from './style.js'

/** A label and its value, already safe and tinted; a field with an empty value is left out. */
export type Field = [label: string, value: string | null | undefined]

/** A title, wrapped. */
export function drawTitle(style: RenderStyle, text: string): string[] {
  return wrapWords(text, style.columns).map((line) => tint(style, 'strong', line))
}

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
