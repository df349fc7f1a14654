import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isClosed, makeOwnDirectory } from '../shared/own-directory.js'
import { programFile } from '../shared/program-file.js'
import { askCounter } from './ask.js'
import { openUnasked } from './open-unasked.js'
import { type CounterStatus, counterPath } from './protocol.js'
import { isBeingOpened, LOOK_MS, mayOpen, OPENS_WITHIN_MS } from './rush.js'

export interface BesideServer {
  /** The data directory of the embedded server, with which the counter shall end. */
  server: string
  env: Record<string, string | undefined>
  program: string
}

/**
 * Opens the counter that comes with an embedded server, which is just as well a process that stays:
 * a booking then costs a third less. One that is open already is left as it is, if somebody opened
 * it by hand for good, or if it came with a server and is of this version.
 *
 * Never throws: where there can be no counter, every command books by itself.
 */
export async function openBesideServer(options: BesideServer): Promise<void> {
  const { server, env, program } = options
  const path = counterPath(env)
  if (path === undefined) return
  try {
    // One that a rush opens meanwhile must not come later, and take its place.
    for (let n = 0; n < OPENS_WITHIN_MS / LOOK_MS && isBeingOpened(path); n++) await sleep(LOOK_MS)
    const found = await askCounter(path, 'status')
    if (found && isEnough(found, program)) return
    makeOwnDirectory(dirname(path))
    if (!isClosed(dirname(path))) return
    // A rush that begins from now on waits for this one. Whoever failed before need not be heeded.
    mayOpen(path)
    openUnasked({ programFile: programFile(), path, env, idleMs: null, server })
  } catch {}
}

function isEnough(found: CounterStatus, program: string): boolean {
  return found.idleMs === null && (found.server === null || found.program === program)
}
