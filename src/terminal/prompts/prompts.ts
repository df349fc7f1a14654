import type { PlacedRow } from '../../house/plan/seat-plan.js'
import { formatSeats } from '../../house/seats.js'
import { invalidInput } from '../../shared/errors.js'
import { foldText } from '../../shared/fold-text.js'
import { formatNumber } from '../../shared/numbers.js'
import { safeText } from '../../shared/safe-text.js'
import { fitText, padText, textWidth, wrapWords } from '../render/fit-text.js'
import type { RenderStyle } from '../render/style.js'
import { type Asking, checkedBy, withPrompt } from './asking.js'
import {
  askChoiceInLine,
  askKeyInLine,
  askLine,
  asksInLines,
  askYesInLine,
} from './line-questions.js'
import { type AskedText, promptTheme } from './prompt-theme.js'
import type {
  Choice,
  ChoiceQuestion,
  ConfirmQuestion,
  KeyChoice,
  NumberQuestion,
  SeatsQuestion,
  ShowQuestion,
  TextQuestion,
} from './questions.js'
import { parseSeatAnswer, type SeatAnswer } from './seat-answer.js'

export type { Asking } from './asking.js'
export type * from './questions.js'

// All questions are asked on stderr, and throw what withPrompt throws.

/** Asks for a line of text, and returns it trimmed; it is empty only if `check` allows that. */
export async function askText(asking: Asking, question: TextQuestion): Promise<string> {
  printAbove(asking, question)
  if (asksInLines(asking.output)) return askLine(asking, question)
  const { prompt } = await loadPrompts()
  const answer = (await withPrompt(asking, (context, fail) =>
    prompt(
      {
        type: 'input',
        message: question.message,
        ...(question.default === undefined ? {} : { default: question.default }),
        validate: checkedBy((text: string) => question.check?.(text.trim()), fail),
        theme: themeOf(asking, { ...question, answer: question.default }),
      },
      context,
    ),
  )) as string
  return answer.trim()
}

/** Asks for a whole number from `min` to `max`, which may be typed with thousands separators. */
export async function askNumber(asking: Asking, question: NumberQuestion): Promise<number> {
  const { message, min, max, reason } = question
  const numbers = `${formatNumber(min)} to ${formatNumber(max)}`
  const range = reason ? `${numbers} (${reason})` : numbers
  const answer = await askText(asking, {
    message,
    hint: range,
    ...(question.default === undefined ? {} : { default: String(question.default) }),
    check(text) {
      const number = readNumber(text)
      if (number === undefined || number < min || number > max) {
        throw invalidInput(`That must be a whole number, ${range}.`)
      }
    },
  })
  return readNumber(answer)!
}

/** Asks for one choice of a list that is searched while typing. A failed search ends the question. */
export async function askChoice<Value>(
  asking: Asking,
  question: ChoiceQuestion<Value>,
): Promise<Value> {
  if (asksInLines(asking.output)) return askChoiceInLine(asking, question)
  const { prompt, Separator } = await loadPrompts()
  const none = new Separator(`No ${question.noun} matches.`)
  return withPrompt(asking, (context, fail) => {
    const search = choiceSearch(question, none, asking.output.errorStyle, fail)
    return withEnterAhead(context.input, search, (source) =>
      prompt(
        {
          type: 'search',
          message: question.message,
          pageSize: 8,
          source,
          theme: themeOf(asking, question),
        },
        context,
      ),
    ) as Promise<Value>
  })
}

export function askShow<Show>(asking: Asking, question: ShowQuestion<Show>): Promise<Show> {
  return askChoice(asking, {
    message: 'Which show?',
    hint: 'type to filter',
    lineHint: 'number or name',
    noun: 'show',
    ...question,
  })
}

type Search<Found> = (term: string | undefined, of: { signal: AbortSignal }) => Promise<Found[]>

/**
 * inquirer ignores Enter while a search runs. An Enter that came during the search, after a name
 * that was typed fast, is pressed again if the search finds exactly one choice.
 */
async function withEnterAhead<Found, Answer>(
  input: NodeJS.ReadStream,
  search: Search<Found>,
  ask: (search: Search<Found>) => Promise<Answer>,
): Promise<Answer> {
  let searches = 0
  let isEnterAhead = false
  const onKey = (_: string, { name }: { name?: string }) => {
    isEnterAhead = searches > 0 && (name === 'return' || name === 'enter')
  }
  input.on('keypress', onKey)
  try {
    return await ask(async (term, of) => {
      searches += 1
      try {
        const found = await search(term, of)
        if (isEnterAhead && !of.signal.aborted && found.length === 1) {
          // Later, since the prompt must have received the result first.
          setImmediate(() => input.emit('keypress', '\r', { name: 'return' }))
        }
        return found
      } finally {
        searches -= 1
      }
    })
  } finally {
    input.off('keypress', onKey)
  }
}

/** Asks for a section, of which `free` seats are free, by its index; undefined for any. */
export function askSection(
  asking: Asking,
  sections: readonly { name: string; free: number }[],
): Promise<number | undefined> {
  const free = (seats: number) => `${formatNumber(seats)} free`
  const all = sections.reduce((sum, section) => sum + section.free, 0)
  const choices: Choice<number | undefined>[] = [
    { value: undefined, name: 'Any', details: free(all) },
    ...sections.map(({ name, free: seats }, value) => ({ value, name, details: free(seats) })),
  ]
  return askChoice(asking, {
    message: 'Which section?',
    noun: 'section',
    hint: 'type to filter',
    lineHint: 'number or name, Enter: any',
    search: async (term = '') => {
      const text = foldText(term)
      const named = (fits: (name: string) => boolean) =>
        choices.filter(({ name }) => fits(foldText(name)))
      const same = named((name) => name === text)
      const begun = same.length > 0 ? same : named((name) => name.startsWith(text))
      return begun.length > 0 ? begun : named((name) => name.includes(text))
    },
  })
}

