import { createPrompt, type KeypressEvent, useKeypress } from '@inquirer/core'
import { wrapTexts } from '../render/fit-text.js'
import { type RenderStyle, signs, tint } from '../render/style.js'
import type { KeyChoice } from './questions.js'

export interface KeyConfig {
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
