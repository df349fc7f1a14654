import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { BookingStatus } from '../client/api.js'
import { invalidInput } from '../shared/errors.js'
import type { CommandNeeds, Handler, Run } from './context.js'

/**
 * A command, or a group of commands: what may be typed, what help says, what completion offers, and
 * what runs it. `commands/all.ts` lists the declarations of the program.
 */
export interface Declaration extends CommandNeeds {
  name: string
  /** What it does; the first sentence of its help. */
  about: string
  /** Leaves it out of the lists of help and completion. */
  isHidden?: true
  /** By term: '<show>' is required, '[show]' is optional, '[command...]' takes several words. */
  arguments?: ParametersByTerm
  /** By flags: '--seats <spec>', '-y, --yes'. An option with one value may be given once. */
  options?: ParametersByTerm
  /** Command lines that work without changes. The tests run every one. */
  examples?: readonly string[]
  /** The exit codes that it may end with. */
  exits?: readonly number[]
  /** The table of a help topic: its own, or that of the options of every command. */
  rows?: readonly HelpRow[] | 'options'
  /** The commands of a group. */
  commands?: readonly Declaration[]
  run?: LoadHandler
}

/** Loads what runs a command. `command` is the declared command in the program's tree. */
export type LoadHandler = (run: Run, command: Command) => Promise<{ run: Handler<never, never> }>

export type HelpRow = readonly [term: string, about: string]

/** Arguments or options in order, each with its description, or with more. */
export type ParametersByTerm = Readonly<Record<string, string | Parameter>>

/** An argument or an option. */
export interface Parameter {
  about: string
  /** The only values that it takes. */
  choices?: readonly string[]
  /** The names, without dashes, of options that exclude it. */
  conflictsWith?: string[]
  isHidden?: true
  /** Reads its value. Throws INVALID_INPUT. */
  parse?(text: string): unknown
  /** What completion offers for its value, beyond `choices`. */
  completes?: Completes
}

/**
 * Values that completion offers. Seats are those of the show, or else of the booking, that stands
 * on the same command line; dates and sections are those of the show there. With `orPlans`, the
 * plans of the directory come before the shows, and other files if none of them begins as typed.
 */
export type Completes =
  | 'files'
  | 'dates'
  | 'sections'
  | { shows: OfferedShows; orPlans?: true }
  | { bookings: OfferedBookings }
  | { seats: OfferedSeats }

export type OfferedShows = 'any' | 'not cancelled' | 'upcoming'
export type OfferedBookings = readonly BookingStatus[] | 'any'
export type OfferedSeats = 'any' | 'free' | 'of the booking'

/** Runs a command with the values of its arguments. */
export type Execute = (load: LoadHandler, command: Command, args: unknown[]) => Promise<void>

const declarations = new WeakMap<Command, Declaration>()
const completions = new WeakMap<Argument | Option, Completes>()

/** Adds what is declared to a command of commander, with the commands below it. */
export function declare(command: Command, declaration: Declaration, execute: Execute): void {
  const { about, arguments: args = {}, options = {}, commands = [], run } = declaration
  declarations.set(command, declaration)
  command.description(about)
  for (const [term, parameter] of Object.entries(args)) {
    command.addArgument(withCompletion(argumentOf(term, detailed(parameter)), parameter))
  }
  for (const [flags, parameter] of Object.entries(options)) {
    command.addOption(withCompletion(optionOf(flags, detailed(parameter)), parameter))
  }
  for (const inner of commands) {
    const hidden = inner.isHidden === true
    declare(command.command(inner.name, { hidden }), inner, execute)
  }
  // After the arguments, commander passes the options and the command.
  if (run) command.action((...args) => execute(run, command, args.slice(0, -2)))
}

/** The declaration of a command. */
export function declarationOf(command: Command): Declaration {
  const declaration = declarations.get(command)
  if (declaration === undefined) throw new Error(`${command.name()} is not declared`)
  return declaration
}

/** The commands of a group that help and completion list. */
export function visibleCommands({ commands }: Command): Command[] {
  return commands.filter((command) => !declarationOf(command).isHidden)
}

/** What completion offers for an argument or an option. */
export function completesOf(parameter: Argument | Option): Completes | undefined {
  return completions.get(parameter)
}

/** The words that name a command: 'booking cancel'. */
export function pathOf(command: Command): string {
  const { parent } = command
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name()
}

/** The command that the words lead to, and the first word that is not a command. */
export function commandAt(
  program: Command,
  words: readonly string[],
): { command: Command; stray: string | undefined } {
  let command = program
  let stray: string | undefined
  for (const word of words) {
    const inner = command.commands.find((one) => one.name() === word)
    if (inner) command = inner
    else stray ??= word
  }
  return { command, stray }
}

function detailed(parameter: string | Parameter): Parameter {
  return typeof parameter === 'string' ? { about: parameter } : parameter
}

function withCompletion<T extends Argument | Option>(made: T, parameter: string | Parameter): T {
  const { completes } = detailed(parameter)
  if (completes !== undefined) completions.set(made, completes)
  return made
}

function argumentOf(term: string, { about, choices }: Parameter): Argument {
  const argument = new Argument(term, about)
  return choices ? argument.choices([...choices]) : argument
}

function optionOf(flags: string, parameter: Parameter): Option {
  const { about, choices, conflictsWith, isHidden } = parameter
  const option = new Option(flags, about).hideHelp(isHidden === true)
  if (choices) option.choices([...choices])
  if (conflictsWith !== undefined) option.conflicts(conflictsWith)
  return option.required && !option.variadic ? onlyOnce(option, parameter) : option
}

/** Refuses a second value: the program must not guess which of the two is meant. */
function onlyOnce(option: Option, { choices, parse }: Parameter): Option {
  return option.argParser((value: string, previous: unknown) => {
    if (previous !== undefined) {
      // Commander's own sentence would repeat the value, and a URL may hold a password.
      throw invalidInput(`${option.long} may be given only once.`)
    }
    if (choices && !choices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
    }
    return parse ? parse(value) : value
  })
}
