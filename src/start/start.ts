import { join } from 'node:path'
import type { main } from '../cli/main.js'
import type { Surroundings } from '../client/run-environment.js'
import { deliver } from '../counter/deliver.js'
import { handOver } from '../counter/hand-over.js'
import { listenForSignals } from '../shared/interruption.js'
import { Scripts } from './scripts.js'

/** The files of the program's scripts, each with a hash of its content in its name; put in by the build. */
declare const SCRIPTS: string[]

/**
 * Runs the command line of this process: at the counter, if one is open and it is one for it, else
 * here. This file is compiled anew at every start, and so it holds no more than what hands the
 * command line over, and what brings the rest of the program with what V8 has compiled of it.
 */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  // Other code that answers has another name.
  const program = SCRIPTS.join(' ')
  const words = {
    program,
    argv,
    env: process.env,
    // Not before it is needed: the directory may be gone, and most commands do without.
    get cwd() {
      return process.cwd()
    },
  }
  const scripts = new Scripts(SCRIPTS, argv[0])
  const programFile = join(__dirname, '../bin/tickets.js')
  const handedOver = await handOver(words, { interruption, programFile })
  const exitCode =
    'answer' in handedOver
      ? await deliver(handedOver.answer)
      : await runHere(scripts, argv, {
          program,
          ...handedOver,
          // What the counter may have booked must be found out, whoever is impatient.
          ...(handedOver.bookingId === undefined
            ? { signal: interruption.signal }
            : { isRepeat: true }),
        })
  process.exitCode = exitCode === 130 ? interruption.exitCode : exitCode
  // The answer is out. A signal that comes now must not make a confirmed booking look rolled back.
  interruption.stopListening()
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  if (exitCode === 0) scripts.keepCaches()
}

function runHere(scripts: Scripts, argv: string[], surroundings: Surroundings): Promise<number> {
  const cli = scripts.require('./cli.js') as { main: typeof main }
  return cli.main(argv, process, surroundings)
}
