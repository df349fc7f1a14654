import { deliver, handOver } from '../counter/hand-over.js'
import type { Surroundings } from '../surroundings.js'
import { listenForSignals } from './interruption.js'

export interface Program {
  /** Which it is: other code has another name. */
  program: string
  /** What starts it again. */
  programFile: string
}

/**
 * Runs the command line of this process: at the counter, if one is open and it is one for it, else
 * here.
 */
export async function runProgram({ program, programFile }: Program): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  const { signal } = interruption
  const words = {
    program,
    argv,
    env: process.env,
    // Not before it is needed: the directory may be gone, and most commands do without.
    get cwd() {
      return process.cwd()
    },
  }
  const handedOver = await handOver(words, { signal, programFile })
  const exitCode =
    'answer' in handedOver
      ? await deliver(handedOver.answer, words, process)
      : await runHere(argv, {
          program,
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
  const { main } = await import('../cli.js')
  return main(argv, process, surroundings)
}
