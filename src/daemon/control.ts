import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { TicketsError } from '../shared/errors.js'
import { isClosed } from '../shared/own-directory.js'
import { programFile } from '../shared/program-file.js'
import { closeWhenSilent, UNANSWERED_MS } from './client.js'
import { askerOf, type DaemonStatus, PROCESS_VARIABLES, Wire } from './protocol.js'
import { connectToDaemon } from './socket.js'

/** The daemon of a database. One that hangs accepts connections and answers nothing. */
export interface FoundDaemon extends Partial<DaemonStatus> {
  state: 'open' | 'hung' | 'closed'
  pid: number | null
}

export interface QueryOptions {
  /** This process's program; the daemon says whether it would run the same. */
  program?: string | undefined
  env?: NodeJS.ProcessEnv
  /** Tells the daemon to stop: resolves when its process is gone, rejects when the signal fires. */
  stop?: AbortSignal
  /** A daemon that is silent for this long hangs. */
  silenceMs?: number
}

/** Asks the daemon at a link for its state. */
export async function queryDaemon(link: string, options: QueryOptions = {}): Promise<FoundDaemon> {
  const { program, env = process.env, stop, silenceMs = UNANSWERED_MS } = options
  const daemon = await connectToDaemon(link)
  if (!daemon) return { state: 'closed', pid: null }
  const { socket, pid } = daemon
  const found: FoundDaemon = { state: 'open', pid }
  closeWhenSilent(socket, silenceMs, () => {
    found.state = 'hung'
  })
  const wire = new Wire(socket)
  wire.send({ type: stop ? 'stop' : 'status', ...askerOf(program, env) })
  stop?.addEventListener('abort', () => socket.destroy())
  try {
    const status = await wire.receive<DaemonStatus>()
    socket.setTimeout(0)
    if (found.state === 'open') stop?.throwIfAborted()
    if (stop && !socket.closed) await once(socket, 'close', { signal: stop })
    return { ...status, ...found }
  } finally {
    socket.destroy()
  }
}

/**
 * Stops the daemon at a link, and returns when its process is gone; false when none was open. Throws
 * BUSY when it hangs or its last runs take longer than `waitMs`, and INTERRUPTED by the signal.
 */
export async function stopDaemon(link: string, waitMs: number, signal: AbortSignal) {
  const silenceMs = Math.max(1, Math.min(UNANSWERED_MS, waitMs))
  // A little longer, so that a daemon that hangs is reported as hung, and not as busy.
  const timeout = AbortSignal.timeout(Math.min(waitMs + 100, 2 ** 31 - 1))
  const stop = AbortSignal.any([signal, timeout])
  const { state, pid } = await queryDaemon(link, { stop, silenceMs }).catch((cause) => {
    if (!stop.aborted) throw cause
    const message = 'The daemon was told to stop, and ends when its last bookings are done.'
    throw new TicketsError(signal.aborted ? 'INTERRUPTED' : 'BUSY', message, { cause })
  })
  if (state === 'hung') throw hangs(pid)
  await stopOthers(link)
  return state === 'open'
}

/** The error for a daemon that does not answer. */
export function hangs(pid: number | null): TicketsError {
  const message = `The daemon (process ${pid}) hangs: it does not answer. End it with \`kill -9 ${pid}\`; a command that waits for it then books by itself, once.`
  return new TicketsError('BUSY', message)
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

/** Stops daemons that lost their link to the one that was stopped, and removes what crashes left. */
async function stopOthers(link: string): Promise<void> {
  for (const path of socketsOf(link)) {
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write('{"type":"stop"}\n'))
      socket.on('error', () => rmSync(path, { force: true })).on('close', () => resolve())
      socket.resume().setTimeout(UNANSWERED_MS, () => socket.destroy())
    })
  }
}

const OTHERS = ['LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'TMPDIR', 'USER', 'XDG_CACHE_HOME']

/**
 * Starts `tickets daemon run` in the background, and returns when it is open. It keeps nothing of the
 * process that starts it: no terminal or directory, none of the secrets in its environment, which
 * each run request carries, and no open files, which may be the lock or the pipe of a script. Throws what the daemon throws.
 */
export async function startInBackground(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const nothing = openSync('/dev/null', 'r+')
  // A child inherits what was open for this process above the first three (`200>lock`).
  const open = existsSync('/dev/fd') ? readdirSync('/dev/fd').map(Number) : []
  const beyond = Array<number>(Math.max(2, ...open) - 2).fill(nothing)
  const child = spawn(process.execPath, [programFile(), 'daemon', 'run', '--json', ...args], {
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
