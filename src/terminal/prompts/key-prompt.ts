import { createPrompt, type KeypressEvent, useKeypress } from '@inquirer/core'
import { type Paper, signs, tint } from '../render/style.js'
import type { KeyChoice } from './questions.js'

export interface KeyConfig {
  message: string
  choices: readonly KeyChoice<unknown>[]
  paper: Paper
}

/** A prompt for inquirer that one of a few keys answers; other keys do nothing. */
export const keyPrompt = createPrompt<unknown, KeyConfig>(({ message, choices, paper }, done) => {
  useKeypress(({ name, ctrl, meta }: KeypressEvent & { meta?: boolean }, rl) => {
    rl.clearLine(0)
    const chosen = ctrl || meta ? undefined : choices.find(({ keys }) => keys.includes(name))
    if (chosen !== undefined) done(chosen.value)
  })
  const offers = choices.map(({ key, what }) => `${tint(paper, 'accent', key)} ${what}`)
  const question = [tint(paper, 'accent', '?'), tint(paper, 'strong', message)]
  return `${[...question, offers.join(` ${signs(paper).dot} `)].filter(Boolean).join(' ')} `
})
