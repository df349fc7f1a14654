import { join } from 'node:path'
import type { runProgram } from './run.js'
import { Scripts } from './scripts.js'

/** The files of the program's scripts, each with a hash of its content in its name; put in by the build. */
declare const SCRIPTS: string[]

/**
 * Runs the command line of this process. This file is compiled anew at every start, and so it holds
 * no more than what brings the others, with what V8 has compiled of them.
 */
export async function start(): Promise<void> {
  const scripts = new Scripts(SCRIPTS, process.argv[2])
  const run = scripts.require('./run.js') as { runProgram: typeof runProgram }
  await run.runProgram({
    // Other code has another name.
    program: SCRIPTS.join(' '),
    programFile: join(__dirname, '../bin/tickets.js'),
  })
  if (process.exitCode === 0) scripts.keepCaches()
}
