import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'

export interface SpawnOptions {
  /** `bin/tickets.js` */
  programFile: string
  /** Of its socket. */
  path: string
  env: Record<string, string | undefined>
  /** So long after its last order it closes; null: it stays open. */
  idleMs: number | null
  stdio: StdioOptions
}

/** Starts `tickets counter run` as a process that belongs to no terminal and to no directory. */
export function spawnCounter({
  programFile,
  path,
  env,
  idleMs,
  stdio,
}: SpawnOptions): ChildProcess {
  const words = idleMs === null ? [] : ['--idle', `${idleMs}ms`]
  return spawn(process.execPath, [programFile, 'counter', 'run', '--json', ...words], {
    cwd: '/',
    detached: true,
    env: { ...env, TICKETS_COUNTER: path },
    stdio,
  })
}