/** Asks for seats by name (`5-8`, `A1-A4, B3`) or by number (`4 best`). */
export async function askSeats(asking: Asking, question: SeatsQuestion): Promise<SeatAnswer> {
  const { section } = question
  const example = exampleOf(question)
  const answer = await askText(asking, {
    message: `Which seats${section === undefined ? '' : ` in ${section}`}?`,
    hint: `${example}, or 4 best`,
    check(text) {
      if (text === '') {
        throw invalidInput(`Type seats like ${example}, or "4 best".`)
      }
      return question.check?.(parseSeatAnswer(text))
    },
  })
  return parseSeatAnswer(answer)
}

function exampleOf({ layout, section }: SeatsQuestion): string {
  const { plan } = layout
  if (!plan) return layout.seatsPerRow === null ? '5-8' : 'A1-A4'
  const rows = plan.rows.filter((row) => row.first <= row.last)
  const isHere = (row: PlacedRow) => plan.sections[row.section]!.name === section
  const { first, forSale } = rows.find(isHere) ?? rows[0]!
  const [one, two] = forSale
  return formatSeats(two?.column === one!.column + 1 ? [first, first + 1] : [first], layout)
}

/** Asks a yes-or-no question. */
export async function askConfirm(asking: Asking, question: ConfirmQuestion): Promise<boolean> {
  const { message, default: byDefault = true } = question
  printAbove(asking, question)
  if (asksInLines(asking.output)) return askYesInLine(asking, message, byDefault)
  const { prompt } = await loadPrompts()
  const theme = themeOf(asking, { message, answer: byDefault ? 'Y/n' : 'y/N' })
  return withPrompt(asking, (context) =>
    prompt({ type: 'confirm', message, default: byDefault, theme }, context),
  ) as Promise<boolean>
}

/** Asks for one key; other keys do nothing. The question does not stay on the screen. */
export async function askKey<Value>(
  asking: Asking,
  message: string,
  choices: readonly KeyChoice<Value>[],
): Promise<Value> {
  if (asksInLines(asking.output)) return askKeyInLine(asking, message, choices)
  const { keyPrompt, promptBy } = await loadPrompts()
  const style = asking.output.errorStyle
  return withPrompt(asking, (context) =>
    promptBy(keyPrompt, { message, choices, style }, { ...context, clearPromptOnDone: true }),
  ) as Promise<Value>
}

/** Prints the sentence above a question, for which its own line has no room. */
function printAbove({ output }: Asking, { above }: { above?: string }): void {
  if (above === undefined) return
  output.problem(wrapWords(safeText(above), output.errorStyle.columns).join('\n'))
}

function themeOf({ output }: Asking, { message, hint, answer }: AskedText) {
  const asked = { message: safeText(message), hint, answer: answer && safeText(answer) }
  return promptTheme(output.errorStyle, asked)
}

/** Loads inquirer with the first question, before stdin is read: keys would be lost in between. */
function loadPrompts() {
  return import('./prompt-module.js')
}

function readNumber(text: string): number | undefined {
  const digits = text.replace(/(?<=\d)[,_ ](?=\d{3})/g, '')
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined
}

/** Searches, and remembers the results: Tab types the whole line of a choice, which must match it. */
function choiceSearch<Value, None>(
  { search }: ChoiceQuestion<Value>,
  none: None,
  style: RenderStyle,
  fail: (error: unknown) => void,
) {
  const seen = new Map<string, Line<Value>>()
  return async (
    term: string | undefined,
    { signal }: { signal: AbortSignal },
  ): Promise<(Line<Value> | None)[]> => {
    const again = seen.get(term ?? '')
    if (again) return [again]
    try {
      const choices = toLines(await search(term, signal), style)
      for (const choice of choices) seen.set(choice.name, choice)
      return choices.length > 0 || !term ? choices : [none]
    } catch (error) {
      if (!signal.aborted) fail(error)
      throw error
    }
  }
}

/** A choice as inquirer shows it: `name` in the list, `short` as the answer. */
interface Line<Value> {
  value: Value
  name: string
  short: string
}

// Names and details in two columns, each choice on one line: a wrapped line looks like two choices.
function toLines<Value>(choices: Choice<Value>[], style: RenderStyle): Line<Value>[] {
  const names = choices.map(({ name }) => safeText(name))
  const details = choices.map((choice) => safeText(choice.details ?? ''))
  const room =
    style.columns - cursorWidth - Math.max(0, ...details.map((text) => textWidth(text) + 2))
  const widest = Math.max(0, ...names.map(textWidth))
  const nameWidth = Math.max(Math.min(widest, room), Math.min(widest, 12))
  return choices.map(({ value }, index) => {
    const name = padText(fitText(names[index]!, nameWidth, style), nameWidth)
    const line = fitText(`${name}  ${details[index]}`, style.columns - cursorWidth, style)
    return { value, short: names[index]!, name: line.trimEnd() }
  })
}

const cursorWidth = 3
