import { spawn } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import type { BookingRequest, Tickets } from '../../../client/api.js'
import { type ErrorCode, errorCodes, TicketsError } from '../../../shared/errors.js'
import { programFile } from '../../../shared/program-file.js'
import { shorten } from '../../../shared/quote.js'
import { formatDuration } from '../../../shared/time/duration.js'
import type { Context } from '../../context.js'
import { readRetryLines, STATS_VARIABLE } from '../../retry-lines.js'
import { type Attempt, endOf, type LoadWorker } from './load.js'

/** Where a worker books: a show's id, and the schema of the show unless it is the usual one. */
export interface WorkerTarget {
  showId: string
  schema?: string | undefined
  /** Whether every booking goes through the daemon; if not, none does, even if it is open. */
  daemon?: boolean
}

/** A load worker that starts a real `tickets book --json` for every request, as a script would. */
export function processWorker(
  context: Context,
  { showId, schema, daemon }: WorkerTarget,
): LoadWorker {
  const { options, output, signal } = context
  const env = {
    ...output.io.env,
    // A command with this variable never goes through the daemon, as it reports its own retries.
    [STATS_VARIABLE]: daemon ? undefined : '1',
    // In the environment, as every user of the machine can read arguments, and a URL may have a
    // password.
    ...(options.db !== undefined && { DATABASE_URL: options.db }),
    ...(schema !== undefined && { TICKETS_SCHEMA: schema }),
  }
  const wait = formatDuration(Math.round(options.waitMs))
  const program = programFile()
  // Each child listens to the signal, and Node would warn of a leak from the eleventh on.
  setMaxListeners(0, signal)
  return async (request) => {
    const args = [program, 'book', showId, ...flagsOf(request), '--json', '--quiet', '--wait', wait]
    const started = performance.now()
    const ran = await runProgram(args, env, signal)
    return attemptOf(ran, performance.now() - started)
  }
}

/** A load worker that books in this process. It reports no retries: `onRetry` of `tickets` does. */
export function localWorker(tickets: Tickets, showId: string): LoadWorker {
  return async (request) => {
    const started = performance.now()
    const ended = (attempt: Pick<Attempt, 'end' | 'reason' | 'confirmed'>): Attempt => {
      const ms = performance.now() - started
      return { ...attempt, bookingMs: ms, totalMs: ms, retries: [] }
    }
    try {
      const { booking } = await tickets.book(showId, request)
      return ended({ end: 'confirmed', reason: null, confirmed: booking })
    } catch (error) {
      if (!(error instanceof TicketsError)) {
        return ended({ end: 'failed', reason: shorten(String(error)), confirmed: null })
      }
      return ended({ end: endOf(error.code), reason: error.code, confirmed: null })
    }
  }
}

interface Ran {
  exitCode: number | null
  killedBy: NodeJS.Signals | null
  stdout: string
  stderr: string
}

function flagsOf({ seats, count, customer }: BookingRequest): string[] {
  return [
    ...(seats === undefined ? [] : ['--seats', String(seats)]),
    ...(count === undefined ? [] : ['--count', String(count)]),
    ...(customer ? ['--customer', customer] : []),
  ]
}

function runProgram(args: string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      env,
      signal,
      // The terminal sends Ctrl-C to the child as well, and a second SIGINT would cut it short.
      killSignal: 'SIGTERM',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => {
      // A child that never started emits no 'close'; every other one does, aborted or not.
      if (child.pid === undefined) {
        resolve({ exitCode: null, killedBy: null, stdout, stderr: error.message })
      }
    })
    child.once('close', (exitCode, killedBy) => resolve({ exitCode, killedBy, stdout, stderr }))
  })
}

function attemptOf(ran: Ran, totalMs: number): Attempt {
  const { retries, rest } = readRetryLines(ran.stderr)
  const answer = answerOf({ ...ran, stderr: rest })
  return { bookingMs: null, confirmed: null, ...answer, totalMs, retries }
}

type Answer = Pick<Attempt, 'end' | 'reason'> & Partial<Attempt>

function answerOf({ exitCode, killedBy, stdout, stderr }: Ran): Answer {
  const answer = parseJson(stdout)
  const code: unknown = answer?.error?.code
  if (exitCode === 0 && answer?.status === 'CONFIRMED') {
    const confirmed = { id: answer.id, seats: answer.seats }
    return { end: 'confirmed', reason: null, confirmed, bookingMs: bookingMs(answer) }
  }
  if (isErrorCode(code) && errorCodes[code].exit === exitCode) {
    return { end: endOf(code), reason: code, bookingMs: bookingMs(answer?.booking) }
  }
  const how = killedBy === null ? `exit ${exitCode ?? 'never started'}` : `killed by ${killedBy}`
  const words = lastLine(stderr)
  return { end: 'failed', reason: words === '' ? how : `${how}: ${words}` }
}

/** From the record of the attempt to its outcome, by the database's clock. */
function bookingMs(booking: { createdAt: string; updatedAt: string } | undefined): number | null {
  if (booking === undefined) return null
  return Date.parse(booking.updatedAt) - Date.parse(booking.createdAt)
}

// biome-ignore lint/suspicious/noExplicitAny: the output of a process; each field is checked.
function parseJson(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code)
}

function lastLine(text: string): string {
  return shorten(text.trim().split('\n').at(-1)!)
}
