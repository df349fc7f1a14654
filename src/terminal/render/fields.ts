import { textWidth, wrapWords } from './fit-text.js'
import { type RenderStyle, tint } from './style.js'

/** A label and its value, already safe and tinted; a field with an empty value is left out. */
export type Field = [label: string, value: string | null | undefined]

/** A title, wrapped. */
export function drawTitle(style: RenderStyle, text: string): string[] {
  return wrapWords(text, style.columns).map((line) => tint(style, 'strong', line))
}

/** Labels in one column and values in the next, wrapped at words, two columns from the left. */
export function drawFields(style: RenderStyle, fields: Field[]): string[] {
  const shown = fields.filter((field): field is [string, string] => Boolean(field[1]))
  const labelWidth = Math.max(0, ...shown.map(([label]) => textWidth(label))) + 2
  return shown.flatMap(([label, value]) =>
    wrapWords(value, style.columns - 2 - labelWidth).map((line, index) =>
      index === 0
        ? `  ${tint(style, 'quiet', label.padEnd(labelWidth))}${line}`
        : `  ${' '.repeat(labelWidth)}${line}`,
    ),
  )
}
