import { type Command, CommanderError } from 'commander'
import { errorJson } from '../client/json.js'
import type { RunEnvironment } from '../client/run-environment.js'
import { errorCodes, TicketsError } from '../shared/errors.js'
import { safeLines, safeText } from '../shared/safe-text.js'
import { stackOf } from '../shared/stack-trace.js'
import { type Io, type Output, openOutput } from '../terminal/io.js'
import { commandAt, pathOf } from './declaration.js'
import { alternativesHint } from './hints.js'
import { commandTree } from './program.js'
import type { Run } from './run.js'

/**
 * Runs one command line and resolves with its exit code. `argv` is what follows the program's
 * name. Never throws and never exits: an error that a command throws becomes a sentence or a JSON
 * document, and an exit code.
 */
export async function main(
  argv: readonly string[],
  io: Io,
  environment: RunEnvironment = {},
): Promise<number> {
  const { signal = new AbortController().signal } = environment
  const output = outputFor(argv, io)
  const run: Run = { io, signal, output, exitCode: 0, environment, main }
  const program = await commandTree(run, argv)
  try {
    // An empty command line, or the name of a group alone, prints help.
    const isAsked = argv.length === 0 || (argv.length === 1 && isGroup(program, argv[0]!))
    await program.parseAsync(isAsked ? [...argv, '--help'] : [...argv], { from: 'user' })
    return run.exitCode
  } catch (error) {
    return report(error, run.output, {
      isDebug: argv.includes('--debug'),
      // As far as it can be found; `help show create` is about `show create`.
      command: commandAt(
        program,
        argv.filter((word) => word !== 'help'),
      ).command,
    })
  }
}

/** Where to answer before the command line is parsed, as a mistake in it is reported there too. */
function outputFor(argv: readonly string[], io: Io): Output {
  const end = argv.indexOf('--')
  const flags = end < 0 ? argv : argv.slice(0, end)
  return openOutput(io, {
    json: flags.includes('--json'),
    quiet: flags.includes('-q') || flags.includes('--quiet'),
    input: false,
    color: !flags.includes('--no-color'),
  })
}

function isGroup(program: Command, word: string): boolean {
  const command = program.commands.find((one) => one.name() === word)
  return (command?.commands ?? []).length > 0
}

/** The one place where errors end: a sentence for people, a document for programs, an exit code. */
async function report(
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
    const { renderProblem } = await import('../terminal/render/problem-card.js')
    const { errorStyleOf } = await import('../terminal/render/style.js')
    const hint = alternativesHint(error)
    const problem = { message: error.message, hints: hint === undefined ? [] : [hint] }
    output.problem(renderProblem(problem, errorStyleOf(output)))
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
  return new TicketsError(
    'INVALID_INPUT',
    `${sentence.replace(/([^.?!)])$/, '$1.')}${suggestion} See \`${name} --help\`.`,
  )
}

function expected(thrown: unknown): TicketsError {
  if (thrown instanceof TicketsError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const syscall = thrown instanceof Error && 'syscall' in thrown ? thrown.syscall : undefined
  if (syscall === 'write') {
    return new TicketsError('INTERNAL', `The answer could not be written: ${message}.`, {
      cause: thrown,
    })
  }
  if (syscall === 'uv_cwd') {
    return new TicketsError(
      'INVALID_INPUT',
      'A relative path was given, and the working directory is gone. Change to one that exists.',
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
