import type { Tickets } from '../../../client/api.js'
import { type FileRow, formatOf, inOrder, readBookingFile } from '../../../client/booking-file.js'
import { errorCodes, TicketsError } from '../../../shared/errors.js'
import { startProgress } from '../../../terminal/progress.js'
import type { Context } from '../../context.js'
import { namedShow, type PerhapsNamedShow } from '../../named-show.js'
import { bookRowsTogether } from './file-atomic.js'
import { FileReport, type RowResult } from './file-report.js'
import { withShowIds } from './file-shows.js'
import { openSource } from './file-source.js'
import type { BookOptions } from './options.js'

/** Rows under way at most: while one batch is committed, the next one is read. */
const WINDOW = 2000
/** Seats and characters of an ordinary row: huge ones count as several, and take no more memory. */
const ROW_WEIGHT = 1000
/** For different shows side by side; one show keeps two of them busy. */
const CONNECTIONS = 4
/** How long an interruption waits for what is under way before it is cut off and rolled back. */
const GRACE_MS = 5000

/**
 * `tickets book [SHOW] --file F`: books every row, the results in the order of the file. What was
 * booked is a line on stdout: a sentence on a terminal, tab-separated elsewhere (reference, seats,
 * customer, status, line of the file, and whether its key was used before). What was not is a
 * sentence on stderr. Under --json each result is a document on a line of its own with the row's
 * `line`; a document without it, at the end, says why the run did not reach the end of the file.
 */
export async function bookFile(
  context: Context,
  options: BookOptions & { file: string },
  show: PerhapsNamedShow,
): Promise<number> {
  checkOptions(options)
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  const source = await openSource(options.file, context.output.io, signal)
  try {
    const results = await resultsOf(context, options, { show, signal, chunks: source.chunks })
    return await tellAll(results, { context, options, stop, size: source.size })
  } finally {
    stop.abort()
  }
}

function checkOptions(options: BookOptions): void {
  const flag = (['seats', 'count', 'customer', 'note', 'key', 'hold'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (flag === undefined) return
  throw new TicketsError('INVALID_INPUT', `--${flag} does not go with --file: its rows say that.`)
}

interface Reading {
  show: PerhapsNamedShow
  signal: AbortSignal
  chunks: AsyncIterable<Uint8Array>
}

/** What becomes of the rows, while it is read. */
async function resultsOf(
  context: Context,
  options: BookOptions & { file: string },
  { show, signal, chunks }: Reading,
): Promise<AsyncIterable<RowResult[]>> {
  const isAtomic = options.atomic && !options.dryRun
  const tickets = context.open({
    connections: CONNECTIONS,
    // All or nothing may be cut off at once; otherwise, what is under way deserves its answer.
    signal: isAtomic ? context.signal : lateSignal(context.signal),
  })
  const format = formatOf(options.file)
  // A wrong show is told once, and not for each row.
  const { asking, output } = context
  const { name, date } = show
  const named = name === undefined ? undefined : { ...show, name }
  const showId = named && (await namedShow({ asking, output, tickets }, named)).id
  // A date without a name is that of the shows that the rows name.
  const rows = withShowIds(tickets, readBookingFile(chunks, { format, show: showId }), date)
  if (isAtomic) return bookRowsTogether(tickets, rows, signal)
  return inOrder(rows, { work: clerk(tickets, options), weightOf, limit: WINDOW, signal })
}

/** Aborted some time after `signal`. */
function lateSignal(signal: AbortSignal): AbortSignal {
  const late = new AbortController()
  const begin = () => void setTimeout(() => late.abort(), GRACE_MS).unref()
  signal.addEventListener('abort', begin, { once: true })
  return late.signal
}

/** Books a row, or decides it in a dry run. Its result is its outcome or its error. */
function clerk(tickets: Tickets, { dryRun }: BookOptions): (row: FileRow) => Promise<RowResult> {
  const booker = dryRun ? tickets.startDryRun() : tickets
  return async ({ line, end, order }) => {
    if (order instanceof TicketsError) return { line, end, outcome: order }
    try {
      return { line, end, outcome: await booker.book(order.show, order.request) }
    } catch (error) {
      return { line, end, outcome: asExpected(error) }
    }
  }
}

function asExpected(error: unknown): TicketsError {
  if (error instanceof TicketsError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TicketsError('INTERNAL', `This is a bug in tickets: ${message}.`, { cause: error })
}

function weightOf({ order }: FileRow): number {
  return order instanceof TicketsError ? 1 : Math.max(1, Math.round(order.weight / ROW_WEIGHT))
}

interface Telling {
  context: Context
  options: BookOptions
  stop: AbortController
  /** Bytes of the file, where that is known. */
  size: number | undefined
}

/** Tells of the rows, and then what was not done. Returns the exit code, or throws why it ended. */
async function tellAll(
  results: AsyncIterable<RowResult[]>,
  { context, options, stop, size }: Telling,
): Promise<number> {
  const { output } = context
  // On a terminal, and under --json, the results are progress enough; a bar would be in their way.
  const isBarWanted = !output.json && !output.isTerminal
  const progress = isBarWanted ? await startProgress(output, { title: 'Booking' }) : undefined
  const report = new FileReport({ output, progress, size })
  const ended = await tellUntilEnd(results, { report, stop, context })
  progress?.stop()
  if (ended === undefined || report.tally.total > 0) {
    await report.conclude({ isDryRun: options.dryRun === true })
  }
  if (ended !== undefined) throw ended
  return report.tally.exitCode
}

/** Returns why it ended before all was told, if it did. */
async function tellUntilEnd(
  results: AsyncIterable<RowResult[]>,
  { report, stop, context }: { report: FileReport; stop: AbortController; context: Context },
): Promise<unknown> {
  let fatal: TicketsError | undefined
  try {
    for await (const batch of results) {
      await report.tell(batch)
      fatal ??= batch.map(({ outcome }) => outcome).find(isFatal)
      // What meets one row will meet the rest; and without a reader there is nobody to work for.
      const isDone = fatal !== undefined || report.failure !== undefined || context.output.isGone
      if (isDone) stop.abort()
    }
  } catch (error) {
    return error
  }
  if (report.failure !== undefined) return report.failure
  if (context.signal.aborted) return interrupted(`Interrupted after line ${report.lastLine}`)
  if (fatal !== undefined) return fatal
  if (context.output.isGone) return interrupted(`Nobody reads on after line ${report.lastLine}`)
  return undefined
}

/** Nothing can be booked any more: the database is gone, or not what it should be. */
function isFatal(outcome: RowResult['outcome']): outcome is TicketsError {
  return outcome instanceof TicketsError && errorCodes[outcome.code].exit >= 6
}

function interrupted(what: string): TicketsError {
  return new TicketsError(
    'INTERRUPTED',
    `${what}. What was reported stands; where the rows have keys, the same command goes on.`,
  )
}
