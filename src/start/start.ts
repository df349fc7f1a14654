import { handOver } from '../daemon/client.js'
import { listenForSignals } from '../shared/interruption.js'
import { CodeCache } from './code-cache.js'
import { loadProgram } from './load-program.js'

/** The name of the file with the program, put in by the build. It contains a hash of the content. */
declare const PROGRAM: string

/**
 * Runs the command line of this process: in the daemon if one is open and accepts it, otherwise
 * here. Node compiles this file at every start, so it contains only what hands the command line over
 * and what loads the rest of the program.
 */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  const line = {
    // The daemon must run the same build; the name has a hash of it.
    program: PROGRAM,
    argv,
    env: process.env,
    // Read late: it throws if the directory was deleted, and most commands do not need it.
    get cwd() {
      return process.cwd()
    },
  }
  const handedOver = await handOver(line, interruption)
  const cache = new CodeCache(argv[0])
  const exitCode =
    typeof handedOver === 'number'
      ? handedOver
      : await loadProgram(PROGRAM, cache).main(argv, process, handedOver)
  process.exitCode = exitCode === 130 ? interruption.exitCode : exitCode
  // The answer is out. A signal that comes now must not make a confirmed booking look rolled back.
  interruption.stopListening()
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  if (exitCode === 0) cache.keep()
}
