import type { Argument, Command, Option } from 'commander'
import { foldText } from '../../shared/fold-text.js'
import { safeText } from '../../shared/safe-text.js'
import type { Context, Handler } from '../context.js'
import { candidatesFor } from './candidates.js'
import type { Shell } from './completion.js'
import { quoteFor, unquote } from './shell-words.js'

/** Something to type, and what it is: told only where it is shown. */
export interface Candidate {
  value: string
  about?: () => string
}

/** Where the cursor is: what was typed before it, and what may come there. */
export interface Cursor {
  /** The word as far as it is typed, without quotes. */
  typed: string
  /** The option or argument whose value is wanted; undefined: a command or an option's name. */
  wanted: Option | Argument | undefined
  command: Command
  /** The arguments and the options' values before the cursor. */
  args: string[]
  values: Map<string, string>
}

/**
 * `tickets complete SHELL INDEX -- WORD…`: what may stand in the place of word INDEX of a line of
 * `program`, a line each. For shells: whatever goes wrong, it says nothing, so that a press of Tab
 * never fails.
 */
export function completing(program: Command): Handler<object, [Shell, string, string[]]> {
  return async (context, _options, shell, index, words) => {
    const raw = words[Number(index)] ?? ''
    const before = words.slice(1, Number(index)).map(unquote)
    // '--seats=A1' is an option and the beginning of its value.
    const [, head = '', typed = unquote(raw)] = /^(--[\w-]+=)(.*)$/s.exec(unquote(raw)) ?? []
    const preceding = joinEquals([...before, ...(head === '' ? [] : [head.slice(0, -1)])])
    const cursor = findCursor(program, preceding, typed)
    const candidates = await offers(context, cursor).catch(() => [])
    const typedStart = foldText(cursor.typed)
    const lines = candidates
      .filter(({ value }) => foldText(value).startsWith(typedStart) || value === ':files')
      .map(({ value, about }) => {
        const quoted = head + quoteFor(shell, value, raw)
        return shell === 'bash' || !about ? quoted : `${quoted}\t${safeText(about())}`
      })
    await context.output.write(lines.map((line) => `${line}\n`).join(''))
  }
}

/** Bash hands over '--seats=A1' as three words. */
function joinEquals(words: string[]): string[] {
  return words.filter((word) => word !== '=')
}

function findCursor(program: Command, before: string[], typed: string): Cursor {
  const cursor: Cursor = { typed, wanted: undefined, command: program, args: [], values: new Map() }
  let pending: Option | undefined
  for (const word of before) {
    const { command } = cursor
    const sub = cursor.args.length === 0 && command.commands.find((one) => one.name() === word)
    if (pending) {
      cursor.values.set(pending.attributeName(), word)
      pending = undefined
    } else if (word.startsWith('-')) {
      const [name, value] = splitOption(word)
      const option = optionsOf(command).find(({ long, short }) => long === name || short === name)
      if (option && value !== undefined) cursor.values.set(option.attributeName(), value)
      else if (option?.required) pending = option
    } else if (sub) {
      cursor.command = sub
    } else {
      cursor.args.push(word)
    }
  }
  if (pending) return { ...cursor, typed: typed === '=' ? '' : typed, wanted: pending }
  const { args, command } = cursor
  const isOption = typed.startsWith('-')
  return isOption ? cursor : { ...cursor, wanted: command.registeredArguments[args.length] }
}

function splitOption(word: string): [string, string | undefined] {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

/** A command's own options and those of the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options
}

async function offers(context: Context, cursor: Cursor): Promise<Candidate[]> {
  const { command, typed, wanted, values } = cursor
  if (wanted?.argChoices) return wanted.argChoices.map((value) => ({ value }))
  if (wanted) return candidatesFor(context, cursor)
  if (typed.startsWith('-')) {
    const open = optionsOf(command).filter(
      (option) => !option.hidden && !values.has(option.attributeName()),
    )
    return open.map(({ long, description }) => ({ value: long!, about: () => description }))
  }
  return command.commands
    .filter((one) => !isHidden(one))
    .map((one) => ({ value: one.name(), about: () => one.description() }))
}

function isHidden(command: Command): boolean {
  return !command.parent?.createHelp().visibleCommands(command.parent).includes(command)
}
