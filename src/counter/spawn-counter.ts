import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { type Lifetime, OF_THE_PROCESS } from './protocol.js'

export interface SpawnOptions extends Lifetime {
  /** `bin/tickets.js` */
  programFile: string
  /** Of its socket. */
  path: string
  env: Record<string, string | undefined>
  /** Of its stdin, stdout and stderr. */
  stdio: ['ignore', 'ignore' | 'pipe', 'ignore']
}

/**
 * Starts `tickets counter run` as a process that belongs to no terminal and to no directory, and
 * keeps nothing of whoever opens it: neither the secrets in its environment, which the orders bring
 * along themselves, nor its open files, which may be the lock or the pipe of a script.
 */
export function spawnCounter({
  programFile,
  path,
  env,
  idleMs,
  server,
  stdio,
}: SpawnOptions): ChildProcess {
  const words = [
    ...(idleMs === null ? [] : ['--idle', `${idleMs}ms`]),
    ...(server === null ? [] : ['--server', server]),
  ]
  const passedOn = PASSED_ON.flatMap((name) => (name in env ? [[name, env[name]]] : []))
  const nothing = openSync('/dev/null', 'r+')
  try {
    return spawn(process.execPath, [programFile, 'counter', 'run', '--json', ...words], {
      cwd: '/',
      detached: true,
      env: { ...Object.fromEntries(passedOn), TICKETS_COUNTER: path },
      stdio: [...stdio, ...instead(nothing, { from: stdio.length })],
    })
  } finally {
    closeSync(nothing)
  }
}

const PASSED_ON = [
  ...OF_THE_PROCESS,
  ...['LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'TMPDIR', 'TZ', 'USER', 'XDG_CACHE_HOME'],
]

/** Node lets a child inherit what its own parent left open above the first few (`200>lock`). */
function instead(nothing: number, { from }: { from: number }): (number | 'ignore')[] {
  const inherited = inheritedDescriptors()
  const beyond = Math.max(from, ...inherited.map((descriptor) => descriptor + 1))
  return Array.from({ length: beyond - from }, (_, i) =>
    inherited.includes(from + i) ? nothing : 'ignore',
  )
}

const O_CLOEXEC = 0o2000000

/** Those that a child would inherit; none where the system does not tell. */
function inheritedDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo')
      .filter((name) => (flagsOf(name) & O_CLOEXEC) === 0)
      .map(Number)
  } catch {
    return []
  }
}

/** All of them for one that is closed by now, as is the one by which they are listed. */
function flagsOf(descriptor: string): number {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
    return Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '', 8)
  } catch {
    return O_CLOEXEC
  }
}
