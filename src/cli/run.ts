import type { RunEnvironment } from '../client/run-environment.js'
import type { Io, Output } from '../terminal/io.js'

/** One run of the program, from its command line to its exit code. */
export interface Run {
  io: Io
  signal: AbortSignal
  output: Output
  exitCode: number
  environment: RunEnvironment
  /** Runs another command line in this process. */
  main: (argv: readonly string[], io: Io, environment: RunEnvironment) => Promise<number>
}
