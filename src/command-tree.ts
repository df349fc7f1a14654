import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { createContext, type GlobalOptions, type Handler } from './commands/context.js'
import { parseDuration } from './core/duration.js'
import { TicketsError } from './core/errors.js'
import { type Io, type Output, openOutput } from './terminal/io.js'

/** One run of the program, while it lasts. */
export interface Run {
  io: Io
  signal: AbortSignal
  output: Output
  exitCode: number
}

/** The whole command line: shapes only. What a command does is loaded when it runs. */
export function commandTree(run: Run): Command {
  const program = new Command('tickets')
    .description('A box office for the terminal: sells every seat at most once.')
    .exitOverride()
    .configureOutput({
      // What commander has to say goes to the run's own streams; `report` tells of errors.
      writeOut: (text) => {
        const { output } = run
        void (output.json ? output.document(text.trimEnd()) : output.write(text))
      },
      writeErr: () => {},
    })
    .configureHelp({ showGlobalOptions: true })
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addOption(once('--db <url>', "which database: a PostgreSQL URL, or 'embedded'"))
    .option('--json', 'exactly one JSON document on stdout; never a prompt')
    .option('-q, --quiet', 'nothing on stderr but errors')
    .option('--no-input', 'never prompt')
    .option('--no-color', 'plain text')
    .addOption(
      once('--wait <duration>', 'how long to keep retrying a busy database (30s)', duration),
    )
    .option('--debug', 'SQL, timings and stack traces on stderr')

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
    .action(to(run, () => import('./commands/migrate.js')))

  const show = program.command('show').description('create, list and view shows')
  show
    .command('create')
    .description('create a show; asks for what is missing')
    .addOption(once('--name <text>', 'name of the show'))
    .addOption(once('--start-time <time>', 'ISO 8601, or a local time in --time-zone'))
    .addOption(once('--total-seats <n>', 'number of seats, 1 to 100,000'))
    .addOption(once('--seats-per-row <n>', 'gives the seats row labels: A1, A2, …'))
    .addOption(once('--time-zone <zone>', "IANA name (default: the system's)"))
    .action(to(run, () => import('./commands/show-create.js')))
  show
    .command('list')
    .description('list shows, the earliest first')
    .option('--upcoming', 'only shows that have not started')
    .addOption(once('--search <text>', 'only names with these words, or beginnings of words'))
    .addOption(once('--limit <n>', 'at most so many'))
    .option('--all', 'all of them, on a terminal too')
    .addOption(once('-o, --output <format>', 'format').choices(['table', 'json', 'ndjson', 'csv']))
    .action(to(run, () => import('./commands/show-list.js')))
  show
    .command('view')
    .description('details of a show and its seat map')
    .argument('<show>', SHOW)
    .action(to(run, () => import('./commands/show-view.js')))

  program
    .command('book')
    .description('book seats; asks for what is missing')
    .argument('[show]', SHOW)
    .addOption(once('--seats <spec>', 'these seats: 1,2,5-8 or A1-A4,B3'))
    .addOption(once('--count <n>', 'so many of the best seats that are free'))
    .addOption(once('--customer <name>', 'for whom'))
    .addOption(once('--note <text>', 'a note for the box office'))
    .addOption(once('--key <key>', 'makes a retry safe: the same key books once'))
    .addOption(once('--hold <duration>', "hold the seats instead: 15m, 2h, or 'forever'"))
    .addOption(
      once(
        '--file <file>',
        "many bookings: CSV with a header, or NDJSON; '-' is stdin; with --json a result on each line",
      ),
    )
    .option('--atomic', 'with --file: all of it or nothing')
    .option('--dry-run', 'check everything, book nothing')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(to(run, () => import('./commands/book.js')))

  program
    .command('verify')
    .description('prove that nothing is oversold or lost')
    .argument('[show]', SHOW)
    .option('--repair', 'finish what can be finished without a guess: abandoned bookings')
    .option('--dry-run', 'with --repair: only say what it would do')
    .option('-y, --yes', 'repair without asking')
    .action(to(run, () => import('./commands/verify.js')))

  program
    .command('stress')
    .description('fire parallel bookings, then verify; on a throwaway show unless one is named')
    .argument('[show]', SHOW)
    .addOption(once('--bookings <n>', 'how many (300)'))
    .addOption(once('--processes <n>', 'how many processes at a time (50)'))
    .addOption(once('--seats-per-booking <range>', 'how many seats each wants (1..4)'))
    .option('--in-process', 'book in this process instead of starting others')
    .addOption(once('--concurrency <n>', 'with --in-process: how many at a time (256)'))
    .addOption(once('--total-seats <n>', 'seats of the throwaway show (as many as bookings)'))
    .addOption(once('--seed <n>', 'ask for the same seats as the run that told it'))
    .option('-y, --yes', 'book a named show without asking')
    .action(to(run, () => import('./commands/stress.js')))

  program
    .command('demo')
    .description('the whole story on a throwaway show')
    .action(to(run, () => import('./commands/demo.js')))

  program
    .command('db')
    .description('the embedded server')
    .addArgument(new Argument('<action>', 'what to do').choices(['status', 'start', 'stop', 'url']))
    .action(to(run, () => import('./commands/db.js')))

  return program
}

const SHOW = "a show's id, the beginning of its id, or its name"

/** An option that may be given once only: of two values for seats, neither is a safe guess. */
function once(flags: string, description: string, parse?: (value: string) => unknown): Option {
  const option = new Option(flags, description)
  const choices = option.choices.bind(option)
  const check = (value: string, previous: unknown) => {
    if (previous !== undefined) {
      // Commander's own sentence would repeat the value, and a URL may hold a password.
      throw new TicketsError('INVALID_INPUT', `${option.long} may be given only once.`)
    }
    if (option.argChoices && !option.argChoices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${option.argChoices.join(', ')}.`)
    }
    return parse ? parse(value) : value
  }
  option.choices = (values) => choices(values).argParser(check)
  return option.argParser(check)
}

function duration(text: string): number {
  return parseDuration(text)
}

/** Ties a command to its file, which is loaded only when the command runs. */
function to(run: Run, load: () => Promise<{ run: Handler<never, never> }>) {
  return async (...args: unknown[]) => {
    const command = args.pop() as Command
    const own = args.pop() as object
    const options = globalOptions(command)
    run.output = openOutput(run.io, options)
    const context = createContext(options, run.output, run.signal)
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
  }
}
