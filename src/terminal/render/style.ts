import { Chalk, type ChalkInstance } from 'chalk'

/** How to draw: the width in columns, and whether with colours and characters beyond ASCII. */
export interface RenderStyle {
  columns: number
  color: boolean
  unicode: boolean
}

/** The meaning of a text, by which it is coloured; only this file knows the colours. */
export type Tone = 'strong' | 'quiet' | 'good' | 'warning' | 'bad' | 'accent'

/** Colours `text` by its meaning, with the 16 colours that follow the terminal's theme. */
export function tint(
  style: Pick<RenderStyle, 'color'>,
  tone: Tone | undefined,
  text: string,
): string {
  return tone && style.color && text !== '' ? tones[tone](text) : text
}

/** The text with the colours of text and background exchanged, even in a style without colours. */
export function inverted(text: string): string {
  return chalk.inverse(text)
}

/** The text in black on white if there are colours: a scanner needs dark modules on light. */
export function blackOnWhite({ color }: Pick<RenderStyle, 'color'>, text: string): string {
  return color ? chalk.black.bgWhiteBright(text) : text
}

/** Signs for the beginning of a line, by their meaning. */
export function signs(style: Pick<RenderStyle, 'unicode'>) {
  return style.unicode
    ? {
        ...{ done: '✓', failed: '✗', held: '◐', waiting: '…' },
        ...{ pointer: '❯', arrow: '→', ellipsis: '…', dot: '·' },
      }
    : {
        ...{ done: '+', failed: 'x', held: '?', waiting: '~' },
        ...{ pointer: '>', arrow: '->', ellipsis: '~', dot: '-' },
      }
}

// Level 1 always: the style decides whether there are colours, not chalk.
const chalk = new Chalk({ level: 1 })

const tones: Record<Tone, ChalkInstance> = {
  strong: chalk.bold,
  quiet: chalk.dim,
  good: chalk.green,
  warning: chalk.yellow,
  bad: chalk.red,
  accent: chalk.cyan,
}
