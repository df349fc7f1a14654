import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { createContext, type GlobalOptions, type Handler } from './commands/context.js'
import { alternativesHint } from './commands/hints.js'
import { parseDuration } from './core/duration.js'
import { errorCodes, TicketsError } from './core/errors.js'
import { errorJson } from './core/json.js'
import { type Io, type Output, openOutput } from './terminal/io.js'
import { safeText } from './terminal/safe-text.js'

/**
 * Runs one command line and resolves with its exit code. `argv` is what follows the program's
 * name. Never throws and never exits: whatever a command throws becomes a sentence, or a JSON
 * document, and a code here.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const interruption = listenForSignals()
  const run: Run = { io, signal: interruption.signal, output: outputFor(argv, io), exitCode: 0 }
  try {
    // Nothing at all is how a newcomer asks for help.
    await commandTree(run).parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' })
    return run.exitCode
  } catch (error) {
    return await report(error, run.output, { isDebug: argv.includes('--debug') }).then((code) =>
      code === 130 ? interruption.exitCode : code,
    )
  } finally {
    interruption.stopListening()
  }
}

/** One run of the program, while it lasts. */
interface Run {
  io: Io
  signal: AbortSignal
  output: Output
  exitCode: number
}

function commandTree(run: Run): Command {
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

/** Where to answer before the command line is understood: what is wrong with it must be told too. */
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

/** The one place where errors end: a sentence for people, a document for programs, an exit code. */
async function report(
  thrown: unknown,
  output: Output,
  { isDebug }: { isDebug: boolean },
): Promise<number> {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
  const error = expected(thrown)
  // A usage error's stack is commander's, and its message may hold a password.
  if (isDebug && !(thrown instanceof CommanderError)) output.problem(stackOf(thrown))
  // Where stdout fails, stderr is what is left to say so.
  if (output.json) {
    await output.document(errorJson(error)).catch(() => output.problem(error.message))
  } else {
    const { renderProblem } = await import('./terminal/problem-card.js')
    const { errorPaperOf } = await import('./terminal/paper.js')
    const hint = alternativesHint(error)
    const problem = { message: error.message, hints: hint === undefined ? [] : [hint] }
    output.problem(renderProblem(problem, errorPaperOf(output)))
  }
  return errorCodes[error.code].exit
}

function expected(thrown: unknown): TicketsError {
  if (thrown instanceof TicketsError) return thrown
  if (thrown instanceof CommanderError) {
    const message =
      thrown.code === 'commander.help' ? 'A command is missing' : usageMessage(thrown.message)
    const sentence = message.charAt(0).toUpperCase() + message.slice(1)
    return new TicketsError(
      'INVALID_INPUT',
      `${sentence.replace(/([^.?!)])$/, '$1.')} See \`tickets --help\`.`,
    )
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (thrown instanceof Error && 'syscall' in thrown && thrown.syscall === 'write') {
    return new TicketsError('INTERNAL', `The answer could not be written: ${message}.`, {
      cause: thrown,
    })
  }
  return new TicketsError(
    'INTERNAL',
    `This is a bug in tickets: ${message}. Run it again with --debug, and report what it prints.`,
    { cause: thrown },
  )
}

/** Commander's message as one line, without the password of a URL that stands in the wrong place. */
function usageMessage(message: string): string {
  const line = message
    .replace(/^error: /, '')
    .replace(/\s+\((Did you mean .+\?)\)$/, '. $1')
    .replace(/:\/\/\S*@/g, '://…@')
  // It repeats what was typed in full, and that may be a whole file.
  return line.length <= 300 ? line : `${line.slice(0, 100)}…${line.slice(-150)}`
}

function stackOf(thrown: unknown): string {
  const stacks = []
  for (let error = thrown; error instanceof Error; error = error.cause) stacks.push(error.stack)
  return stacks.join('\ncaused by: ').split('\n').map(safeText).join('\n')
}

/**
 * Turns the first SIGINT or SIGTERM into an aborted signal, so that what is under way is rolled
 * back before the program ends. The second one ends it at once, as it would any program.
 */
function listenForSignals() {
  const controller = new AbortController()
  let exitCode = 130
  const onInterrupt = () => controller.abort()
  const onTerminate = () => {
    exitCode = 143
    controller.abort()
  }
  process.once('SIGINT', onInterrupt).once('SIGTERM', onTerminate)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    stopListening() {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
    },
  }
}
