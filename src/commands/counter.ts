import { once } from 'node:events'
import { isAbsolute } from 'node:path'
import { Writable } from 'node:stream'
import type { Context, Handler } from '../cli/context.js'
import type { Run } from '../cli/run.js'
import type { RunEnvironment } from '../client/run-environment.js'
import { askCounter } from '../counter/ask.js'
import { Counter, type CounterOptions } from '../counter/counter.js'
import {
  type Answer,
  type CounterStatus,
  counterPath,
  type Lifetime,
  type Order,
} from '../counter/protocol.js'
import { takeSignAway } from '../counter/rush.js'
import { SharedTickets } from '../counter/shared-tickets.js'
import { spawnCounter } from '../counter/spawn-counter.js'
import { embeddedWatch } from '../database/embedded/embedded.js'
import { formatDuration } from '../shared/duration.js'
import { TicketsError } from '../shared/errors.js'
import { programFile } from '../shared/program-file.js'
import { safeText } from '../shared/safe-text.js'
import type { Io } from '../terminal/io.js'

interface CounterFlags {
  /** In milliseconds. */
  idle?: number
  /** With which embedded server it ends, by its data directory. */
  server?: string
}

/** `tickets counter status|start|stop|run`, for a counter that runs its orders by `main`. */
export function counterCommand({ main, environment }: Run): Handler<CounterFlags, [string]> {
  const { program = '' } = environment
  return async (context, { idle, server = null }, action) => {
    const idleMs = checkIdle(action, idle)
    if (server !== null && !(action === 'run' && isAbsolute(server))) {
      throw new TicketsError(
        'INVALID_INPUT',
        '--server belongs to `counter run`, with a whole path. Leave it out.',
      )
    }
    const options = { path: usablePath(context), program, idleMs, server }
    const actions: Record<string, () => Promise<void>> = {
      status: () => showStatus(context, options.path),
      start: () => start(context, options),
      stop: () => stop(context, options.path),
      run: () => runCounter(context, { ...options, main }),
    }
    await actions[action]!()
  }
}

/** The longest that Node's timers know is 2³¹ − 1 ms. */
const LONGEST_IDLE_MS = 24 * 86_400_000

function checkIdle(action: string, idle: number | undefined): number | null {
  if (idle === undefined) return null
  if (action !== 'start' && action !== 'run') {
    throw new TicketsError('INVALID_INPUT', '--idle belongs to `counter start`. Leave it out.')
  }
  if (idle > 0 && idle <= LONGEST_IDLE_MS) return idle
  throw new TicketsError('INVALID_INPUT', '--idle is from 1ms to 24d, like 15m.')
}

function usablePath({ output }: Context): string {
  const path = counterPath(output.io.env)
  if (path !== undefined) return path
  throw new TicketsError(
    'INVALID_INPUT',
    'There is no place for a counter here. Set TICKETS_COUNTER to a path of at most 94 bytes.',
  )
}

async function showStatus({ output }: Context, path: string): Promise<void> {
  const found = await askCounter(path, 'status')
  await (output.json
    ? output.document(statusJson(path, found))
    : output.write(`${statusLines(path, found).join('\n')}\n`))
}

function statusJson(path: string, found: Partial<CounterStatus> = {}) {
  return {
    state: found.pid === undefined ? 'closed' : 'open',
    socket: path,
    pid: found.pid ?? null,
    since: found.since ?? null,
    under_way: found.underWay ?? null,
    served: found.served ?? null,
    declined: found.declined ?? null,
    declined_because: found.declinedBecause ?? null,
    idle_ms: found.idleMs ?? null,
    server: found.server ?? null,
  }
}

function statusLines(path: string, found: CounterStatus | undefined): string[] {
  if (!found) return ['state\tclosed', `socket\t${safeText(path)}`]
  const { pid, since, underWay, served, declined, declinedBecause, idleMs, server } = found
  return [
    'state\topen',
    `socket\t${safeText(path)}`,
    `pid\t${pid}`,
    `since\t${since}`,
    `under way\t${underWay}`,
    `served\t${served}`,
    ...(declined > 0 ? [`declined\t${declined}. ${declinedBecause}`] : []),
    ...(idleMs === null ? [] : [`closes\t${formatDuration(idleMs)} after its last order`]),
    ...(server === null ? [] : [`closes\twith the embedded server in ${safeText(server)}`]),
  ]
}

interface StartOptions extends Lifetime {
  path: string
  program: string
}

async function start(context: Context, options: StartOptions): Promise<void> {
  const { output } = context
  const { path, program, idleMs, server } = options
  const found = await askCounter(path, 'status')
  // That of another version is replaced, and finishes what it has; so is one that opened by itself.
  const isWanted = found?.program === program && found.idleMs === idleMs && found.server === server
  if (!isWanted) await startInBackground(context, options)
  if (output.json) return showStatus(context, path)
  output.hint(
    'The counter is open: it runs your `tickets book … --json` from now on. `tickets counter stop` closes it.',
  )
}

/** Resolves when it is open. */
async function startInBackground({ output }: Context, options: StartOptions): Promise<void> {
  const child = spawnCounter({
    ...options,
    programFile: programFile(),
    env: output.io.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const stdout = child.stdout!
  const [answer] = (await Promise.race([once(stdout, 'data'), once(child, 'close')])) as [
    Buffer | number | null,
  ]
  stdout.destroy()
  child.unref()
  const { error } = answer instanceof Buffer ? JSON.parse(answer.toString('utf8')) : {}
  if (error) throw new TicketsError(error.code, error.message)
  if (!(answer instanceof Buffer)) throw new Error(`The counter ended with ${answer}`)
}

async function stop(context: Context, path: string): Promise<void> {
  const { output } = context
  const found = await askCounter(path, 'close')
  if (output.json) return showStatus(context, path)
  output.hint(found ? 'The counter is closed.' : 'No counter was open.')
}

async function runCounter(
  { output, signal }: Context,
  { main, ...options }: StartOptions & { main: Run['main'] },
): Promise<void> {
  const { path, program, server } = options
  const shared = new SharedTickets()
  const counter = await openAt({
    ...options,
    ...(server !== null && { isServerUp: embeddedWatch(server) }),
    run: (order, environment) =>
      shared.lend((open) =>
        runOrder(order, main, {
          ...environment,
          program,
          open: (options) => open({ ...options, cwd: order.cwd }),
        }),
      ),
  })
  takeSignAway(path)
  if (output.json) await output.document({ socket: path })
  else await output.write(`${safeText(path)}\n`)
  if (!signal.aborted) await Promise.race([once(signal, 'abort'), counter.closed])
  await counter.close()
  await shared.close()
}

async function openAt(options: CounterOptions): Promise<Counter> {
  try {
    return await Counter.open(options)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new TicketsError(
      'INVALID_INPUT',
      `No counter can be opened at ${options.path}: ${error.message}. Set TICKETS_COUNTER to a path elsewhere.`,
      { cause: error },
    )
  }
}

/** Runs a command line as if it were typed where it was typed, and keeps what it says. */
async function runOrder(
  { argv, env }: Order,
  main: Run['main'],
  environment: RunEnvironment,
): Promise<Answer> {
  const [stdout, stderr] = [new Kept(), new Kept()]
  const io = { stdin: {}, stdout, stderr, env } as unknown as Io
  const exitCode = await main(argv, io, environment)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

class Kept extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
