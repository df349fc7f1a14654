import { on } from 'node:events'
import { readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TicketsError } from '../shared/errors.js'

/** What a daemon compares with its own before it runs a command line. */
export interface Asker {
  /** Only the same program gives the same answers. */
  program: string | undefined
  container: string
  env: NodeJS.ProcessEnv
}

/** Asks the daemon to run a command line as if it ran where it was typed. */
export interface RunRequest extends Asker {
  type: 'run'
  argv: readonly string[]
  cwd: string
  /** A daemon that sends nothing for this long is taken for lost. */
  silenceMs: number
}

export type Request = RunRequest | (Asker & { type: 'status' }) | { type: 'stop' }

/**
 * The daemon accepts a run request under the id that a booking will have, and waits for START. If it
 * dies after that, the client can find out under this id what became of the booking. A client that
 * ends the connection after START interrupts the run.
 */
export interface RunResult {
  bookingId?: string
  /** In place of `bookingId`: why the command must run in its own process. Nothing has begun. */
  declined?: string
  /** After START, the result. */
  exitCode?: number
  stdout?: string
  stderr?: string
}

export const START = { type: 'start' } as const

/** Variables that act on a process as a whole: the daemon cannot take them over for one run. */
export const PROCESS_VARIABLES = [
  ...['HOME', 'HOSTALIASES', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'LOCALDOMAIN', 'RES_OPTIONS', 'TZ'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'OPENSSL_CONF'],
  ...['SSL_CERT_DIR', 'SSL_CERT_FILE', 'XDG_DATA_HOME'],
]

/**
 * What this process sends about itself: of its variables, those that choose the database and the
 * operator, and those that act on the process as a whole.
 */
export function askerOf(program: string | undefined, env: NodeJS.ProcessEnv): Asker {
  const names = [...PROCESS_VARIABLES, 'DATABASE_URL', 'LOGNAME', 'USER']
  const isSent = (name: string) => /^(TICKETS_|PG)/.test(name) || names.includes(name)
  const sent = Object.entries(env).filter(([name]) => isSent(name))
  return { program, container: containerOfProcess(), env: Object.fromEntries(sent) }
}

/**
 * Whose files and whose network a process sees. A container may share this user's directories, and
 * there the same host name, or the same path, can be another database.
 */
export function containerOfProcess(): string {
  try {
    return readlinkSync('/proc/self/ns/mnt') + readlinkSync('/proc/self/ns/net')
  } catch {
    return process.platform
  }
}

/** A process that has not answered after this time hangs, or is too busy to be of use. */
export const UNANSWERED_MS = 3000

/** The error for a daemon that does not answer. */
export function hangs(pid: number | null): TicketsError {
  const message = `The daemon (process ${pid}) hangs: it does not answer. End it with \`kill -9 ${pid}\`; a command that waits for it then books by itself, once.`
  return new TicketsError('BUSY', message)
}

/** Sends a message: a JSON document on one line. An empty line is a sign of life. */
export function send(socket: Socket, message?: object): void {
  socket.write(`${message ? JSON.stringify(message) : ''}\n`)
}

/**
 * Returns a function that waits for the next message; undefined when the connection has ended, or
 * what came is not a message.
 */
export function receiver(socket: Socket) {
  const messages = messagesFrom(socket)
  return async <T>(): Promise<Partial<T> | undefined> => {
    try {
      return JSON.parse((await messages.next()).value ?? '') ?? undefined
    } catch {
      return undefined
    }
  }
}

async function* messagesFrom(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = ''
  // An error is followed by 'close'.
  socket.on('error', () => {}).setEncoding('utf8')
  for await (const [text] of on(socket, 'data', { close: ['end', 'close'] })) {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    yield* lines.filter(Boolean)
  }
}
