import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { findDatabase } from '../../src/database/settings/settings.js'

/** One message of PostgreSQL's protocol in transit. */
export interface Message {
  from: 'client' | 'server'
  /** The number of the connection since `decide` was last called, from 1. */
  connection: number
  /** The number of the message on this connection and in this direction, from 1. */
  n: number
  /**
   * Whether the transaction of the connection has requested a lock. Reads and records are
   * transactions as well.
   */
  hasLocked: boolean
  /**
   * The type byte of the protocol: 'P' is Parse, 'C' from the server is CommandComplete, '' is the
   * start-up message.
   */
  type: string
  /** The whole message. It may be changed in place, but not in length. */
  bytes: Buffer
  /** The same as text, one character per byte. */
  text: string
}

/**
 * What to do with a message. `cut` ends the connection on both sides at once, and sends `lastWords`
 * in the same write as the message. A promise holds back the message, and those after it, until it
 * resolves.
 */
export type Decision = 'pass' | 'cut before' | 'cut after' | { lastWords: Buffer } | Promise<void>

/** What a server sends to its clients when it is shut down. */
export const shutDown: Buffer = errorMessage({
  ...{ S: 'FATAL', V: 'FATAL', C: '57P01' },
  M: 'terminating connection due to administrator command',
})

/** A proxy between a client and a server that splits the stream into messages. */
export interface DatabaseProxy {
  /** For `--db`: the same database through the proxy. */
  url: string
  /** Sets the function that decides about each message from now on. */
  decide(rule: (message: Message) => Decision): void
  close(): Promise<void>
}

/** Opens a proxy on TCP to the database that `url` names by its Unix socket. */
export async function openProxy(url: string): Promise<DatabaseProxy> {
  const { host, port, user, database } = connectionOf(url)
  const sockets = new Set<Socket>()
  let rule: Parameters<DatabaseProxy['decide']>[0] = () => 'pass'
  let connections = 0
  // Without noDelay, each small message would wait 40 ms for the next one.
  const listener = createServer({ noDelay: true }, (client) => {
    const connection = ++connections
    const server = createConnection(`${host}/.s.PGSQL.${port}`)
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    let hasLocked = false
    const decide: Decide = (part) => {
      const message = { ...part, connection, hasLocked }
      if (isLock(message)) hasLocked = message.hasLocked = true
      else if (hasEnded(message)) hasLocked = false
      return rule(message)
    }
    relay('client', client, server, decide)
    relay('server', server, client, decide)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const own = (listener.address() as AddressInfo).port
  return {
    url: `postgresql://${user}@127.0.0.1:${own}/${database}?sslmode=disable`,
    decide(next) {
      rule = next
      connections = 0
    },
    async close() {
      listener.close()
      for (const socket of sockets) socket.destroy()
      await once(listener, 'close')
    },
  }
}

/**
 * Holds back the first message that matches, and those after it on its connection. Resolves when
 * the message arrives, with the function that releases it.
 */
export function holdBack(
  proxy: DatabaseProxy,
  isIt: (message: Message) => boolean,
): Promise<() => void> {
  let isHeld = false
  return new Promise((reached) => {
    proxy.decide((message) => {
      if (isHeld || !isIt(message)) return 'pass'
      isHeld = true
      return new Promise((release) => reached(release))
    })
  })
}

/** Whether this is the statement, on its way to the server. */
export function isStatement({ from, type, text }: Message, sql: string): boolean {
  return from === 'client' && (type === 'P' || type === 'Q') && text.includes(sql)
}

/** A locking statement is prepared once for each connection; after that, only its name is sent. */
function isLock(message: Message): boolean {
  const { from, type, text } = message
  const isNamed = from === 'client' && type === 'B' && text.includes('lock_house')
  return isNamed || isStatement(message, 'for update')
}

/** Whether this is the COMMIT of a transaction that locks, on its way to the server. */
export function isCommit(message: Message): boolean {
  return message.hasLocked && isControl(message, 'COMMIT')
}

/** Whether this is a statement that begins or ends a transaction, on its way to the server. */
export function isControl(message: Message, word: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): boolean {
  return message.from === 'client' && message.type === 'Q' && message.text.slice(5).startsWith(word)
}

/** Whether this is the server's report that a transaction that locks is committed. */
export function isCommitted(message: Message): boolean {
  return message.hasLocked && hasEnded(message) && message.text.slice(5) === 'COMMIT\0'
}

function hasEnded({ from, type, text }: Message): boolean {
  return from === 'server' && type === 'C' && /^(COMMIT|ROLLBACK)\0$/.test(text.slice(5))
}

function connectionOf(url: string) {
  const target = findDatabase({ db: url, env: {}, cwd: '/nowhere', homeDir: '/nowhere' })
  if (target.kind === 'embedded') throw new Error('The proxy needs the URL of a database.')
  return target.connection
}

/** Decides about the messages of one connection. */
type Decide = (message: Omit<Message, 'connection' | 'hasLocked'>) => Decision

function relay(from: Message['from'], source: Socket, target: Socket, decide: Decide): void {
  const frames = new Frames(from === 'client')
  let n = 0
  let isCut = false
  const deliver = async ({ type, bytes }: Frame) => {
    if (isCut) return
    const decision = decide({ from, n: ++n, type, bytes, text: bytes.toString('latin1') })
    if (decision instanceof Promise) await decision
    if (decision === 'pass' || decision instanceof Promise) {
      target.write(bytes)
      return
    }
    isCut = true
    source.destroy()
    // `end` lets the last message arrive; nothing more is read from this side.
    if (decision === 'cut before') target.destroy()
    else target.end(decision === 'cut after' ? bytes : Buffer.concat([bytes, decision.lastWords]))
  }
  let queue = Promise.resolve()
  source.on('data', (chunk) => {
    for (const frame of frames.add(chunk)) queue = queue.then(() => deliver(frame))
  })
  source.on('close', () => {
    queue = queue.then(() => void target.end())
  })
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, "ErrorResponse". */
function errorMessage(fields: Record<string, string>): Buffer {
  const body = Object.entries(fields).map(([letter, text]) => `${letter}${text}\0`)
  const bytes = Buffer.from(`E\0\0\0\0${body.join('')}\0`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

interface Frame {
  type: string
  bytes: Buffer
}

/** Splits a stream into messages: a type byte (not in the start-up message), a length, the rest. */
class Frames {
  #rest: Buffer = Buffer.alloc(0)
  #isStartUp: boolean

  constructor(beginsWithStartUp: boolean) {
    this.#isStartUp = beginsWithStartUp
  }

  *add(chunk: Buffer): Generator<Frame> {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const letters = this.#isStartUp ? 0 : 1
      if (this.#rest.length < letters + 4) return
      const length = letters + this.#rest.readInt32BE(letters)
      if (this.#rest.length < length) return
      const bytes = Buffer.from(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
      this.#isStartUp = false
      yield { type: bytes.toString('latin1', 0, letters), bytes }
    }
  }
}
