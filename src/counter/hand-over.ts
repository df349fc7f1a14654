import type { Socket } from 'node:net'
import type { Interruption } from '../shared/interruption.js'
import { openUnasked } from './open-unasked.js'
import {
  type Answer,
  counterPath,
  DECLINED_AFTER_MS,
  GO,
  isOwnSocket,
  LOST_AFTER_MS,
  type Order,
  placeOfProcess,
  type Receipt,
  Wire,
} from './protocol.js'
import { countBooking, isBeingOpened, LOOK_MS, mayOpen, OPENS_WITHIN_MS } from './rush.js'

/** What became of an order: it was run, or it must be run here, perhaps once more. */
export type HandedOver = { answer: Answer } | { bookingId?: string }

/** A command line, and where it was typed. */
export type Words = Pick<Order, 'program' | 'argv' | 'env' | 'cwd'>

export interface HandOverOptions {
  /** The counter is told of it; whoever is being decided still hears the verdict. */
  interruption: Pick<Interruption, 'hasCome' | 'listeners'>
  /** By which a counter is opened. */
  programFile: string
}

/**
 * Lets the counter run a command line, if one is open and the command line is one for it: a single
 * booking of a script, which asks nobody and answers with one document. In a rush of such bookings,
 * a counter opens by itself.
 *
 * Never throws: whatever is wrong with the counter, the command line can still be run here. With a
 * `bookingId`, an order was taken and its answer never came: only under this id may it be repeated.
 */
export async function handOver(words: Words, options: HandOverOptions): Promise<HandedOver> {
  try {
    const path = isForCounter(words) ? counterPath(words.env) : undefined
    if (path === undefined) return {}
    const socket = (await approach(path)) ?? (await approachInRush(path, words, options))
    return socket ? await order(words, socket, options) : {}
  } catch {
    return {}
  }
}

/** A connection to the counter at the path; undefined where none is. Throws the system's errors. */
async function approach(path: string): Promise<Socket | undefined> {
  if (!isOwnSocket(path)) return undefined
  // Late: most runs find no counter.
  const { connect } = await import('node:net')
  const socket = connect(path)
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // It was closed, or it has crashed and left its socket.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined)
      else reject(error)
    })
  })
}

/** The same in a rush, in which one is opened, and waited for while that may take no longer. */
async function approachInRush(
  path: string,
  { env }: Words,
  { interruption, programFile }: HandOverOptions,
): Promise<Socket | undefined> {
  if (countBooking(path) === 'calm') return undefined
  if (mayOpen(path)) openUnasked({ programFile, path, env, idleMs: IDLE_MS, server: null })
  // By a clock of its own: that of the files may be another machine's.
  const end = process.uptime() + OPENS_WITHIN_MS / 1000
  for (;;) {
    // Looked at first: the sign is taken away when the counter is open.
    const isOpening = isBeingOpened(path)
    const socket = await approach(path)
    const isOver = process.uptime() > end || interruption.hasCome
    if (socket || !isOpening || isOver) return socket
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/**
 * How long a counter that opened by itself outlives the rush: less than PostgreSQL waits for the
 * last connections to a database that is to be dropped (5 s).
 */
const IDLE_MS = 3000

async function order(
  words: Words,
  socket: Socket,
  { interruption }: HandOverOptions,
): Promise<HandedOver> {
  const wire = new Wire(socket)
  destroyWhenSilent(socket, DECLINED_AFTER_MS)
  let bookingId: string | undefined
  const leave = () => {
    if (bookingId === undefined) return socket.destroy()
    return socket.end()
  }
  interruption.listeners.add(leave)
  try {
    wire.send({ ask: 'run', place: placeOfProcess(), ...words } satisfies Order)
    const receipt = await wire.receive<Receipt>()
    if (interruption.hasCome || !isTaken(receipt)) return {}
    bookingId = receipt.bookingId
    destroyWhenSilent(socket, LOST_AFTER_MS)
    wire.send(GO)
    const answer = await wire.receive<Answer>()
    return isAnswer(answer) ? { answer } : { bookingId }
  } catch {
    return bookingId === undefined ? {} : { bookingId }
  } finally {
    interruption.listeners.delete(leave)
    socket.destroy()
  }
}

function destroyWhenSilent(socket: Socket, ms: number): void {
  socket.removeAllListeners('timeout')
  socket.setTimeout(ms, () => {
    // Not before a look at what has come: this process, too, may not have run for long.
    const { bytesRead } = socket
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy()
    })
  })
}

function isTaken(receipt: Receipt | undefined): receipt is { bookingId: string } {
  return receipt !== undefined && 'bookingId' in receipt && typeof receipt.bookingId === 'string'
}

/** What listens there need not be a counter. */
function isAnswer(answer: Answer | undefined): answer is Answer {
  return (
    typeof answer?.exitCode === 'number' &&
    typeof answer.stdout === 'string' &&
    typeof answer.stderr === 'string'
  )
}

function isForCounter({ argv, env }: Words): boolean {
  const isOther = (word: string) => /^(-h|--help|--debug|--file(=.*)?)$/.test(word)
  // Who measures processes wants processes.
  return argv[0] === 'book' && argv.includes('--json') && !argv.some(isOther) && !env.TICKETS_STATS
}
