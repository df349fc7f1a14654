import { type Command, InvalidArgumentError, Option } from 'commander'
import { TicketsError } from '../shared/errors.js'
import type { Handler } from './context.js'

/** A show as it is named on the command line. */
export const SHOW = "a show's id, the beginning of its id, or its name"

/** Which of several shows that bear the name of SHOW; for every command that takes one. */
export function dateOption(): Option {
  return once('--date <date>', 'which of several shows of that name: 2031-03-01')
}

/** Makes the action of a command from the file that has its handler. */
export type Action = (
  load: () => Promise<{ run: Handler<never, never> }>,
) => (...args: unknown[]) => Promise<void>

/** What comes before a command's arguments, without the program's name: 'booking cancel'. */
export function pathOf(command: Command): string {
  const { parent } = command
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name()
}

/** An option that may be given once only: of two values for seats, neither is a safe guess. */
export function once(
  flags: string,
  description: string,
  parse?: (value: string) => unknown,
): Option {
  const option = new Option(flags, description)
  const choices = option.choices.bind(option)
  const check = (value: string, previous: unknown) => {
    if (previous !== undefined) {
      // Commander's own sentence would repeat the value, and a URL may hold a password.
      throw new TicketsError('INVALID_INPUT', `${option.long} may be given only once.`)
    }
    if (option.argChoices && !option.argChoices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${option.argChoices.join(', ')}.`)
    }
    return parse ? parse(value) : value
  }
  option.choices = (values) => choices(values).argParser(check)
  return option.argParser(check)
}
