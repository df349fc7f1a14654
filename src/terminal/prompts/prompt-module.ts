import { createPrompt, type KeypressEvent, useKeypress } from '@inquirer/core'
import inquirer, { type DistinctQuestion, type PromptSession } from 'inquirer'
import { wrapTexts } from '../render/fit-text.js'
import { type RenderStyle, signs, tint } from '../render/style.js'
import type { KeyChoice } from './questions.js'

export const { Separator } = inquirer

/** What inquirer's own prompts ask. */
type Question = Unnamed<Extract<DistinctQuestion, { type: 'input' | 'search' | 'confirm' }>>

type Unnamed<Named> = Named extends unknown ? Omit<Named, 'name'> : never

type PromptModule = ReturnType<typeof inquirer.createPromptModule<never>>
type Streams = NonNullable<Parameters<typeof inquirer.createPromptModule>[0]>

/**
 * Asks one question through inquirer, on these streams. Rejects as inquirer does at Ctrl-C and when
 * the signal of `streams` aborts.
 */
export function prompt(question: Question, streams: Streams): Promise<unknown> {
  return ask(inquirer.createPromptModule(streams), question)
}

/** The same by a prompt of this program, which is registered with inquirer. */
export function promptBy<Config extends object, Answer>(
  own: (config: Config) => Promise<Answer>,
  config: Config,
  streams: Streams,
): Promise<Answer> {
  const module = inquirer.createPromptModule(streams).registerPrompt('own', own as () => never)
  return ask(module, { ...config, type: 'own' }) as Promise<Answer>
}

async function ask(module: PromptModule, question: object): Promise<unknown> {
  const { answer } = await module({ ...question, name: 'answer' } as PromptSession)
  return answer
}

interface KeyConfig {
  message: string
  choices: readonly KeyChoice<unknown>[]
  style: RenderStyle
}

/** A prompt for inquirer that one of a few keys answers; other keys do nothing. */
export const keyPrompt = createPrompt<unknown, KeyConfig>(({ message, choices, style }, done) => {
  useKeypress(({ name, ctrl, meta }: KeypressEvent & { meta?: boolean }, rl) => {
    rl.clearLine(0)
    const chosen = ctrl || meta ? undefined : choices.find(({ keys }) => keys.includes(name))
    if (chosen !== undefined) done(chosen.value)
  })
  const { dot } = signs(style)
  const offers = choices.map(({ key, what }, index) => {
    const offer = `${tint(style, 'accent', key)} ${what}`
    return index < choices.length - 1 ? `${offer} ${dot}` : offer
  })
  const question = [tint(style, 'accent', '?'), tint(style, 'strong', message)].filter(Boolean)
  return `${wrapTexts([...question, ...offers], ' ', style.columns - 1).join('\n  ')} `
})
