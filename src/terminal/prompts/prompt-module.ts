import inquirer, { type DistinctQuestion, type PromptSession } from 'inquirer'

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
