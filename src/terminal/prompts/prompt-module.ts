import inquirer, { type DistinctQuestion, type PromptSession } from 'inquirer'
import { type PickerConfig, pickerPrompt } from '../seat-picker/picker-prompt.js'
import { type KeyConfig, keyPrompt } from './key-prompt.js'

export const { Separator } = inquirer

/** What may be asked: inquirer's own prompts that are used here, and those registered below. */
type Question =
  | Unnamed<Extract<DistinctQuestion, { type: 'input' | 'search' | 'confirm' }>>
  | ({ type: 'key' } & KeyConfig)
  | ({ type: 'seats' } & PickerConfig)

type Unnamed<Named> = Named extends unknown ? Omit<Named, 'name'> : never

type Streams = NonNullable<Parameters<typeof inquirer.createPromptModule>[0]>

/**
 * Asks one question through inquirer, on these streams. Rejects as inquirer does at Ctrl-C and when
 * the signal of `streams` aborts.
 */
export async function prompt(question: Question, streams: Streams): Promise<unknown> {
  const ask = inquirer
    .createPromptModule(streams)
    .registerPrompt('key', keyPrompt)
    .registerPrompt('seats', pickerPrompt)
  const { answer } = await ask({ ...question, name: 'answer' } as PromptSession)
  return answer
}
