import { join } from 'node:path'
import type { main } from '../cli.js'
import { deliver, handOver } from '../counter/hand-over.js'
import type { Surroundings } from '../surroundings.js'
import { listenForSignals } from './interruption.js'

/** The files of the program's scripts, each with a hash of its content in its name; put in by the build. */
declare const SCRIPTS: string[]

/** Other code has another name. */
const PROGRAM = SCRIPTS.join(' ')

/** Runs the command line: at the counter, if one is open and it is one for it, else here. */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  const { signal } = interruption
  const words = {
    program: PROGRAM,
    argv,
    env: process.env,
    // Not before it is needed: the directory may be gone, and most commands do without.
    get cwd() {
      return process.cwd()
    },
  }
  const handedOver = await handOver(words, {
    signal,
    programFile: join(__dirname, '../bin/tickets.js'),
  })
  const exitCode =
    'answer' in handedOver
      ? await deliver(handedOver.answer, words, process)
      : await runHere(argv, {
          program: PROGRAM,
          ...handedOver,
          // What the counter may have booked must be found out, whoever is impatient.
          ...(handedOver.bookingId === undefined ? { signal } : { isRepeat: true }),
        })
  process.exitCode = exitCode === 130 ? interruption.exitCode : exitCode
  // The answer is out. A signal that comes now must not make a confirmed booking look rolled back.
  interruption.stopListening()
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
}

async function runHere(argv: string[], surroundings: Surroundings): Promise<number> {
  // Late: at the counter, all of it is loaded already.
  const { Scripts } = await import('./scripts.js')
  const scripts = new Scripts(SCRIPTS, argv[0])
  const program = scripts.require('./cli.js') as { main: typeof main }
  const exitCode = await program.main(argv, process, surroundings)
  if (exitCode === 0) scripts.keepCaches()
  return exitCode
}
