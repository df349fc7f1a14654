import { userInfo } from 'node:os'
import type { Tickets } from '../client/api.js'
import { type Client, openClient } from '../client/open-client.js'
import type { RunEnvironment } from '../client/run-environment.js'
import type { ClientOptions } from '../client/target.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { safeLines, safeText } from '../shared/safe-text.js'
import { checkText } from '../shared/text-input.js'
import type { Io, Output, OutputChoice } from '../terminal/io.js'
import type { Asking } from '../terminal/prompts/asking.js'
import { retryPrinter } from './retry-lines.js'

/** One run of the program, from its command line to its exit code. */
export interface Run {
  io: Io
  signal: AbortSignal
  output: Output
  exitCode: number
  environment: RunEnvironment
  /** Runs another command line in this process. */
  main: (argv: readonly string[], io: Io, environment: RunEnvironment) => Promise<number>
}

/** The global options, as the command line has them. */
export interface GlobalOptions extends OutputChoice {
  db?: string
  /** Milliseconds. */
  waitMs: number
  /** Whether the command line has `--wait`. */
  isWaitGiven: boolean
  debug: boolean
  /** Who makes the changes, for the history (default: TICKETS_OPERATOR, else the login name). */
  operator?: string
}

/** What every command is given: where to print its result, and its client. */
export interface Context {
  readonly options: GlobalOptions
  readonly output: Output
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal
  readonly environment: RunEnvironment
  /** What the prompts need to ask the person at the terminal. */
  readonly asking: Asking
  /**
   * The client of the database that the options name; opened at its first use, closed at the end.
   * Its methods are in client/client.ts.
   */
  readonly tickets: Client
  /** Another client of the same database, with other settings; closed at the end as well. */
  open(options: ClientOptions): Client
  /** Prints the name of the database to stderr, once in a run. */
  nameDatabase(tickets: Tickets): void
  close(): Promise<void>
}

/** What runs a command: the `run` of its file. Returns the exit code (default: 0). */
export type Handler<Options = object, Args extends unknown[] = []> = (
  context: Context,
  options: Options,
  ...args: Args
) => // biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing, and need not say so.
Promise<number | undefined | void>

/** What a command declares about itself for its context. */
export interface CommandNeeds {
  /** Whether it makes one change, and so ends when `--wait` and the grace are over. */
  makesOneChange?: boolean
  /** Whether it is useless on a server that was just created. */
  needsData?: boolean
  /** The sentence shown to a person who stops it at a question; default: 'Nothing was changed.' */
  unchanged?: string
}

/**
 * Makes the context of a command; `path` are its words, such as 'booking cancel'. Connects to
 * nothing yet.
 */
export function createContext(
  { output, signal, environment }: Run,
  command: CommandNeeds & { path: string },
  options: GlobalOptions,
): Context {
  const { path, makesOneChange = false, needsData = false } = command
  const { unchanged = 'Nothing was changed.' } = command
  const opened: Client[] = []
  let tickets: Client | undefined
  const openOwn = (all: ClientOptions) => {
    const client = openClient(all)
    opened.push(client)
    return client
  }
  let isNamed = false
  const nameDatabase = ({ databaseName, databaseSource }: Tickets) => {
    const origin = databaseSource === '.env' ? ' (.env)' : ''
    if (!isNamed) output.hint(`Database: ${safeText(databaseName)}${origin}`)
    isNamed = true
  }
  let isListed = false
  const listIgnored = ({ ignoredSettings: names }: Client) => {
    if (isListed || names.length === 0) return
    isListed = true
    output.hint(`These connection settings have no effect: ${names.join(', ')}.`)
  }
  const open = (own: ClientOptions) => {
    const operator = operatorOf(options, output.io.env)
    const all: ClientOptions = {
      database: options.db,
      env: output.io.env,
      cwd: environment.cwd,
      waitMs: Math.max(0, options.waitMs - (environment.waitedMs ?? 0)),
      // A wrong port is reported at once, unless the user wants to wait for a server that restarts.
      awaitsServer: options.isWaitGiven,
      signal,
      command: path,
      operator,
      mayCreateServer: !needsData,
      // A person may take time to answer.
      hasOneDeadline: makesOneChange && !output.canPrompt,
      onProgress: (sentence) => output.hint(safeText(sentence)),
      ...(options.debug && { trace: (line: string) => output.problem(safeLines(line)) }),
      ...retryPrinter(output),
      ...own,
    }
    const client = environment.open?.(all) ?? openOwn(all)
    // Nothing on the command line shows that a file chose the database, and the user may have
    // forgotten the file.
    if (client.databaseSource === '.env') nameDatabase(client)
    listIgnored(client)
    return client
  }
  return {
    options,
    output,
    signal,
    environment,
    asking: { output, signal, unchanged },
    get tickets() {
      tickets ??= open({})
      return tickets
    },
    open,
    nameDatabase,
    async close() {
      await Promise.all(opened.map((client) => client.close()))
    },
  }
}

/**
 * A whole number from the command line, 1 or more. `flag` names it in the sentence.
 * Throws INVALID_INPUT.
 */
export function parseCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text.trim()) || Number(text) === 0) {
    throw invalidInput(`${flag} must be a whole number, 1 or more, such as 100.`)
  }
  return Number(text)
}

/**
 * The error for options that are missing if there is no terminal to ask on; false stands for one
 * that is given.
 */
export function inputRequired(...flags: (string | false)[]): TicketsError {
  const missing = flags.filter((flag) => flag !== false)
  return new TicketsError(
    'INPUT_REQUIRED',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing, and there is no terminal to ask on.`,
  )
}

function operatorOf({ operator }: GlobalOptions, env: Output['io']['env']): string | undefined {
  if (operator !== undefined) return checkText('operator', operator, 200)
  if (env.TICKETS_OPERATOR) return checkText('operator', env.TICKETS_OPERATOR, 200)
  login ??= loginName()
  return login
}

/** Looked up once, because the user of a process does not change. */
let login: string | undefined

function loginName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // In a container, a user may have a number and no name.
    return undefined
  }
}
