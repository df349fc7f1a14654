import { dirname } from 'node:path'
import { isClosed, makeOwnDirectory } from '../own-directory.js'
import { askCounter } from './ask.js'
import { openUnasked } from './open-unasked.js'
import { type CounterStatus, counterPath } from './protocol.js'
import { mayOpen } from './rush.js'

export interface BesideServer {
  /** The data directory of the embedded server, with which the counter shall end. */
  server: string
  env: Record<string, string | undefined>
  program: string
  programFile: () => string
}

/**
 * Opens the counter that comes with an embedded server, which is just as well a process that stays:
 * a booking then costs little more than to start Node. One that is open already, and does not close
 * before the server, is left as it is: whoever opened it by hand wants it so.
 *
 * Never throws: where there can be no counter, every command books by itself.
 */
export async function openBesideServer(options: BesideServer): Promise<void> {
  const { server, env, program, programFile } = options
  const path = counterPath(env)
  if (path === undefined) return
  try {
    const found = await askCounter(path, 'status')
    if (found && isEnough(found, program)) return
    makeOwnDirectory(dirname(path))
    // A rush that begins meanwhile waits for this one, and opens none.
    if (!isClosed(dirname(path)) || !mayOpen(path)) return
    openUnasked({ programFile: programFile(), path, env, idleMs: null, server })
  } catch {}
}

function isEnough({ idleMs, server, ...found }: CounterStatus, program: string): boolean {
  return idleMs === null && (server === null || found.program === program)
}
