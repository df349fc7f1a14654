import type { Argument, Command, Option } from 'commander'
import { commandTree } from '../../../src/cli/main.js'
import type { Io, Output } from '../../../src/terminal/io.js'
import { CLEAR, each, HALF, type HostileInput, LONG, TITLE, usage } from './values.js'

/** The program's command line, which is inspected and never run. */
const program = await commandTree({
  io: {} as Io,
  output: {} as Output,
  signal: new AbortController().signal,
  exitCode: 0,
  environment: {},
  main: async () => 0,
})

const commands = leavesOf(program)
const notChoices = ['', ' ', 'x', 'constructor', '__proto__', '\0', HALF, CLEAR, TITLE, LONG]

/** Lines with a wrong syntax, for every command and each of its flags. */
export const commandLineInputs: Record<string, HostileInput[]> = {
  'an unknown flag': commands.map((command) => usage([...pathOf(command), '--nonsense'])),
  'an argument too many': commands
    .filter((command) => !command.registeredArguments.some(({ variadic }) => variadic))
    .map((command) => {
      const most = command.registeredArguments.length
      return usage([...pathOf(command), '--', ...Array<string>(most + 1).fill('--nonsense')])
    }),
  'a repeated flag': eachOption(
    ({ required, variadic }) => required && !variadic,
    (path, { long, argChoices }) => {
      const value = argChoices?.[0] ?? '1s'
      return [usage([...path, long!, value, long!, value])]
    },
  ),
  'a flag without its value': eachOption(
    ({ required }) => required,
    (path, { long }) => [usage([...path, long!])],
  ),
  'a value for a flag that takes none': eachOption(
    ({ required }) => !required,
    (path, { long }) =>
      ['', 'no', 'false', '0', '1'].map((value) => usage([...path, `${long}=${value}`])),
  ),
  'an invalid choice': [
    ...eachOption(
      ({ argChoices }) => argChoices !== undefined,
      (path, { long }) => each(notChoices, (value) => [...path, long!, value]),
    ),
    ...commands.flatMap((command) =>
      command.registeredArguments.flatMap(({ argChoices }, at) =>
        argChoices
          ? each(notChoices, (value) => [...pathOf(command), ...Array(at).fill('x'), value])
          : [],
      ),
    ),
  ],
}

/**
 * The arguments and flags for which the table has fewer than six different inputs. As 'booking move
 * --to', 'booking move <booking>' and, for those of all commands, '--wait'.
 */
export function untried(inputs: readonly HostileInput[]): string[] {
  const tried = new Map<string, Set<string>>()
  for (const input of inputs) {
    const place = placeOf(input)
    if (place !== undefined) tried.set(place, (tried.get(place) ?? new Set()).add(input.hostile!))
  }
  return places().filter((place) => (tried.get(place)?.size ?? 0) < 6)
}

/** The command of a line, such as 'booking move'; '' if there is none. */
export function commandOf({ argv }: HostileInput): string {
  let command = program
  for (const word of argv) command = subcommand(command, word) ?? command
  return pathOf(command).join(' ')
}

/** Every place of the command line that takes a value. */
function places(): string[] {
  return [program, ...commands].flatMap((command) => [
    ...command.options
      .filter(({ required }) => required)
      .map(({ long }) => placeIn(command, long!)),
    ...command.registeredArguments.map((argument) => placeIn(command, `<${argument.name()}>`)),
  ])
}

/** The place of the hostile word of a line, if it has one. */
function placeOf({ argv, hostile }: HostileInput): string | undefined {
  if (hostile === undefined) return undefined
  let command = program
  let pending: Option | undefined
  const args: string[] = []
  for (const word of argv) {
    if (pending && word === hostile) {
      return placeIn(program.options.includes(pending) ? program : command, pending.long!)
    }
    const isValue = pending !== undefined
    pending = isValue ? undefined : optionOf(command, word)
    if (isValue || pending || word === '--') continue
    const next = args.length === 0 ? subcommand(command, word) : undefined
    if (next) command = next
    else args.push(word)
    if (!next && word === hostile) {
      const argument = argumentAt(command, args.length - 1)
      return argument && placeIn(command, `<${argument.name()}>`)
    }
  }
  return undefined
}

function placeIn(command: Command, name: string): string {
  return [...pathOf(command), name].join(' ')
}

/** The option with a value that a word names. */
function optionOf(command: Command, word: string): Option | undefined {
  return [...command.options, ...program.options].find(
    ({ long, short, required }) => required && (long === word || short === word),
  )
}

function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1)
  return registeredArguments[index] ?? (last?.variadic ? last : undefined)
}

function subcommand(command: Command, name: string): Command | undefined {
  return command.commands.find((one) => one.name() === name)
}

function eachOption(
  isMeant: (option: Option) => boolean,
  linesFor: (path: string[], option: Option) => HostileInput[],
): HostileInput[] {
  const owners: [string[], Command][] = [
    [['show', 'list'], program],
    ...commands.map((command): [string[], Command] => [pathOf(command), command]),
  ]
  return owners.flatMap(([path, { options }]) =>
    options.filter(isMeant).flatMap((option) => linesFor(path, option)),
  )
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : []
}
