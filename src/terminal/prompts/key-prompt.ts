import { createPrompt, type KeypressEvent, useKeypress } from '@inquirer/core'
import { errorPaperOf, type Paper, signs, tint } from '../render/style.js'
import { type Asking, withPrompt } from './asking.js'
import { askKeyInLine, asksInLines } from './line-questions.js'

/** What one key does. */
export interface KeyChoice<Value> {
  value: Value
  /** As readline calls them: `return`, `escape`, `q`. */
  keys: readonly string[]
  /** The key as it is shown, and what it does. */
  key: string
  what: string
}

/** Asks for one key; other keys do nothing. What is asked does not stay on the screen. */
export function askKey<Value>(
  asking: Asking,
  message: string,
  choices: readonly KeyChoice<Value>[],
): Promise<Value> {
  if (asksInLines(asking.output)) return askKeyInLine(asking, message, choices)
  const paper = errorPaperOf(asking.output)
  return withPrompt(asking, (context) =>
    keyPrompt({ message, choices, paper }, { ...context, clearPromptOnDone: true }),
  ) as Promise<Value>
}

interface KeyConfig {
  message: string
  choices: readonly KeyChoice<unknown>[]
  paper: Paper
}

const keyPrompt = createPrompt<unknown, KeyConfig>(({ message, choices, paper }, done) => {
  useKeypress(({ name, ctrl, meta }: KeypressEvent & { meta?: boolean }, rl) => {
    rl.clearLine(0)
    const chosen = ctrl || meta ? undefined : choices.find(({ keys }) => keys.includes(name))
    if (chosen !== undefined) done(chosen.value)
  })
  const offers = choices.map(({ key, what }) => `${tint(paper, 'accent', key)} ${what}`)
  const question = [tint(paper, 'accent', '?'), tint(paper, 'strong', message)]
  return `${[...question, offers.join(` ${signs(paper).dot} `)].filter(Boolean).join(' ')} `
})
