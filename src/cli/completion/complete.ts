import type { Command } from 'commander'
import { foldText } from '../../shared/fold-text.js'
import { safeText } from '../../shared/safe-text.js'
import type { Context, Handler } from '../context.js'
import { visibleCommands } from '../declaration.js'
import { candidatesFor } from './candidates.js'
import type { Shell } from './completion.js'
import { type Candidate, type Cursor, FILES_SIGN, findCursor, optionsOf } from './cursor.js'
import { quoteFor, unquote } from './shell-words.js'

/**
 * `tickets complete SHELL INDEX -- WORD…`: prints the candidates for word INDEX of a command line,
 * one a line, for the shells. Errors print nothing, so that a press of Tab never fails.
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
    const files = candidates.filter(({ value }) => value === FILES_SIGN)
    const matching = candidates.filter(
      ({ value }) => value !== FILES_SIGN && foldText(value).startsWith(typedStart),
    )
    const lines = (matching.length > 0 ? matching : files).map(({ value, about }) => {
      const quoted = head + quoteFor(shell, value, raw)
      return shell === 'bash' || !about ? quoted : `${quoted}\t${safeText(about())}`
    })
    await context.output.write(lines.map((line) => `${line}\n`).join(''))
  }
}

/** Bash passes '--seats=A1' as three words. */
function joinEquals(words: string[]): string[] {
  return words.filter((word) => word !== '=')
}

async function offers(context: Context, cursor: Cursor): Promise<Candidate[]> {
  const { command, typed, wanted, optionValues } = cursor
  if (wanted?.argChoices) return wanted.argChoices.map((value) => ({ value }))
  if (wanted) return candidatesFor(context, cursor)
  if (typed.startsWith('-')) {
    const open = optionsOf(command).filter(
      (option) => !option.hidden && !optionValues.has(option.attributeName()),
    )
    return open.map(({ long, description }) => ({ value: long!, about: () => description }))
  }
  return visibleCommands(command).map((one) => ({
    value: one.name(),
    about: () => one.description(),
  }))
}
