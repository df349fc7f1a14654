import { wrapWords } from '../render/fields.js'
import { type Paper, signs, tint } from '../render/style.js'

/** A theme for inquirer in our colours, or without: its own ignores whether the stream has any. */
export function promptTheme(paper: Paper, hint?: string) {
  const { done, failed, pointer, dot } = signs(paper)
  return {
    prefix: { idle: tint(paper, 'accent', '?'), done: tint(paper, 'good', done) },
    spinner: { interval: 80, frames: spinner(paper).map((frame) => tint(paper, 'warning', frame)) },
    icon: { cursor: pointer },
    style: {
      answer: (text: string) => tint(paper, 'accent', text),
      // The hint goes once the question is answered.
      message: (text: string, status: string) =>
        tint(paper, 'strong', text) +
        (hint && status !== 'done' ? ` ${tint(paper, 'quiet', `(${hint})`)}` : ''),
      error: (text: string) => tint(paper, 'bad', wrapError(`${failed} ${text}`, paper)),
      defaultAnswer: (text: string) => tint(paper, 'quiet', `(${text})`),
      help: (text: string) => tint(paper, 'quiet', text),
      highlight: (text: string) => tint(paper, 'accent', text),
      key: (text: string) => tint(paper, 'accent', text),
      disabled: (text: string) => tint(paper, 'quiet', text),
      searchTerm: (text: string) => tint(paper, 'accent', text),
      description: (text: string) => tint(paper, 'quiet', text),
      keysHelpTip: (keys: [key: string, action: string][]) =>
        tint(paper, 'quiet', keysHelp(keys, paper, ` ${dot} `)),
      confirmDefault: (text: string) => text.toUpperCase(),
    },
  }
}

// Wrapped at words: inquirer would break a line where the terminal ends.
function wrapError(text: string, { columns }: Paper): string {
  return wrapWords(text, columns - 2).join('\n  ')
}

function keysHelp(keys: [key: string, action: string][], paper: Paper, between: string): string {
  return keys
    .map(([key, action]) => `${paper.unicode ? key : (asciiKeys[key] ?? key)} ${action}`)
    .join(between)
}

const asciiKeys: Record<string, string> = { '↑↓': 'up/down', '⏎': 'enter' }

function spinner({ unicode }: Paper): string[] {
  return unicode ? [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'] : [...'|/-\\']
}
