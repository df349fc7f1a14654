import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { BenchServer } from './server.js'
import { withWorkers } from './worker.js'

/** Where the built program starts. */
export const program = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))

const peakHook = fileURLToPath(new URL('peak.cjs', import.meta.url))

/** Runs node with arguments and looks at nothing but what it costs. */
export interface Runner {
  /** CPU of one process and all of its children, user and system, in milliseconds. */
  cpuMs(args: readonly string[]): Promise<number>
  /** Wall time of one process, in milliseconds, and its peak memory in MB. */
  run(args: readonly string[], options?: { stdout?: string }): Promise<Cost>
  /** Wall time of many processes, so many at a time, in milliseconds. */
  wallMs(commands: readonly (readonly string[])[], parallel: number): Promise<number>
  /** The same of bookings that are left to open a counter in their rush, and do so each time anew. */
  rushMs(commands: readonly (readonly string[])[], parallel: number): Promise<number>
  /** The highest peak memory of as many, in MB. */
  peakMb(commands: readonly (readonly string[])[], parallel: number): Promise<number>
  /** Runs `work` with a runner whose processes find an open counter. */
  withCounter<T>(work: (atCounter: Runner, counter: Counter) => Promise<T>): Promise<T>
}

export interface Counter {
  /** CPU that its process has used so far, user and system, in milliseconds. */
  cpuMs(): Promise<number>
  peakMb(): Promise<number>
}

export interface Cost {
  wallMs: number
  peakMb: number
  exitCode: number | null
}

/** Processes see the embedded server of the run and a cache of their own, and no one's settings. */
export function openRunner(server: BenchServer, counterPath = 'off'): Runner {
  const cache = join(server.directory, 'cache')
  const env = {
    PATH: process.env.PATH,
    HOME: server.directory,
    XDG_CACHE_HOME: cache,
    TICKETS_DATA_DIR: server.dataDir,
    TICKETS_COUNTER: counterPath,
    LC_ALL: 'C',
  }
  const peaks = join(server.directory, 'peaks')
  const takePeakMb = async () => {
    const bytes = (await readFile(peaks, 'latin1')).trim().split('\n').map(Number)
    await rm(peaks)
    return Math.max(...bytes) / 1e6
  }
  const wallMs = async (
    commands: readonly (readonly string[])[],
    parallel: number,
    extra: NodeJS.ProcessEnv = {},
  ) => {
    const waiting = [...commands]
    const started = performance.now()
    const work = async () => {
      for (let args = waiting.shift(); args; args = waiting.shift()) {
        await succeed(args, { ...env, ...extra })
      }
    }
    await Promise.all(Array.from({ length: parallel }, work))
    return performance.now() - started
  }
  return {
    cpuMs: (args) => cpuMs(args, env),
    wallMs,
    async rushMs(commands, parallel) {
      const ms = await wallMs(commands, parallel, { TICKETS_COUNTER: undefined })
      const socket = join(cache, 'tickets', 'counter.sock')
      if (!existsSync(socket)) throw new Error('No counter opened in the rush.')
      while (existsSync(socket)) await sleep(50)
      return ms
    },
    async peakMb(commands, parallel) {
      const hooked = commands.map((args) => ['--require', peakHook, ...args])
      await wallMs(hooked, parallel, { TICKETS_BENCH_PEAK: peaks })
      return takePeakMb()
    },
    withCounter(work) {
      const path = join(server.directory, 'counter.sock')
      const counter = { file: 'counter.mjs', args: [], env: { ...env, TICKETS_COUNTER: path } }
      return withWorkers({ counter }, async ({ counter }) => {
        await counter.ask('opened')
        const { peakMb } = counter
        return work(openRunner(server, path), { cpuMs: () => counter.ask('cpuMs'), peakMb })
      })
    },
    async run(args, { stdout } = {}) {
      const started = performance.now()
      const hooked = ['--require', peakHook, ...args]
      const exitCode = await runToEnd(hooked, { ...env, TICKETS_BENCH_PEAK: peaks }, stdout)
      return { wallMs: performance.now() - started, peakMb: await takePeakMb(), exitCode }
    },
  }
}

/** bash's `time` is getrusage of the children, to the millisecond; macOS has it too. */
async function cpuMs(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const script = `TIMEFORMAT='%3U %3S'; time "$@" >/dev/null 2>&3`
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const [times, complaint, [exitCode]] = await Promise.all([
    text(child.stderr!),
    text(child.stdio[3] as NodeJS.ReadableStream & AsyncIterable<string>),
    once(child, 'close'),
  ])
  if (exitCode !== 0) throw new Error(`node ${args.join(' ')} exited ${exitCode}: ${complaint}`)
  const [user, system] = times.trim().split(' ').map(Number)
  return (user! + system!) * 1000
}

async function succeed(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const exitCode = await runToEnd(args, env)
  if (exitCode !== 0) throw new Error(`node ${args.join(' ')} exited ${exitCode}`)
}

async function runToEnd(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdout = '/dev/null',
): Promise<number | null> {
  const descriptor = openSync(stdout, 'w')
  try {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', descriptor, 'ignore'] })
    const [exitCode] = await once(child, 'exit')
    return exitCode
  } finally {
    closeSync(descriptor)
  }
}
