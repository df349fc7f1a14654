import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TicketsError } from '../shared/errors.js'
import { isClosed } from '../shared/own-directory.js'
import { programFile } from '../shared/program-file.js'
import type { Daemon } from './daemon.js'
import { askerOf, hangs, PROCESS_VARIABLES, UNANSWERED_MS } from './protocol.js'
import { connectTo, pidOf } from './socket.js'

type Status = ReturnType<Daemon['statusFor']>

/** The daemon of a database. One that hangs accepts connections and answers nothing. */
export type FoundDaemon = Partial<Status> & {
  state: 'open' | 'hung' | 'closed'
  pid: number | null
}

/**
 * Asks the daemon at a link for its state, and whether it would run a booking of this program with
 * these variables.
 */
export function queryDaemon(link: string, program?: string, env = process.env) {
  return ask(link, { type: 'status', ...askerOf(program, env) }, UNANSWERED_MS)
}

/** Asks the daemon at a link or socket; after a request to stop, waits until its process is gone. */
async function ask(
  path: string,
  request: { type: 'status' | 'stop' },
  silenceMs: number,
  signal?: AbortSignal,
): Promise<FoundDaemon> {
  try {
    const daemon = await connectTo(path)
    const { pid, socket } = daemon
    signal?.addEventListener('abort', () => socket.destroy())
    const status = await daemon.ask<Status | undefined>(request, silenceMs)
    const isHung = daemon.isHung || (status === undefined && signal?.aborted)
    socket.setTimeout(0)
    // The daemon keeps this connection until its process ends.
    if (request.type === 'stop' && !socket.closed) await once(socket, 'close')
    socket.destroy()
    return { ...status, state: isHung ? 'hung' : 'open', pid }
  } catch (error) {
    // The system's queue of waiting connections is full: the daemon accepts none.
    const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN'
    return isFull ? { state: 'hung', pid: pidOf(path) } : { state: 'closed', pid: null }
  }
}

/**
 * Stops the daemon at a link, and any that has lost the link to it, and removes what crashes left.
 * Returns when their processes are gone; false when there was none. Throws BUSY when one hangs or
 * its last runs take longer than `waitMs`, and INTERRUPTED by the signal.
 */
export async function stopDaemon(link: string, waitMs: number, signal: AbortSignal) {
  const silenceMs = Math.max(1, Math.min(UNANSWERED_MS, waitMs))
  const timeout = AbortSignal.timeout(Math.min(waitMs, 2 ** 31 - 1))
  const over = AbortSignal.any([signal, timeout])
  const stopping = socketsOf(link).map(async (path) => {
    const found = await ask(path, { type: 'stop' }, silenceMs, over)
    if (found.state === 'closed') rmSync(path, { force: true })
    return found
  })
  const all = await Promise.all(stopping)
  const hung = all.find(({ state }) => state === 'hung')
  if (hung && !signal.aborted) throw hangs(hung.pid)
  if (over.aborted) {
    const message = 'The daemon is stopping, and exits when its last bookings are done.'
    throw new TicketsError(signal.aborted ? 'INTERRUPTED' : 'BUSY', message)
  }
  return all.some(({ state }) => state === 'open')
}

function socketsOf(link: string): string[] {
  const directory = dirname(link)
  const isSocket = (name: string) => name.startsWith(`${basename(link)}.`) && !name.endsWith('~')
  try {
    const names = isClosed(directory) ? readdirSync(directory) : []
    return names.filter(isSocket).map((name) => join(directory, name))
  } catch {
    // No daemon can be in a directory that is not there, or is none.
    return []
  }
}

const OTHERS = ['LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'TMPDIR', 'USER', 'XDG_CACHE_HOME']

/**
 * Starts `tickets daemon run` in the background, and returns when it is open. It keeps nothing of the
 * process that starts it: no terminal or directory, none of the secrets in its environment, which
 * each run request carries, and no open files, which may be the lock or the pipe of a script.
 * Throws what the daemon throws.
 */
export async function startInBackground(link: string, env: NodeJS.ProcessEnv): Promise<void> {
  const nothing = openSync('/dev/null', 'r+')
  // A child inherits what was open for this process above the first three (`200>lock`).
  const open = existsSync('/dev/fd') ? readdirSync('/dev/fd').map(Number) : []
  const beyond = Array<number>(Math.max(2, ...open) - 2).fill(nothing)
  const child = spawn(process.execPath, [programFile(), 'daemon', 'run', '--json', link], {
    cwd: '/',
    detached: true,
    env: Object.fromEntries([...PROCESS_VARIABLES, ...OTHERS].map((name) => [name, env[name]])),
    stdio: ['ignore', 'pipe', 'ignore', ...beyond],
  })
  closeSync(nothing)
  const stdout = child.stdout!
  const [answer] = await Promise.race([once(stdout, 'data'), once(child, 'close')])
  stdout.destroy()
  child.unref()
  if (!(answer instanceof Buffer)) throw new Error(`The daemon ended with ${answer}`)
  const { error } = JSON.parse(answer.toString('utf8'))
  if (error) throw new TicketsError(error.code, error.message)
}
