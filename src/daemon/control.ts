import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs'
import { TicketsError } from '../shared/errors.js'
import { programFile } from '../shared/program-file.js'
import { closeWhenSilent, UNANSWERED_MS } from './client.js'
import { type DaemonStatus, PROCESS_VARIABLES, Wire } from './protocol.js'
import { connectToDaemon } from './socket.js'

/** The daemon of a database. One that hangs accepts connections and answers nothing. */
export interface FoundDaemon extends Partial<DaemonStatus> {
  state: 'open' | 'hung' | 'closed'
  pid: number | null
}

/**
 * Asks the daemon at a link how it is. With `stop`, tells it to stop, resolves when its process is
 * gone, and rejects when the signal fires before.
 */
export async function queryDaemon(link: string, stop?: AbortSignal): Promise<FoundDaemon> {
  const daemon = await connectToDaemon(link)
  if (!daemon) return { state: 'closed', pid: null }
  const { socket, pid } = daemon
  const found: FoundDaemon = { state: 'open', pid }
  closeWhenSilent(socket, UNANSWERED_MS, () => {
    found.state = 'hung'
  })
  const wire = new Wire(socket)
  wire.send({ type: stop ? 'stop' : 'status' })
  try {
    const status = await wire.receive<DaemonStatus>()
    socket.setTimeout(0)
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
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.min(waitMs, 2 ** 31 - 1))])
  const { state, pid } = await queryDaemon(link, limit).catch((cause) => {
    if (!limit.aborted) throw cause
    const message = 'The daemon takes no more bookings, and ends when its last ones are done.'
    throw new TicketsError(signal.aborted ? 'INTERRUPTED' : 'BUSY', message, { cause })
  })
  const message = `The daemon (process ${pid}) hangs: it does not answer. End it with \`kill -9 ${pid}\`; a command that waits for it then books by itself, once.`
  if (state === 'hung') throw new TicketsError('BUSY', message)
  return state === 'open'
}

const OTHERS = ['LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'TMPDIR', 'USER', 'XDG_CACHE_HOME']

/**
 * Starts `tickets daemon run` in the background, and returns when it is open. It keeps nothing of the
 * process that starts it: neither a terminal or a directory, nor the secrets in its environment,
 * which each run request brings along, nor its open files, which may be the lock or the pipe of a
 * script. Throws what the daemon throws.
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
