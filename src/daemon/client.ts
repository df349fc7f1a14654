import type { Socket } from 'node:net'
import type { RunEnvironment } from '../client/run-environment.js'
import { parseDuration } from '../shared/duration.js'
import type { Interruption } from '../shared/interruption.js'
import { isReaderGone } from '../terminal/reader-gone.js'
import type { Accepted, CommandLine, Declined, RunRequest, RunResult } from './protocol.js'
import { askerOf, START, Wire } from './protocol.js'
import { connectToDaemon, daemonLink, hasAnyDaemon } from './socket.js'

type Outcome = RunResult | RunEnvironment

/**
 * Hands the single booking of a script over to the daemon of its database, if one is open. Returns the
 * exit code when the daemon has run it, and its result is printed; else the environment in which to
 * run the command here.
 *
 * Never throws: whatever is wrong with the daemon, the command can still be run here. An interruption
 * reaches the daemon; a booking that is being decided still gets its verdict.
 */
export async function handOver(line: CommandLine, interruption: Interruption) {
  const outcome = await request(line, interruption).catch((): Outcome => ({}))
  if ('exitCode' in outcome) return printResult(outcome)
  // An interruption must not keep it from being found out what became of a booking.
  const signal = outcome.isRepeat ? {} : { signal: interruption.signal }
  return { ...outcome, ...signal, program: line.program }
}

async function request(line: CommandLine, interruption: Interruption): Promise<Outcome> {
  const { program, argv, env } = line
  // Processes that `tickets stress` measures by themselves have TICKETS_STATS.
  const isOther = argv.some((word) => /^(-h|--help|--file(=.*)?)$/.test(word)) || env.TICKETS_STATS
  if (argv[0] !== 'book' || !argv.includes('--json') || isOther || !hasAnyDaemon()) return {}
  const silenceMs = longestSilence(parseDuration(flagValue('--wait', argv) ?? '30s'))
  if (silenceMs === 0) return {}
  const { cwd } = line
  const daemon = await connectToDaemon(daemonLink(flagValue('--db', argv), env, cwd))
  if (!daemon) return {}
  const { socket, pid } = daemon
  const environment: RunEnvironment = {}
  const limitSilence = (ms: number) =>
    closeWhenSilent(socket, ms, () => {
      environment.waitedMs = ms
    })
  interruption.listeners.add(() => (environment.isRepeat ? socket.end() : socket.destroy()))
  limitSilence(Math.min(silenceMs, UNANSWERED_MS))
  const wire = new Wire(socket)
  const words = { ...askerOf(program, env), program, argv, cwd }
  wire.send({ type: 'run', ...words, silenceMs } satisfies RunRequest)
  let answer = await wire.receive<Accepted & RunResult & Declined>()
  if (typeof answer?.bookingId === 'string' && !interruption.hasCome) {
    Object.assign(environment, { bookingId: answer.bookingId, isRepeat: true })
    limitSilence(silenceMs)
    wire.send(START)
    answer = await wire.receive()
  }
  socket.destroy()
  const refusal = answer?.declined && `declined this command: ${answer.declined}`
  const note = isRunResult(answer) ? 'ran this command.' : (refusal ?? 'is lost.')
  if (argv.includes('--debug')) await print('stderr', `The daemon (process ${pid}) ${note}\n`)
  if (isRunResult(answer)) return answer
  return refusal === undefined ? environment : {}
}

/** A guess: the daemon compares the database that commander's reading opens with its own. */
function flagValue(flag: string, argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  return argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1)
}

/** A process that has not answered after this time hangs, or is too busy to be of use. */
export const UNANSWERED_MS = 3000

/** Half of `--wait` is left to run the command here; a busy machine keeps a daemon waiting, too. */
function longestSilence(waitMs: number): number {
  return Math.min(Math.max(waitMs / 2, 500), waitMs, 10_000)
}

/** Closes a connection on which nothing comes for this long, and calls `onSilence`. */
export function closeWhenSilent(socket: Socket, ms: number, onSilence: () => void): void {
  socket.removeAllListeners('timeout').setTimeout(ms, () => {
    // This process, too, may not have run for long: look first at what has come meanwhile.
    const { bytesRead } = socket
    setImmediate(() => {
      if (socket.bytesRead !== bytesRead) return
      onSilence()
      socket.destroy()
    })
  })
}

/** The process that listens there need not be a daemon. */
function isRunResult(result: Partial<RunResult> | undefined): result is RunResult {
  return typeof result?.exitCode === 'number' && typeof result.stdout === 'string'
}

/**
 * Prints what a run wrote where its command was typed; returns the exit code. The booking stands, so
 * when stdout takes nothing, its document goes to stderr, and the exit code stays what it is.
 */
async function printResult({ exitCode, stdout, stderr }: RunResult): Promise<number> {
  await print('stderr', stderr)
  const error = await print('stdout', stdout)
  if (error && !isReaderGone(error)) {
    await print('stderr', `${stdout}The answer could not be written to stdout: ${error.message}.\n`)
  }
  return exitCode
}

/** Resolves with the error of a stream that takes nothing. */
async function print(name: 'stdout' | 'stderr', text: string): Promise<Error | undefined> {
  if (text === '') return undefined
  return new Promise((resolve) => {
    const stream = process[name].once('error', resolve)
    stream.write(text, (error) => resolve(error ?? undefined))
  })
}
