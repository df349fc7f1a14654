import { hasAnyDaemon } from '../daemon/any-daemon.js'
import { type Interruption, listenForSignals } from '../shared/interruption.js'
import { CodeCache } from './code-cache.js'
import { loadProgram } from './load-program.js'

/** The name of the file with the program, put in by the build. It contains a hash of the content. */
declare const PROGRAM: string

/**
 * Runs the command line of this process: in the daemon if one is open and accepts it, otherwise
 * here. Node compiles this file at every start, so it contains only what loads the rest of the
 * program.
 */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  const mayHandOver = argv[0] === 'book' && hasAnyDaemon()
  const handedOver = mayHandOver ? await handOver(interruption) : {}
  const cache = new CodeCache(argv[0])
  // The daemon must run the same build; the name has a hash of it.
  const own = () => ({ signal: interruption.signal, program: PROGRAM })
  const exitCode =
    typeof handedOver === 'number'
      ? handedOver
      : await loadProgram(PROGRAM, cache).main(argv, process, { ...own(), ...handedOver })
  process.exitCode = exitCode === 130 ? interruption.exitCode : exitCode
  // The answer is out. A signal that comes now must not make a confirmed booking look rolled back.
  interruption.stopListening()
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  if (exitCode === 0) cache.keep()
}

/** In a script of its own, as most users have no daemon. */
async function handOver(interruption: Interruption) {
  const client = await import('../daemon/client.js')
  return client.handOver(PROGRAM, interruption)
}
