import { Argument, Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { RunEnvironment } from '../client/run-environment.js'
import { parseDuration } from '../shared/duration.js'
import { type Io, type Output, openOutput } from '../terminal/io.js'
import { addBookingCommands } from './commands/booking/command.js'
import { addDbCommands, addServerCommands } from './commands/serve/command.js'
import { addShowCommands } from './commands/show/command.js'
import { createContext, type GlobalOptions, type Handler } from './context.js'
import { addHelpCommands } from './help/command.js'
import { helpLayout } from './help/layout.js'
import { type Action, dateOption, once, pathOf, SHOW } from './parameters.js'

/** One run of the program, while it lasts. */
export interface Run {
  io: Io
  signal: AbortSignal
  output: Output
  exitCode: number
  environment: RunEnvironment
  /** Runs another command line in this process. */
  main: (argv: readonly string[], io: Io, environment: RunEnvironment) => Promise<number>
}

/**
 * The whole command line: shapes only. What a command does is loaded when it runs. Of a line that
 * begins with `book`, only that part: thousands of them may be run, and the rest costs each.
 */
export function commandTree(run: Run, [word]: readonly string[] = []): Command {
  const program = new Command('tickets')
    .description('A box office for the terminal: sells every seat at most once.')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      // What commander has to say goes to the run's own streams; `report` tells of errors.
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
    .addOption(once('--db <url>', "which database: a PostgreSQL URL, or 'embedded'"))
    .option('--json', 'exactly one JSON document on stdout; never a prompt')
    .option('-q, --quiet', 'nothing on stderr but errors')
    .option('--no-input', 'never prompt')
    .option('--no-color', 'plain text')
    .addOption(
      once('--wait <duration>', 'how long to keep retrying a busy database (30s)', parseDuration),
    )
    .addOption(once('--operator <name>', 'who works here (TICKETS_OPERATOR, else your login name)'))
    .option('--debug', 'SQL, timings and stack traces on stderr')

  const action: Action = (load) => to(run, load)

  if (word === 'book') {
    addBookCommand(program, action)
    return program
  }

  program
    .command('migrate')
    .description('create or upgrade the schema')
    .option('--status', 'only list the migrations')
    .option('--check', 'exit 7 when something is pending')
    .option('--rollback', 'take back the latest batch')
    .addOption(
      once('--grant <role>', 'then let this role book, but not delete or change the schema'),
    )
    .option('-y, --yes', 'roll back even when that drops bookings')
    .action(action(() => import('./commands/migrate/migrate.js')))

  addShowCommands(program, action)
  addBookCommand(program, action)
  addBookingCommands(program, action)

  program
    .command('verify')
    .description('prove that nothing is oversold or lost')
    .argument('[show]', SHOW)
    .addOption(dateOption())
    .option('--repair', 'finish what can be finished without a guess: abandoned bookings')
    .option('--dry-run', 'with --repair: only say what it would do')
    .option('-y, --yes', 'repair without asking')
    .action(action(() => import('./commands/verify/verify.js')))

  program
    .command('stress')
    .description('fire parallel bookings at a throwaway show, and verify')
    .argument('[show]', 'a show of yours instead, by its id or its name')
    .addOption(dateOption())
    .addOption(once('--bookings <n>', 'how many (300)'))
    .addOption(once('--processes <n>', 'how many processes at a time (50)'))
    .addOption(once('--seats-per-booking <range>', 'how many seats each wants (1..4)'))
    .option('--in-process', 'book in this process instead of starting others')
    .addOption(once('--concurrency <n>', 'with --in-process: how many at a time (256)'))
    .addOption(once('--total-seats <n>', 'seats of the throwaway show (as many as bookings)'))
    .addOption(once('--seed <n>', 'ask for the same seats as the run that told it'))
    .option('-y, --yes', 'book a named show without asking')
    .action(action(() => import('./commands/stress/stress.js')))

  program
    .command('demo')
    .description('the whole story on a throwaway show')
    .action(action(() => import('./commands/demo/demo.js')))

  addDbCommands(program, action)

  program
    .command('counter')
    .description('an open counter: what scripts book goes through one warm process')
    .addArgument(new Argument('<action>', 'what to do').choices(['status', 'start', 'stop', 'run']))
    .addOption(
      once('--idle <duration>', 'close so long after the last order (stay open)', parseDuration),
    )
    .addOption(once('--server <directory>', 'close with this embedded server').hideHelp())
    .action(
      action(async () => ({ run: (await import('../commands/counter.js')).counterCommand(run) })),
    )

  addServerCommands(program, action)

  addHelpCommands(program)

  const shells = ['bash', 'zsh', 'fish']
  program
    .command('completion')
    .description('the script by which a shell completes what you type')
    .addArgument(new Argument('<shell>', 'for which').choices(shells))
    .action(action(() => import('./completion/completion.js')))
  program
    .command('complete', { hidden: true })
    .description('what may be typed next; for the scripts of `tickets completion`')
    .addArgument(new Argument('<shell>').choices(shells))
    .argument('<index>')
    .argument('<words...>')
    .action(
      action(async () => ({ run: (await import('./completion/complete.js')).completing(program) })),
    )
  return program
}

function addBookCommand(program: Command, action: Action): void {
  program
    .command('book')
    .description('book seats; asks for what is missing')
    .argument('[show]', SHOW)
    .addOption(dateOption())
    .addOption(once('--seats <spec>', 'these seats: 1,2,5-8 or A1-A4,B3'))
    .addOption(once('--count <n>', 'so many of the best seats that are free'))
    .addOption(once('--customer <name>', 'for whom'))
    .addOption(once('--note <text>', 'a note for the box office'))
    .addOption(once('--key <key>', 'makes a retry safe: the same key books once'))
    .addOption(once('--hold <duration>', "hold the seats instead: 15m, 2h, or 'forever'"))
    .addOption(once('--file <file>', "bookings from CSV with a header, or NDJSON; '-' is stdin"))
    .option('--atomic', 'with --file: all of it or nothing')
    .option('--dry-run', 'check everything, book nothing')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(action(() => import('./commands/book/book.js')))
}

/** Ties a command to its file, which is loaded only when the command runs. */
function to(run: Run, load: Parameters<Action>[0]): ReturnType<Action> {
  return async (...args: unknown[]) => {
    const command = args.pop() as Command
    const own = args.pop() as object
    const options = globalOptions(command)
    run.output = openOutput(run.io, options)
    const context = createContext({ ...run, options, command: pathOf(command) })
    try {
      const handler = (await load()).run as Handler<object, unknown[]>
      run.exitCode = (await handler(context, own, ...args)) ?? 0
    } finally {
      await context.close()
    }
  }
}

function globalOptions(command: Command): GlobalOptions {
  const options = command.optsWithGlobals()
  return {
    ...(options.db !== undefined && { db: options.db }),
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    input: options.input,
    color: options.color,
    waitMs: options.wait ?? 30_000,
    debug: options.debug ?? false,
    ...(options.operator !== undefined && { operator: options.operator }),
  }
}
