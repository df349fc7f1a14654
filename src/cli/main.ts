import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { RunEnvironment } from '../client/run-environment.js'
import { parseDuration } from '../shared/time/duration.js'
import { type Io, type Output, openOutput } from '../terminal/io.js'
import { bookCommand } from './commands/book/command.js'
import {
  type CommandNeeds,
  createContext,
  type GlobalOptions,
  type Handler,
  type Run,
} from './context.js'
import {
  commandAt,
  type Declaration,
  declarationOf,
  declare,
  type LoadHandler,
  pathOf,
} from './declaration.js'
import { helpLayout } from './help/layout.js'
import { reportError } from './report-error.js'

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
    const wantsHelp = argv.length === 0 || (argv.length === 1 && isGroup(program, argv[0]!))
    await program.parseAsync(wantsHelp ? [...argv, '--help'] : [...argv], { from: 'user' })
    return run.exitCode
  } catch (error) {
    return reportError(error, run.output, {
      isDebug: argv.includes('--debug'),
      // `help show create` is about `show create`.
      command: commandAt(
        program,
        argv.filter((word) => word !== 'help'),
      ).command,
    })
  }
}

/**
 * The whole command line. What runs a command is loaded when it runs. For a line that begins with
 * `book` the tree has only that command, as a load test starts it thousands of times.
 */
export async function commandTree(run: Run, [word]: readonly string[] = []): Promise<Command> {
  const commands = word === 'book' ? [bookCommand] : (await import('./commands/all.js')).allCommands
  const program = new Command(declaration.name)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      // Commander writes to the streams of the run; `reportError` prints its errors.
      writeOut: (text) => {
        const { output } = run
        void (output.json ? output.document(text.trimEnd()) : output.write(text))
      },
      writeErr: () => {},
    })
    .configureHelp(helpLayout)
    .usage('<command> [options]')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
  declare(program, { ...declaration, commands }, (load, command, args) =>
    execute(run, load, command, args),
  )
  return program
}

/** Runs a command in a new context. */
async function execute(
  run: Run,
  load: LoadHandler,
  command: Command,
  args: unknown[],
): Promise<void> {
  const options = globalOptions(command)
  run.output = openOutput(run.io, options)
  const needs: CommandNeeds = declarationOf(command)
  const context = createContext(run, { path: pathOf(command), ...needs }, options)
  try {
    const handler = (await load(run, command)).run as Handler<object, unknown[]>
    run.exitCode = (await handler(context, command.opts(), ...args)) ?? 0
  } finally {
    await context.close()
  }
}

function globalOptions(command: Command): GlobalOptions {
  const options = command.optsWithGlobals()
  return {
    db: options.db,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    input: options.input,
    color: options.color,
    waitMs: options.wait ?? 30_000,
    isWaitGiven: options.wait !== undefined,
    debug: options.debug ?? false,
    operator: options.operator,
  }
}

/** The output for mistakes in the command line, which are found before its options are known. */
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

/** The declaration of the program, without its commands. */
const declaration: Declaration = {
  name: 'tickets',
  about: 'A box office for the terminal: sells every seat at most once.',
  options: {
    '--db <url>': "which database: a PostgreSQL URL, or 'embedded'",
    '--json': 'exactly one JSON document on stdout; never a prompt',
    '-q, --quiet': 'nothing on stderr but errors',
    '--no-input': 'never prompt',
    '--no-color': 'plain text',
    '--wait <duration>': {
      about: 'how long to keep retrying a busy database (default: 30s)',
      parse: parseDuration,
    },
    '--operator <name>':
      'your name in the history (default: TICKETS_OPERATOR, else your login name)',
    '--debug': 'SQL, timings and stack traces on stderr',
  },
  examples: ['tickets show create && tickets book'],
  exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
}
