import { type Command, CommanderError } from 'commander'
import { errorJson } from '../client/json.js'
import { errorCodes, invalidInput, TicketsError } from '../shared/errors.js'
import { safeLines, safeText } from '../shared/safe-text.js'
import { stackOf } from '../shared/stack-trace.js'
import type { Output } from '../terminal/io.js'
import { pathOf } from './declaration.js'

/** The one place where errors end: a sentence for people, a document for programs, an exit code. */
export async function reportError(
  thrown: unknown,
  output: Output,
  { isDebug, command }: { isDebug: boolean; command: Command },
): Promise<number> {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
  const error =
    thrown instanceof CommanderError ? await usageError(thrown, command) : expected(thrown)
  // The stack of a usage error is commander's, and its message may have a password.
  if (isDebug && !(thrown instanceof CommanderError)) output.problem(stacksOf(thrown))
  // An error that cannot be written to stdout is written to stderr.
  if (output.json) {
    await output.document(errorJson(error)).catch(() => output.problem(safeText(error.message)))
  } else {
    const { printProblem } = await import('../terminal/render/problem-card.js')
    printProblem(output, error)
  }
  return errorCodes[error.code].exit
}

/** The sentence for what commander found wrong with a command line, and the help to read. */
async function usageError(thrown: CommanderError, command: Command): Promise<TicketsError> {
  const message =
    thrown.code === 'commander.help' ? 'A command is missing' : usageMessage(thrown.message)
  const sentence = message.charAt(0).toUpperCase() + message.slice(1)
  const unknown = /^(?:error: )?unknown (?:command|option) '(.*)'$/s.exec(thrown.message)?.[1]
  const suggestion =
    unknown === undefined ? '' : (await import('./suggestions.js')).suggestionFor(unknown, command)
  const name = command.parent ? `tickets ${pathOf(command)}` : 'tickets'
  return invalidInput(
    `${sentence.replace(/([^.?!)])$/, '$1.')}${suggestion} See \`${name} --help\`.`,
  )
}

function expected(thrown: unknown): TicketsError {
  if (thrown instanceof TicketsError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const syscall = thrown instanceof Error && 'syscall' in thrown ? thrown.syscall : undefined
  if (syscall === 'write') {
    return new TicketsError('INTERNAL', `The result could not be written: ${message}.`, {
      cause: thrown,
    })
  }
  if (syscall === 'uv_cwd') {
    return invalidInput(
      'The working directory no longer exists, so a relative path cannot be used. Change to a directory that exists.',
      { cause: thrown },
    )
  }
  return new TicketsError(
    'INTERNAL',
    `This is a bug in tickets: ${message}. Run it again with --debug, and report what it prints.`,
    { cause: thrown },
  )
}

/** Commander's message as one line, without the password of a URL in the wrong place. */
function usageMessage(message: string): string {
  const line = message.replace(/^error: /, '').replace(/:\/\/\S*@/g, '://…@')
  // The message repeats all that was typed, which may be a whole file.
  return line.length <= 300 ? line : `${line.slice(0, 100)}…${line.slice(-150)}`
}

function stacksOf(thrown: unknown): string {
  const stacks = []
  for (let error = thrown; error instanceof Error; error = error.cause) stacks.push(stackOf(error))
  return safeLines(stacks.join('\ncaused by: '))
}
