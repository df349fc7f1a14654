import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { bareEnvironment, program } from './cli.js'
import { until } from './until.js'

/** A running `tickets book` process. */
export interface BookingProcess {
  child: ChildProcess
  ended: Promise<EndedBooking>
}

export interface EndedBooking {
  exitCode: number | null
  /** The signal that killed it, if any. */
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  document: Printed
  /** From its start to its end, in milliseconds. */
  ms: number
}

/** What it printed: a booking, or an error of the contract. Empty if it printed neither. */
export interface Printed {
  id?: string
  reference?: string
  status?: string
  seats?: number[]
  seat_labels?: string[]
  replayed?: boolean
  error?: { code: string; message: string; retryable: boolean }
  booking?: Printed
}

/**
 * Starts a process; `args` is what follows `tickets book`. Adds --json, unless --no-color asks for
 * text.
 */
export function startBooking(
  url: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): BookingProcess {
  const started = performance.now()
  const format = args.includes('--no-color') ? [] : ['--json']
  const child = spawn(process.execPath, [program, 'book', ...args, ...format], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...bareEnvironment, DATABASE_URL: url, ...env },
  })
  return { child, ended: ended(child, started) }
}

async function ended(child: ChildProcess, started: number): Promise<EndedBooking> {
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  const ms = performance.now() - started
  return { exitCode, signal, stdout, stderr, document: parsed(stdout), ms }
}

function parsed(stdout: string): Printed {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
}

/**
 * Runs `work` for each item, `width` items at a time. Returns the results in the order of the
 * items.
 */
export async function inWaves<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  const worker = async () => {
    for (const [i, item] of rest) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

/** Whether the process runs. A process that has ended but is not reaped yet does not count. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !isZombie(pid)
  } catch {
    return false
  }
}

/** On Linux only. A new parent may take up to a second to reap an orphan. */
function isZombie(pid: number): boolean {
  const stat = existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return /^\d+ \(.*\) Z/s.test(stat)
}

/**
 * Sends a signal to a process that waits for its next event, and returns when it waits again or has
 * ended: its handler has run by then. On Linux only.
 */
export async function signalAndWait({ pid }: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  let before: number | undefined
  await until(async () => {
    before = await sleepsOf(pid!)
    return before !== undefined
  })
  process.kill(pid!, signal)
  await until(async () => !isAlive(pid!) || ((await sleepsOf(pid!)) ?? 0) > before!)
}

/** How many times a process has begun to wait; undefined while it runs and after it has ended. */
async function sleepsOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, sleeps] = /^State:\tS.*^voluntary_ctxt_switches:\t(\d+)/ms.exec(status) ?? []
  return sleeps === undefined ? undefined : Number(sleeps)
}
