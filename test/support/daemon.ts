import { existsSync, realpathSync } from 'node:fs'
import { queryDaemon } from '../../src/daemon/control.js'
import { isAlive } from './booking-process.js'
import { tickets } from './cli.js'
import { until } from './until.js'

/** The open daemon of a test, with its own database. */
export interface TestDaemon {
  pid: number
  /** The directory where commands look for the socket, and the socket itself. */
  link: string
  socket: string
  /** What `tickets daemon status --json` reads. */
  status(): ReturnType<typeof queryDaemon>
  kill(signal: NodeJS.Signals): void
  /** Whether it is open and has not been sent a signal. */
  isUntouched(): boolean
  /** Closes it if the test has not. */
  remove(): Promise<void>
}

/** Opens a daemon, as a user does, for the database that `options` choose. */
export async function openDaemon(
  options: NonNullable<Parameters<typeof tickets>[1]>,
): Promise<TestDaemon> {
  const ran = await tickets(['daemon', 'start', '--json'], options)
  const { pid, socket: link, error } = ran.json()
  if (error) throw new Error(error.message)
  let wasHit = false
  const kill = (signal: NodeJS.Signals) => {
    wasHit = true
    if (isAlive(pid)) process.kill(pid, signal)
  }
  return {
    pid,
    link,
    socket: realpathSync(link),
    status: () => queryDaemon(link),
    kill,
    isUntouched: () => !wasHit && existsSync(link) && isAlive(pid),
    async remove() {
      kill('SIGKILL')
      await until(() => !isAlive(pid))
    },
  }
}
