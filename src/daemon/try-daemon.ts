import type { RunEnvironment } from '../client/run-environment.js'
import { onSecondSignal } from '../shared/interruption.js'
import { parseDuration } from '../shared/time/duration.js'
import { type Output, openOutput } from '../terminal/io.js'
import type { RunRequest, RunResult } from './protocol.js'
import { askerOf, hangs, START, UNANSWERED_MS } from './protocol.js'
import { connectTo, daemonLink } from './socket.js'

/** The exit code of a command line that the daemon has run, or else what it needs to run here. */
export interface DaemonTry {
  exitCode?: number
  environment?: RunEnvironment
}

/**
 * Passes this process's command line to the daemon of its database, if the command is a single
 * scripted booking and the daemon is open. Returns the exit code once the daemon has run the
 * command and the result is printed; otherwise, what the command needs to know to run here.
 *
 * Never throws: if anything is wrong with the daemon, the command can still run here. An interruption
 * reaches the daemon; a booking that is being decided still gets its verdict.
 */
export function tryDaemon(program: string, signal: AbortSignal): Promise<DaemonTry> {
  const environment: RunEnvironment = {}
  return request(program, signal, environment).catch(() => ({ environment }))
}

async function request(
  program: string,
  signal: AbortSignal,
  environment: RunEnvironment,
): Promise<DaemonTry> {
  const { env } = process
  const argv = process.argv.slice(2)
  const has = (flags: RegExp) => argv.some((word) => flags.test(word))
  // Processes that `tickets stress` measures by themselves have TICKETS_STATS.
  if (!has(/^--json$/) || has(/^(-h|--help|--file(=.*)?)$/) || env.TICKETS_STATS) return {}
  const silenceMs = longestSilence(parseDuration(flagValue('--wait', argv) ?? '30s'))
  if (silenceMs === 0) return {}
  const began = performance.now()
  const cwd = process.cwd()
  const daemon = await connectTo(daemonLink(flagValue('--db', argv), env, cwd))
  const { pid, socket } = daemon
  const output = openOutput(process, { json: true, quiet: has(/^(-q|--quiet)$/), ...PLAIN })
  signal.addEventListener('abort', () => {
    if (!environment.isRepeat) return void socket.destroy()
    socket.end()
    // A second one does not end this process: the command looks up what became of the booking.
    onSecondSignal(signal, () => !!socket.destroy())
  })
  const run: RunRequest = { type: 'run', ...askerOf(program, env), argv, cwd, silenceMs }
  let answer = await daemon.ask<RunResult>(run, Math.min(silenceMs, UNANSWERED_MS))
  if (typeof answer?.bookingId === 'string' && !signal.aborted) {
    Object.assign(environment, { bookingId: answer.bookingId, isRepeat: true })
    answer = await daemon.ask(START, silenceMs)
  }
  socket.destroy()
  const { exitCode, declined } = answer ?? {}
  const refusal = declined && `declined this command: ${declined}`
  const note = exitCode === undefined ? (refusal ?? 'is lost.') : 'ran this command.'
  if (has(/^--debug$/)) output.problem(`The daemon (process ${pid}) ${note}`)
  if (daemon.isHung) output.hint(hangs(pid).message)
  if (exitCode !== undefined) {
    await printResult(output, answer!)
    return { exitCode }
  }
  if (declined !== undefined) return {}
  const waitedMs = Math.round(performance.now() - began)
  return { environment: { ...environment, waitedMs } }
}

const PLAIN = { input: false, color: false }

/**
 * A guess, made without commander: a run opens the database that commander reads, in any daemon.
 */
function flagValue(flag: string, argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  return argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1)
}

/** Half of `--wait` is left to run the command here; a busy machine keeps a daemon waiting, too. */
function longestSilence(waitMs: number): number {
  return Math.min(Math.max(waitMs / 2, 500), waitMs, 10_000)
}

/**
 * Prints what a run wrote where its command was typed. The booking stands, so when stdout takes
 * nothing, its document goes to stderr, and the exit code stays what it is.
 */
async function printResult(output: Output, { stdout = '', stderr }: RunResult): Promise<void> {
  if (stderr) output.problem(stderr.slice(0, -1))
  await output.write(stdout).catch(({ message }) => {
    output.problem(`${stdout}The result could not be written to stdout: ${message}.`)
  })
}
