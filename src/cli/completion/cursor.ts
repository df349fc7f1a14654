import type { Argument, Command, Option } from 'commander'

/** A word to offer; `about`, which describes it, is called only if a shell shows it. */
export interface Candidate {
  value: string
  about?: () => string
}

/** The candidate that stands for the files of the shell, offered if no other one matches. */
export const FILES_SIGN = ':files'

/** Where the cursor is: what was typed before it, and what may come there. */
export interface Cursor {
  /** The typed part of the word, without quotes. */
  typed: string
  /** The option or argument whose value is wanted; undefined: a command or an option's name. */
  wanted: Option | Argument | undefined
  command: Command
  /** The values before the cursor: those of options, then those of arguments. */
  given: readonly GivenValue[]
  /** The values of options before the cursor, by name. */
  optionValues: ReadonlyMap<string, string>
}

export interface GivenValue {
  parameter: Option | Argument
  value: string
}

/** Finds the cursor: it comes after the words `before`, in a word that begins with `typed`. */
export function findCursor(program: Command, before: readonly string[], typed: string): Cursor {
  let command = program
  let pending: Option | undefined
  const args: string[] = []
  const options = new Map<Option, string>()
  for (const word of before) {
    const inner = args.length === 0 && command.commands.find((one) => one.name() === word)
    if (pending) {
      options.set(pending, word)
      pending = undefined
    } else if (word.startsWith('-')) {
      const [name, value] = splitOption(word)
      const option = optionsOf(command).find(({ long, short }) => long === name || short === name)
      if (option && value !== undefined) options.set(option, value)
      else if (option?.required) pending = option
    } else if (inner) {
      command = inner
    } else {
      args.push(word)
    }
  }
  const { registeredArguments } = command
  const cursor = {
    command,
    typed,
    given: [
      ...Array.from(options, ([parameter, value]) => ({ parameter, value })),
      ...args.flatMap((value, at) => {
        const parameter = registeredArguments[at]
        return parameter ? [{ parameter, value }] : []
      }),
    ],
    optionValues: new Map(
      Array.from(options, ([option, value]) => [option.attributeName(), value]),
    ),
  }
  // Bash passes the '=' of '--seats=' as a separate word.
  if (pending) return { ...cursor, typed: typed === '=' ? '' : typed, wanted: pending }
  const isOption = typed.startsWith('-')
  return { ...cursor, wanted: isOption ? undefined : registeredArguments[args.length] }
}

/** A command's own options and those of the commands above it. */
export function optionsOf(command: Command): readonly Option[] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options
}

function splitOption(word: string): [string, string | undefined] {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}
