import { createInterface } from 'node:readline'
import { invalidInput, type TicketsError } from '../../shared/errors.js'
import { safeText } from '../../shared/safe-text.js'
import { isSet, type Output } from '../io.js'
import { wrapWords } from '../render/fit-text.js'
import { printProblem } from '../render/problem-card.js'
import { type RenderStyle, tint } from '../render/style.js'
import { type Asking, checkedBy, withPrompt } from './asking.js'
import { wrapQuestion } from './prompt-theme.js'
import type { Choice, ChoiceQuestion, KeyChoice, TextQuestion } from './questions.js'

// The questions of prompts.ts as a dialogue in lines: text that is written never moves or changes.
// The terminal itself edits the line, as for any program that reads lines.

/** Whether questions are asked line by line: for screen readers, or if the cursor cannot move. */
export function asksInLines({ io: { env } }: Output): boolean {
  return isSet(env.TICKETS_PLAIN) || env.TERM === 'dumb'
}

/** Asks for a line of text, and returns it trimmed. */
export function askLine(asking: Asking, question: TextQuestion): Promise<string> {
  const { output } = asking
  return withPrompt(asking, async ({ input, signal }, fail) => {
    const lines = createInterface({ input, terminal: false, signal })
    try {
      const answer = await firstAnswer(lines, question, output, fail, signal)
      if (answer !== undefined) return answer
    } finally {
      // Lines that are typed ahead answer the next question.
      lines.close()
    }
    // Ends the line of the question that has no answer.
    output.problem('')
    throw signal.reason
  })
}

/** Asks a yes-or-no question; an empty line means `byDefault`. */
export async function askYesInLine(
  asking: Asking,
  message: string,
  byDefault: boolean,
): Promise<boolean> {
  const answer = await askLine(asking, {
    message,
    hint: byDefault ? 'Y/n' : 'y/N',
    check: (text) => {
      if (!/^(y|yes|n|no|)$/i.test(text)) throw again('Type y or n.')
    },
  })
  return answer === '' ? byDefault : /^y/i.test(answer)
}

/** Asks for one of a few keys, typed as a line: an empty one for Enter, or a letter. */
export async function askKeyInLine<Value>(
  asking: Asking,
  message: string,
  choices: readonly KeyChoice<Value>[],
): Promise<Value> {
  const offers = choices.map(({ key, what }) => `${key} ${what}`).join(', ')
  let chosen: KeyChoice<Value> | undefined
  await askLine(asking, {
    message: [message, offers].filter(Boolean).join(' '),
    check: (text) => {
      chosen = choices.find(({ keys }) => keys.includes(text.toLowerCase() || 'return'))
      if (chosen === undefined) throw again('That is not one of the choices.')
    },
  })
  return chosen!.value
}

/** Asks for one choice of a numbered list: takes its number, or a text to search for. */
export async function askChoiceInLine<Value>(
  asking: Asking,
  { message, noun, hint, lineHint = hint, search }: ChoiceQuestion<Value>,
): Promise<Value> {
  const { signal } = new AbortController()
  let offered = await search(undefined, signal)
  let chosen: Choice<Value> | undefined
  const list = () => asking.output.problem(numbered(offered, asking.output.errorStyle))
  if (offered.length > 0) list()
  await askLine(asking, {
    message,
    hint: lineHint,
    check: async (text) => {
      chosen = offered.slice(0, MOST_LISTED)[Number(text || 1) - 1]
      if (chosen !== undefined) return
      const found = await search(text, signal)
      if (found.length === 0) throw again(`No ${noun} matches.`)
      if (found.length === 1) {
        chosen = found[0]
        return
      }
      offered = found
      list()
      throw again(`${found.length} ${noun}s match. Type the number of one.`)
    },
  })
  return chosen!.value
}

/** The first line that is a valid answer; undefined when the input or the question ends first. */
async function firstAnswer(
  lines: AsyncIterable<string>,
  question: TextQuestion,
  output: Output,
  fail: (error: unknown) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const check = checkedBy((text: string) => question.check?.(text), fail)
  const ask = () => output.io.stderr.write(promptFor(question, output))
  ask()
  for await (const line of lines) {
    const answer = line.trim() || (question.default ?? '')
    const verdict = await check(answer)
    if (verdict === true) return answer
    if (signal.aborted) return undefined
    printProblem(output, { message: verdict })
    ask()
  }
  return undefined
}

/** A screen reader takes long to read more choices aloud. */
const MOST_LISTED = 20

function numbered(choices: Choice<unknown>[], { columns }: RenderStyle): string {
  const lines = choices.slice(0, MOST_LISTED).flatMap(({ name, details }, index) => {
    const text = [safeText(name), safeText(details ?? '')].filter(Boolean).join(', ')
    const [first, ...rest] = wrapWords(text, columns - numberWidth)
    return [
      `${`${index + 1}.`.padEnd(numberWidth)}${first}`,
      ...rest.map((line) => ' '.repeat(numberWidth) + line),
    ]
  })
  const more = choices.length - MOST_LISTED
  return [...lines, ...(more > 0 ? [`And ${more} more: type a part of the name.`] : [])].join('\n')
}

const numberWidth = 4

function promptFor({ message, hint, default: answer }: TextQuestion, output: Output): string {
  const style = output.errorStyle
  const hints = [hint, answer === undefined ? undefined : `Enter: ${safeText(answer)}`]
  const asked = {
    message: safeText(message),
    hint: hints.filter((text) => text !== undefined).join('; '),
  }
  return `${tint(style, 'accent', '?')} ${wrapQuestion(asked, style).question} `
}

function again(sentence: string): TicketsError {
  return invalidInput(sentence)
}
