import { Chalk, type ChalkInstance } from 'chalk'
import type { Output } from '../io.js'

/** What can be drawn: how wide, and with which means. */
export interface Paper {
  columns: number
  color: boolean
  unicode: boolean
}

/** What a piece of text means to its reader; only this file knows the colours. */
export type Tone = 'strong' | 'quiet' | 'good' | 'warning' | 'bad' | 'accent'

/** The paper that stdout is, at this moment. */
export function paperOf(output: Output): Paper {
  return { columns: output.columns, color: output.useColor, unicode: output.unicode }
}

/** The paper that stderr is: as wide as stdout's, with colours of its own. */
export function errorPaperOf(output: Output): Paper {
  return { ...paperOf(output), color: output.useErrorColor }
}

/**
 * Is stdout's ground darker than what is written on it? Terminals' mostly are; what is piped may
 * end on real paper.
 */
export function isDarkGround({ isTerminal, io }: Output): boolean {
  // Some terminals tell, as 'foreground;background': 7 and 15 are white.
  const background = io.env.COLORFGBG?.split(';').at(-1)
  return isTerminal && background !== '7' && background !== '15'
}

/** Colours `text` by its meaning, with the 16 colours that follow the terminal's theme. */
export function tint(paper: Pick<Paper, 'color'>, tone: Tone | undefined, text: string): string {
  return tone && paper.color && text !== '' ? tones[tone](text) : text
}

/** The text in the colours of text and background exchanged: on paper without colours, too. */
export function inverted(text: string): string {
  return chalk.inverse(text)
}

/** The text in black on white where there are colours: a scanner must find dark on light. */
export function blackOnWhite({ color }: Pick<Paper, 'color'>, text: string): string {
  return color ? chalk.black.bgWhiteBright(text) : text
}

/** Signs that stand at the beginning of a line, by what they say. */
export function signs(paper: Pick<Paper, 'unicode'>) {
  return paper.unicode
    ? {
        ...{ done: '✓', failed: '✗', held: '◐', waiting: '…' },
        ...{ pointer: '❯', arrow: '→', ellipsis: '…', dot: '·' },
      }
    : {
        ...{ done: '+', failed: 'x', held: '?', waiting: '~' },
        ...{ pointer: '>', arrow: '->', ellipsis: '~', dot: '-' },
      }
}

// Level 1 always: whether there is colour at all is the paper's decision, not chalk's.
const chalk = new Chalk({ level: 1 })

const tones: Record<Tone, ChalkInstance> = {
  strong: chalk.bold,
  quiet: chalk.dim,
  good: chalk.green,
  warning: chalk.yellow,
  bad: chalk.red,
  accent: chalk.cyan,
}
