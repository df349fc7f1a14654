import { wrapWords } from '../render/fields.js'
import { type RenderStyle, signs, tint } from '../render/style.js'

/** A theme for inquirer in our colours, or without: its own ignores whether the stream has any. */
export function promptTheme(style: RenderStyle, hint?: string) {
  const { done, failed, pointer, dot } = signs(style)
  return {
    prefix: { idle: tint(style, 'accent', '?'), done: tint(style, 'good', done) },
    spinner: { interval: 80, frames: spinner(style).map((frame) => tint(style, 'warning', frame)) },
    icon: { cursor: pointer },
    style: {
      answer: (text: string) => tint(style, 'accent', text),
      // The hint goes once the question is answered.
      message: (text: string, status: string) =>
        tint(style, 'strong', text) +
        (hint && status !== 'done' ? ` ${tint(style, 'quiet', `(${hint})`)}` : ''),
      error: (text: string) => tint(style, 'bad', wrapError(`${failed} ${text}`, style)),
      defaultAnswer: (text: string) => tint(style, 'quiet', `(${text})`),
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
