import { readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'

/** A command line, and where it was typed. Only the same program gives the same answers. */
export interface CommandLine {
  program: string
  argv: readonly string[]
  env: Record<string, string | undefined>
  cwd: string
}

/** What a daemon compares with its own before it runs a command line. */
export interface Asker {
  program: string | undefined
  place: string
  env: NodeJS.ProcessEnv
}

/** Asks the daemon to run a command line as if it ran where it was typed. */
export interface RunRequest extends CommandLine {
  type: 'run'
  place: string
  /** A daemon that sends nothing for this long is taken for lost. */
  silenceMs: number
}

export type Request = RunRequest | (Asker & { type: 'status' | 'stop' })

/**
 * The daemon accepts a run request under the id that a booking will have, and waits for START. If it
 * dies after that, the client can find out under this id what became of the booking. A client that
 * ends the connection after START interrupts the run.
 */
export type Accepted = { bookingId: string }
export const START = { type: 'start' } as const
export type RunResult = { exitCode: number; stdout: string; stderr: string }

/** In place of Accepted or RunResult: why the command must run by itself. Nothing has begun. */
export type Declined = { declined: string }

/** What a daemon says of itself, in the JSON of `tickets daemon status`. */
export interface DaemonStatus {
  program: string
  /** When it opened: ISO 8601. */
  since: string
  /** Runs: now, ended so far, declined so far, and why the last of these was. */
  under_way: number
  served: number
  declined: number
  declined_because: string | null
  /** It ends this many milliseconds after its last run; null: only when it is stopped. */
  idle_ms: number | null
  /** The only database that it books in. */
  database: string
  /** Why it would decline a run with the variables of the command that asks; null: it would not. */
  refusal: string | null
}

/** Variables that act on a process as a whole: the daemon cannot take them over for one run. */
export const PROCESS_VARIABLES = [
  ...['HOME', 'HOSTALIASES', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'LOCALDOMAIN', 'RES_OPTIONS', 'TZ'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'OPENSSL_CONF'],
  ...['SSL_CERT_DIR', 'SSL_CERT_FILE', 'XDG_DATA_HOME'],
]

/** The variables that a run request carries: those that say what to book where, and as whom. */
export function requestVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...PROCESS_VARIABLES, 'DATABASE_URL', 'LOGNAME', 'USER']
  const isCarried = (name: string) => /^(TICKETS_|PG)/.test(name) || names.includes(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => isCarried(name)))
}

/** What this process tells a daemon about itself. */
export function askerOf(program: string | undefined, env: NodeJS.ProcessEnv): Asker {
  return { program, place: placeOfProcess(), env: requestVariables(env) }
}

/**
 * Whose files and whose network a process sees. A container may share this user's directories, and
 * there the same host name, or the same path, can be another database.
 */
export function placeOfProcess(): string {
  try {
    return readlinkSync('/proc/self/ns/mnt') + readlinkSync('/proc/self/ns/net')
  } catch {
    return process.platform
  }
}

/** Messages over a socket: a JSON document on each line. An empty line is a sign of life. */
export class Wire {
  readonly #socket: Socket
  #text = ''
  #wake = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    const wake = () => this.#wake()
    // An error is followed by 'close'.
    socket
      .on('error', () => {})
      .on('end', wake)
      .on('close', wake)
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
      wake()
    })
  }

  /** Without a message, sends a sign of life. */
  send(message?: object): void {
    this.#socket.write(`${message ? JSON.stringify(message) : ''}\n`)
  }

  /** The next message; undefined when the connection has ended, or what came is no message. */
  async receive<T>(): Promise<Partial<T> | undefined> {
    for (;;) {
      const [whole = '', line] = /^\n*([^\n]+)\n/.exec(this.#text) ?? []
      this.#text = this.#text.slice(whole.length)
      if (line !== undefined) return parse(line)
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

function parse<T>(text: string): Partial<T> | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}
