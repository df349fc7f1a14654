import { type Io, openOutput } from '../terminal/io.js'
import {
  type Answer,
  counterPath,
  GO,
  isOwnSocket,
  type Order,
  placeOfProcess,
  type Receipt,
  Wire,
} from './protocol.js'

/** What became of an order: it was run, or it must be run here, perhaps once more. */
export type HandedOver = { answer: Answer } | { bookingId?: string }

/** A command line, and where it was typed. */
export type Words = Pick<Order, 'program' | 'argv' | 'env' | 'cwd'>

/** A counter that is alive takes an order as soon as a crowd of processes lets it run. */
const PATIENCE_MS = 10_000

/**
 * Lets the counter run a command line, if one is open and the command line is one for it: a single
 * booking of a script, which asks nobody and answers with one document. When `signal` is aborted,
 * the counter is told, and its answer is still waited for.
 *
 * Never throws: whatever is wrong with the counter, the command line can still be run here. With a
 * `bookingId`, an order was taken and its answer never came: only under this id may it be repeated.
 */
export async function handOver(words: Words, signal: AbortSignal): Promise<HandedOver> {
  const path = isForCounter(words) ? counterPath(words.env) : undefined
  if (path === undefined || !isOwnSocket(path)) return {}
  // Late: most runs find no counter.
  const { connect } = await import('node:net')
  const socket = connect(path)
  const wire = new Wire(socket)
  // Not before a look at what has come: this process, too, may not have run for long.
  const impatience = setTimeout(() => setImmediate(() => isTaken || socket.destroy()), PATIENCE_MS)
  let isTaken = false
  try {
    wire.send({ ask: 'run', place: placeOfProcess(), ...words } satisfies Order)
    const receipt = await wire.receive<Receipt>()
    isTaken = true
    if (receipt === undefined || 'declined' in receipt || signal.aborted) return {}
    wire.send(GO)
    signal.addEventListener('abort', () => socket.end())
    const answer = await wire.receive<Answer>()
    return answer === undefined ? receipt : { answer }
  } finally {
    clearTimeout(impatience)
    socket.destroy()
  }
}

/** Prints an answer where its order was typed; the exit code. */
export async function deliver({ exitCode, stdout, stderr }: Answer, io: Io): Promise<number> {
  const output = openOutput(io, { json: true, quiet: false, input: false, color: false })
  if (stderr !== '') output.problem(stderr.trimEnd())
  try {
    await output.write(stdout)
    return exitCode
  } catch (error) {
    output.problem(`The answer could not be written: ${(error as Error).message}.`)
    return 1
  }
}

function isForCounter({ argv, env }: Words): boolean {
  const isOther = (word: string) => /^(-h|--help|--debug|--file(=.*)?)$/.test(word)
  // Who measures processes wants processes.
  return argv[0] === 'book' && argv.includes('--json') && !argv.some(isOther) && !env.TICKETS_STATS
}
