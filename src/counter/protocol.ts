import { lstatSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, resolve } from 'node:path'
import envPaths from 'env-paths'
import { isClosed } from '../shared/own-directory.js'

/** What is said to the counter first. */
export type Request = Order | { ask: 'status' } | { ask: 'close' }

/** A command line that the counter shall run as if it were run where it was typed. */
export interface Order {
  ask: 'run'
  /** Who asks: only the same program gives the same answers. */
  program: string
  argv: readonly string[]
  env: Record<string, string | undefined>
  cwd: string
  /** See `placeOfProcess`. */
  place: string
}

/**
 * The counter takes an order, under the id that a booking will have, and waits for GO: should it
 * vanish after that, whoever ordered can find out, under this id, what became of it. Or it declines.
 */
export type Receipt = { bookingId: string } | { declined: string }

/** What an order waits for. An end of the connection before its time is an interruption. */
export const GO = 'go'

/**
 * While an order is run, the counter gives a sign of life now and then; whoever hears nothing for
 * long may take it for lost. That is so far more that a crowd of processes may keep it from running.
 */
export const SIGN_OF_LIFE_MS = 2000
export const LOST_AFTER_MS = 10_000
/** Without a receipt, nothing has begun, and the command line can as well be run where it was typed. */
export const DECLINED_AFTER_MS = 3000

/** How an order ended. */
export interface Answer {
  exitCode: number
  stdout: string
  stderr: string
}

/** How long a counter stays open when nobody closes it; for ever when neither is given. */
export interface Lifetime {
  /** Until so many milliseconds after its last order. */
  idleMs: number | null
  /** Until the embedded server in this directory ends: the counter has come with it. */
  server: string | null
}

export interface CounterStatus extends Lifetime {
  pid: number
  program: string
  /** When it opened: ISO 8601. */
  since: string
  /** Orders that it is running. */
  underWay: number
  /** Orders that it has run. */
  served: number
  /** Orders that it has left to those who came with them, and why the last of them. */
  declined: number
  declinedBecause: string | null
}

/** A Unix socket's path: 107 bytes on Linux, 103 on macOS, less what a draft of it ends with (`.pid`). */
const LONGEST_PATH = 94

/**
 * Where the counter of this user is: the path that TICKETS_COUNTER names, else one in the user's
 * cache directory. Undefined when it is `off`, or where no socket can be.
 */
export function counterPath(env: Record<string, string | undefined>): string | undefined {
  const chosen = env.TICKETS_COUNTER
  if (chosen === 'off' || process.platform === 'win32') return undefined
  const path = resolve(chosen || `${envPaths('tickets', { suffix: '' }).cache}/counter.sock`)
  return Buffer.byteLength(path) <= LONGEST_PATH ? path : undefined
}

/** Variables that a process obeys as a whole: no order can bring its own. */
export const OF_THE_PROCESS = [
  'HOME',
  'HOSTALIASES',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'LOCALDOMAIN',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
  'RES_OPTIONS',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'XDG_DATA_HOME',
]

/** An order has passwords in it: it is given to nobody else, whatever stands at the path. */
export function isOwnSocket(path: string): boolean {
  try {
    const found = lstatSync(path)
    return found.isSocket() && found.uid === process.geteuid?.() && isClosed(dirname(path))
  } catch {
    return false
  }
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

/** A message of more than this is no order. */
const LONGEST_MESSAGE = 8_000_000

/** Messages over a socket, each a JSON document on a line. */
export class Wire {
  readonly #socket: Socket
  #text = ''
  #isOver = false
  #wake = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      this.#text += text
      if (this.#text.length > LONGEST_MESSAGE) socket.destroy()
      this.#wake()
    })
    const over = () => {
      this.#isOver = true
      this.#wake()
    }
    // What goes wrong on the way is told by the end of it.
    socket.on('end', over).on('close', over).on('error', over)
  }

  send(message: unknown): void {
    this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Sends a line with nothing on it, which is no message. */
  sendSign(): void {
    this.#socket.write('\n')
  }

  /** The next message; undefined when none will come. */
  async receive<T>(): Promise<T | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 1)
        if (line === '') continue
        return parse(line) as T | undefined
      }
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** What is no message ends the conversation, as silence does. */
function parse(line: string): unknown {
  try {
    const message: unknown = JSON.parse(line)
    return message === GO || (typeof message === 'object' && message !== null) ? message : undefined
  } catch {
    return undefined
  }
}
