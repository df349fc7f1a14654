import { safeText } from '../../../shared/safe-text.js'
import { padText, textWidth, wrapWords } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, signs, type Tone, tint } from '../../../terminal/render/style.js'

// The parts of the demo's output: commands and their results. Each ends with a newline.

/** The sign of a result: done, refused or held. */
export type ResultSign = 'done' | 'failed' | 'held'

const tones: Record<ResultSign, Tone> = { done: 'good', failed: 'bad', held: 'warning' }

/** A chapter's number and title, after an empty line. */
export function renderChapter(number: number, title: string, style: RenderStyle): string {
  return `\n${tint(style, 'accent', String(number))}  ${tint(style, 'strong', title)}\n`
}

/** A command as one would type it; its lines after the first are indented as in a shell script. */
export function renderCommand(lines: string | string[], style: RenderStyle): string {
  const [first, ...rest] = [lines].flat()
  return [`   $ ${first}`, ...rest.map((line) => `       ${line}`)]
    .map((line, index) => {
      const continued = index < rest.length ? ' \\' : ''
      return `${tint(style, 'quiet', safeText(line) + continued)}\n`
    })
    .join('')
}

/** A result: a sign, a sentence, and more lines below it. */
export function renderResult(
  sign: ResultSign,
  text: string,
  { below = [], style }: { below?: string[]; style: RenderStyle },
): string {
  const [first, ...rest] = wrapWords(safeText(text), style.columns - INDENT)
  const more = below.flatMap((line) => wrapWords(safeText(line), style.columns - INDENT))
  return [
    `   ${tint(style, tones[sign], signs(style)[sign])} ${first}`,
    ...[...rest, ...more].map((line) => ' '.repeat(INDENT) + line),
    '',
  ].join('\n')
}

/** Sentences from the left margin, after an empty line. */
export function renderParagraph(text: string, style: RenderStyle): string {
  return `\n${wrapWords(safeText(text), style.columns).join('\n')}\n`
}

/** Two drawings side by side if they fit, otherwise one below the other. */
export function besideEachOther(left: string, right: string, { columns }: RenderStyle): string {
  const [lefts, rights] = [linesOf(left), linesOf(right)]
  const [leftWidth, rightWidth] = [lefts, rights].map((lines) => Math.max(...lines.map(textWidth)))
  const gap = 2
  if (leftWidth! + gap + rightWidth! > columns) return `${left}\n${right}`
  const start = Math.max(Math.floor(columns / 2), leftWidth! + gap)
  const shift = start + rightWidth! > columns ? leftWidth! + gap : start
  const lines = Array.from({ length: Math.max(lefts.length, rights.length) }, (_, index) =>
    `${padText(lefts[index] ?? '', shift)}${rights[index] ?? ''}`.trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

const INDENT = 5

function linesOf(drawing: string): string[] {
  return drawing.replace(/\n$/, '').split('\n')
}
