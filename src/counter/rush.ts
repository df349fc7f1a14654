import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeOwnDirectory } from '../own-directory.js'

/** So many bookings, each begun within so long after the one before, are a rush. */
const RUSH = 5
const PAUSE_MS = 1000
/** How long a counter that is being opened is waited for. */
const OPENS_WITHIN_MS = 2000
/** Where none could be opened, none is tried again for so long. */
const NEXT_TRY_MS = 60_000

/**
 * Counts a booking that found no counter at the path; whether it came in a rush, in which one pays.
 * Several at the same moment may be counted as one.
 *
 * Only in a directory that nobody else writes to: what stands there is opened, whatever it is.
 * Throws the system's errors.
 */
export function isRush(path: string): boolean {
  const directory = dirname(path)
  makeOwnDirectory(directory)
  const { uid, mode } = statSync(directory)
  if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) return false
  const tally = openSync(tallyOf(path), 'a', 0o600)
  try {
    const { mtimeMs, size } = fstatSync(tally)
    const isLull = Date.now() - mtimeMs > PAUSE_MS
    if (isLull) ftruncateSync(tally)
    writeSync(tally, '.')
    return !isLull && size + 1 >= RUSH
  } finally {
    closeSync(tally)
  }
}

/** Whether it is for this process to open the counter: of a rush, one does. */
export function mayOpen(path: string): boolean {
  try {
    closeSync(openSync(signOf(path), 'wx', 0o600))
    return true
  } catch {
    // Whoever put it up has failed; the next one may try.
    if (ageOf(signOf(path)) > NEXT_TRY_MS) rmSync(signOf(path), { force: true })
    return false
  }
}

/** Whether one is being opened, and is worth waiting for. */
export function isOpening(path: string): boolean {
  return ageOf(signOf(path)) <= OPENS_WITHIN_MS
}

/** The counter is open: nobody needs to wait, or to count. */
export function endRush(path: string): void {
  rmSync(signOf(path), { force: true })
  rmSync(tallyOf(path), { force: true })
}

/** As many characters as bookings; its time is that of the last. */
const tallyOf = (path: string) => `${path}.rush`

/** What says at an empty place that a counter is being opened there. */
const signOf = (path: string) => `${path}.opening`

/** In milliseconds; infinite for what is not there. */
function ageOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false })
  return found ? Date.now() - found.mtimeMs : Number.POSITIVE_INFINITY
}
