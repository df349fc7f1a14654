import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { parseDuration } from '../shared/duration.js'
import { openOutput } from '../terminal/io.js'
import { bookCommand } from './commands/book/command.js'
import { createContext, type GlobalOptions, type Handler } from './context.js'
import { type Declaration, declare, pathOf, type ToAction } from './declaration.js'
import { helpLayout } from './help/layout.js'
import type { Run } from './run.js'

/** The program without its commands. */
const tickets: Declaration = {
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
    '--operator <name>': 'who works here (default: TICKETS_OPERATOR, else your login name)',
    '--debug': 'SQL, timings and stack traces on stderr',
  },
  examples: ['tickets show create && tickets book'],
  exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
}

/**
 * The whole command line. What runs a command is loaded when it runs. For a line that begins with
 * `book` the tree has only that command, as a load test starts it thousands of times.
 */
export async function commandTree(run: Run, [word]: readonly string[] = []): Promise<Command> {
  const commands = word === 'book' ? [bookCommand] : (await import('./commands/all.js')).allCommands
  const program = new Command(tickets.name)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      // Commander writes to the streams of the run; `report` in main.ts prints its errors.
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
  declare(program, { ...tickets, commands }, actionOf(run))
  return program
}

/** Runs a command in a context of its own. */
function actionOf(run: Run): ToAction {
  return (load) =>
    async (...args) => {
      const command = args.pop() as Command
      const own = args.pop() as object
      const options = globalOptions(command)
      run.output = openOutput(run.io, options)
      const context = createContext(run, pathOf(command), options)
      try {
        const handler = (await load(run, command)).run as Handler<object, unknown[]>
        run.exitCode = (await handler(context, own, ...args)) ?? 0
      } finally {
        await context.close()
      }
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
