import type { Tickets } from '../../../client/api.js'
import { type FileRow, formatOf, inOrder, readBookingFile } from '../../../client/booking-file.js'
import { GRACE_MS } from '../../../shared/deadline.js'
import { hasCode, hasExit, TicketsError } from '../../../shared/errors.js'
import { onSecondSignal, passOnSecondSignal } from '../../../shared/interruption.js'
import { startProgress } from '../../../terminal/progress.js'
import type { Context } from '../../context.js'
import { openSource } from '../../files.js'
import { namedShow, type PerhapsNamedShow } from '../../named-show.js'
import { bookRowsTogether } from './file-atomic.js'
import { FileReport, type RowResult } from './file-report.js'
import { withShowIds } from './file-shows.js'
import { type BookCommandOptions, refuseRequestOptions } from './request.js'

/** The most rows that are booked at a time: while one batch commits, the next is read. */
const WINDOW = 2000
/** Seats and characters of an ordinary row. A huge row counts as several, to bound the memory. */
const ROW_WEIGHT = 1000
/** Several shows are booked side by side; one show keeps two connections busy. */
const CONNECTIONS = 4

/**
 * `tickets book [SHOW] --file F`: books every row and prints the results in the order of the file.
 * A booked row is a line on stdout: a sentence on a terminal, tab-separated elsewhere (reference,
 * seats, customer, status, line of the file, whether its key was used before, and the section). A row
 * that was not booked is a sentence on stderr. Under --json each result is a document on one line
 * with the row's `line`; a last document without it gives the reason if the run stopped before the
 * end.
 */
export async function bookFile(
  context: Context,
  options: BookCommandOptions & { file: string },
  show: PerhapsNamedShow,
): Promise<number> {
  refuseRequestOptions(options)
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  const source = await openSource(options.file, context.output.io, signal)
  try {
    const results = await resultsOf(context, options, { show, signal, chunks: source.chunks })
    return await printResults(results, { context, options, stop, size: source.size })
  } finally {
    stop.abort()
  }
}

interface Reading {
  show: PerhapsNamedShow
  signal: AbortSignal
  chunks: AsyncIterable<Uint8Array>
}

/** The results of the rows, while the file is read. */
async function resultsOf(
  context: Context,
  options: BookCommandOptions & { file: string },
  { show, signal, chunks }: Reading,
): Promise<AsyncIterable<RowResult[]>> {
  const isAtomic = options.atomic && !options.dryRun
  const tickets = context.open({
    connections: CONNECTIONS,
    hasOneDeadline: false,
    // One transaction may be cut off at once; otherwise the rows under way are still answered.
    signal: isAtomic ? context.signal : lateSignal(context.signal),
  })
  const format = formatOf(options.file)
  // Looked up here, so that a wrong show is reported once and not for each row.
  const { asking, output } = context
  const { name, date } = show
  const named = name === undefined ? undefined : { ...show, name }
  const showId = named && (await namedShow({ asking, output, tickets }, named)).id
  // A date without a name applies to the shows that the rows name.
  const rows = withShowIds(tickets, readBookingFile(chunks, { format, show: showId }), date)
  if (isAtomic) return bookRowsTogether(tickets, rows, signal)
  return inOrder(rows, { work: bookRow(tickets, options), weightOf, limit: WINDOW, signal })
}

/** Aborted by a second interruption, or when the grace after the first one is over. */
function lateSignal(signal: AbortSignal): AbortSignal {
  const late = new AbortController()
  const end = () => {
    late.abort()
    // The grace is over for a COMMIT that is under way, too.
    return passOnSecondSignal(late.signal)
  }
  signal.addEventListener('abort', () => void setTimeout(end, GRACE_MS).unref(), { once: true })
  onSecondSignal(signal, end)
  return late.signal
}

/** Books a row, or decides it in a dry run. Its result is its outcome or its error. */
function bookRow(
  tickets: Tickets,
  { dryRun }: BookCommandOptions,
): (row: FileRow) => Promise<RowResult> {
  const booker = dryRun ? tickets.startDryRun() : tickets
  return async ({ line, end, parsed }) => {
    if (parsed instanceof TicketsError) return { line, end, outcome: parsed }
    try {
      return { line, end, outcome: await booker.book(parsed.show, parsed.request) }
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

function weightOf({ parsed }: FileRow): number {
  return parsed instanceof TicketsError ? 1 : Math.max(1, Math.round(parsed.weight / ROW_WEIGHT))
}

interface Printing {
  context: Context
  options: BookCommandOptions
  stop: AbortController
  /** Bytes of the file, if known. */
  size: number | undefined
}

/** Prints the results and a summary. Returns the exit code, or throws why the run stopped early. */
async function printResults(
  results: AsyncIterable<RowResult[]>,
  { context, options, stop, size }: Printing,
): Promise<number> {
  const { output } = context
  // On a terminal and under --json the results show the progress; a bar would be in their way.
  const isBarWanted = !output.json && !output.isTerminal
  const progress = isBarWanted ? await startProgress(output, { title: 'Booking' }) : undefined
  const report = new FileReport({ output, progress, size })
  const ended = await printUntilEnd(results, { report, stop, context })
  progress?.stop()
  if (ended === undefined || report.tally.total > 0) {
    await report.conclude({ isDryRun: options.dryRun === true })
  }
  if (ended !== undefined) throw ended
  return report.tally.exitCode
}

/** Returns why the run stopped before the last row, if it did. */
async function printUntilEnd(
  results: AsyncIterable<RowResult[]>,
  { report, stop, context }: { report: FileReport; stop: AbortController; context: Context },
): Promise<unknown> {
  let fatal: TicketsError | undefined
  try {
    for await (const batch of results) {
      await report.print(batch)
      fatal ??= batch.map(({ outcome }) => outcome).find(isFatal)
      // Such an error would end the rest of the rows too; without a reader, nothing more is booked.
      const isDone = fatal !== undefined || report.failure !== undefined || context.output.isGone
      if (isDone) stop.abort()
    }
  } catch (error) {
    return error
  }
  if (report.failure !== undefined) return report.failure
  if (fatal?.code === 'IN_DOUBT') return fatal
  if (context.signal.aborted) return interrupted(`Interrupted after line ${report.lastLine}`)
  if (fatal !== undefined) return fatal
  if (context.output.isGone)
    return interrupted(`The reader of stdout exited after line ${report.lastLine}`)
  return undefined
}

/** Whether no row can be booked any more, because the database is gone, not ready or confirms nothing. */
function isFatal(outcome: RowResult['outcome']): outcome is TicketsError {
  return hasCode(outcome, 'IN_DOUBT') || hasExit(outcome, 'noDatabase', 'interrupted')
}

function interrupted(what: string): TicketsError {
  return new TicketsError(
    'INTERRUPTED',
    `${what}. The results that were reported stand; if the rows have keys, run the same command again to continue.`,
  )
}
