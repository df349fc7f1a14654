import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchServer } from './server.js'
import { withWorkers } from './worker.js'

/** The entry point of the built program. */
export const program = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))

const peakHook = fileURLToPath(new URL('peak.cjs', import.meta.url))

/** Runs node with arguments, and measures only what it costs. */
export interface Runner {
  /** CPU of one process and all of its children, user and system, in milliseconds. */
  cpuMs(args: readonly string[]): Promise<number>
  /** Wall time of one process, in milliseconds, and its peak memory in MB. */
  run(args: readonly string[], options?: { stdout?: string }): Promise<Cost>
  /** Wall time of `count` processes, `atOnce` at a time, in milliseconds. */
  wallMs(commands: readonly (readonly string[])[], parallel: number): Promise<number>
  /** The highest peak memory of these processes, in MB. */
  peakMb(commands: readonly (readonly string[])[], parallel: number): Promise<number>
  /** Runs `work` with a runner whose bookings in this database go through an open daemon. */
  withDaemon<T>(url: string, work: (through: Runner, daemon: Daemon) => Promise<T>): Promise<T>
}

export interface Daemon {
  /** CPU that its process has used so far, user and system, in milliseconds. */
  cpuMs(): Promise<number>
  peakMb(): Promise<number>
}

export interface Cost {
  wallMs: number
  peakMb: number
  exitCode: number | null
}

/**
 * Processes see the embedded server of the run, a separate cache, and no settings of the user. A
 * daemon is found by its cache, so processes that must not use one have another cache.
 */
export function openRunner(server: BenchServer, cacheName = 'cache'): Runner {
  const env = {
    PATH: process.env.PATH,
    HOME: server.directory,
    XDG_CACHE_HOME: join(server.directory, cacheName),
    TICKETS_DATA_DIR: server.dataDir,
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
    async peakMb(commands, parallel) {
      const hooked = commands.map((args) => ['--require', peakHook, ...args])
      await wallMs(hooked, parallel, { TICKETS_BENCH_PEAK: peaks })
      return takePeakMb()
    },
    async withDaemon(url, work) {
      const cacheName = 'daemon-cache'
      const ownEnv = { ...env, XDG_CACHE_HOME: join(server.directory, cacheName) }
      const asked = [program, 'daemon', 'status', '--db', url, '--json']
      const { stdout } = await promisify(execFile)(process.execPath, asked, { env: ownEnv })
      const { socket } = JSON.parse(stdout)
      const worker = { file: 'daemon.mjs', args: [socket], env: ownEnv }
      return withWorkers({ daemon: worker }, async ({ daemon }) => {
        await daemon.ask('opened')
        const { peakMb } = daemon
        return work(openRunner(server, cacheName), { cpuMs: () => daemon.ask('cpuMs'), peakMb })
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

/**
 * bash's `time` reports getrusage of the child, rounded to the millisecond; it works on macOS as
 * well.
 */
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
