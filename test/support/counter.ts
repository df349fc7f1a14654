import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareEnvironment, program, tickets } from './cli.js'

/** A counter of a test's own, in a process of its own. */
export interface TestCounter {
  child: ChildProcess
  /** What makes a command find it. */
  env: { TICKETS_COUNTER: string }
  /** What `tickets counter status --json` says. */
  status(): Promise<{ pid: number; under_way: number; served: number; declined: number }>
  /** Ends it, if a test has not, and removes its socket. */
  remove(): Promise<void>
}

/** Opens one, perhaps in the place of another; it knows no database but what its orders bring. */
export async function openCounter(inPlaceOf?: TestCounter): Promise<TestCounter> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-counter-'))
  const env = inPlaceOf?.env ?? { TICKETS_COUNTER: join(directory, 'counter.sock') }
  const child = spawn(process.execPath, [program, 'counter', 'run'], {
    env: { ...bareEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    child,
    env,
    status: async () => (await tickets(['counter', 'status', '--json'], { env })).json(),
    async remove() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(directory, { recursive: true })
    },
  }
}
