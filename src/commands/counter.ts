import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import type { Run } from '../command-tree.js'
import { TicketsError } from '../core/errors.js'
import { askCounter } from '../counter/ask.js'
import { Counter, type CounterOptions } from '../counter/counter.js'
import { type Answer, counterPath, type Order } from '../counter/protocol.js'
import { SharedTickets } from '../counter/shared-tickets.js'
import type { Surroundings } from '../surroundings.js'
import type { Io } from '../terminal/io.js'
import type { Context, Handler } from './context.js'
import { programFile } from './program-file.js'

/** `tickets counter status|start|stop|run`, for a counter that runs its orders by `main`. */
export function counterCommand({ main, surroundings }: Run): Handler<object, [string]> {
  const { program = '' } = surroundings
  const actions: Record<string, (context: Context, path: string) => Promise<void>> = {
    status: showStatus,
    start: (context, path) => start(context, { path, program }),
    stop,
    run: (context, path) => runCounter(context, { path, program, main }),
  }
  return async (context, _options, action) => {
    await actions[action]!(context, usablePath(context))
  }
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
  const state = found === undefined ? 'closed' : 'open'
  const { pid = null, since = null, underWay = null, served = null } = found ?? {}
  if (output.json) {
    return output.document({ state, socket: path, pid, since, under_way: underWay, served })
  }
  const lines = [
    `state\t${state}`,
    `socket\t${path}`,
    ...(found
      ? [`pid\t${pid}`, `since\t${since}`, `under way\t${underWay}`, `served\t${served}`]
      : []),
  ]
  await output.write(`${lines.join('\n')}\n`)
}

async function start(
  context: Context,
  { path, program }: { path: string; program: string },
): Promise<void> {
  const { output } = context
  const found = await askCounter(path, 'status')
  // That of another version is replaced, and finishes what it has.
  if (found?.program !== program) await startInBackground(context, path)
  if (output.json) return showStatus(context, path)
  output.hint(
    'The counter is open: it runs your `tickets book … --json` from now on. `tickets counter stop` closes it.',
  )
}

/** Resolves when it is open. It belongs to no terminal and to no directory. */
async function startInBackground({ output }: Context, path: string): Promise<void> {
  const child = spawn(process.execPath, [programFile(), 'counter', 'run', '--json'], {
    cwd: '/',
    detached: true,
    env: { ...output.io.env, TICKETS_COUNTER: path },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [answer] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as [
    Buffer | number | null,
  ]
  child.stdout.destroy()
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
  { path, program, main }: { path: string; program: string; main: Run['main'] },
): Promise<void> {
  const shared = new SharedTickets()
  const counter = await openAt({
    path,
    program,
    run: (order, surroundings) =>
      shared.lend((open) =>
        runOrder(order, main, {
          ...surroundings,
          open: (options) => open({ ...options, cwd: order.cwd }),
        }),
      ),
  })
  if (output.json) await output.document({ socket: path })
  else await output.write(`${path}\n`)
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
  surroundings: Surroundings,
): Promise<Answer> {
  const [stdout, stderr] = [new Kept(), new Kept()]
  const io = { stdin: {}, stdout, stderr, env } as unknown as Io
  const exitCode = await main(argv, io, surroundings)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

class Kept extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
