import { wrapTexts, wrapWords } from '../render/fit-text.js'
import { type RenderStyle, signs, type Tone, tint } from '../render/style.js'

/** What is asked after the '? ', safe for a terminal. */
export interface AskedText {
  message: string
  hint?: string | undefined
  /** The answer that Enter gives, if it is shown. */
  answer?: string | undefined
}

/**
 * A question with its hint, and the default answer that follows after a space. Both are wrapped at
 * words, because a terminal breaks a line where it ends.
 */
export function wrapQuestion({ message, hint, answer }: AskedText, style: RenderStyle) {
  const words = (tone: Tone, text: string) => text.split(' ').map((word) => tint(style, tone, word))
  // Beside the sign, and with room for a first letter.
  const wrap = (texts: string[]) => wrapTexts(texts, ' ', style.columns - 4).join('\n  ')
  const asked = [...words('strong', message), ...(hint ? words('quiet', `(${hint})`) : [])]
  const question = wrap(asked)
  if (!answer) return { question, answer: '' }
  const rest = wrap([...asked, ...words('quiet', `(${answer})`)]).slice(question.length)
  return { question: rest.startsWith('\n') ? `${question}\n ` : question, answer: rest.trimStart() }
}

/** A theme for inquirer, whose own has colours even for a stream without them. */
export function promptTheme(style: RenderStyle, asked: AskedText) {
  const { done, failed, pointer, dot } = signs(style)
  const { question, answer } = wrapQuestion(asked, style)
  // The hint disappears when the question is answered.
  const answered = wrapQuestion({ message: asked.message }, style).question
  return {
    prefix: { idle: tint(style, 'accent', '?'), done: tint(style, 'good', done) },
    spinner: { interval: 80, frames: spinner(style).map((frame) => tint(style, 'warning', frame)) },
    icon: { cursor: pointer },
    style: {
      answer: (text: string) => tint(style, 'accent', text),
      message: (_text: string, status: string) => (status === 'done' ? answered : question),
      error: (text: string) => tint(style, 'bad', wrapError(`${failed} ${text}`, style)),
      defaultAnswer: () => answer,
      help: (text: string) => tint(style, 'quiet', text),
      highlight: (text: string) => tint(style, 'accent', text),
      key: (text: string) => tint(style, 'accent', text),
      disabled: (text: string) => tint(style, 'quiet', text),
      searchTerm: (text: string) => tint(style, 'accent', text),
      description: (text: string) => tint(style, 'quiet', text),
      keysHelpTip: (keys: [key: string, action: string][]) =>
        tint(style, 'quiet', keysHelp(keys, style, ` ${dot} `)),
      confirmDefault: (text: string) => text.toUpperCase(),
    },
  }
}

// Wrapped at words: inquirer would break a line where the terminal ends.
function wrapError(text: string, { columns }: RenderStyle): string {
  return wrapWords(text, columns - 2).join('\n  ')
}

function keysHelp(
  keys: [key: string, action: string][],
  style: RenderStyle,
  between: string,
): string {
  return keys
    .map(([key, action]) => `${style.unicode ? key : (asciiKeys[key] ?? key)} ${action}`)
    .join(between)
}

const asciiKeys: Record<string, string> = { '↑↓': 'up/down', '⏎': 'enter' }

function spinner({ unicode }: RenderStyle): string[] {
  return unicode ? [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'] : [...'|/-\\']
}
