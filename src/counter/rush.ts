import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isClosed } from '../shared/own-directory.js'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants

/** So many bookings, each begun within so long after the one before, are a rush. */
const RUSH = 5
const PAUSE_MS = 1000
/** How long a counter that is being opened is waited for. */
export const OPENS_WITHIN_MS = 2000
/** How often it is looked for meanwhile. */
export const LOOK_MS = 10
/** Where none could be opened, none is tried again for so long. */
const NEXT_TRY_MS = 60_000

/**
 * Counts a booking that found no counter at the path, and says whether it came in a rush, in which
 * one pays. Several at the same moment may be counted as one. Throws the system's errors.
 */
export function countBooking(path: string): 'rush' | 'calm' {
  if (!existsSync(dirname(path)) || !isClosed(dirname(path))) return 'calm'
  const tally = openSync(
    tallyOf(path),
    O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK,
    0o600,
  )
  try {
    const found = fstatSync(tally)
    // Whatever has that name: only a file that is nobody else's, and nothing else's, is written to.
    if (!found.isFile() || found.uid !== process.geteuid?.() || found.nlink !== 1) return 'calm'
    const isLull = Date.now() - found.mtimeMs > PAUSE_MS
    if (isLull) ftruncateSync(tally)
    writeSync(tally, '.')
    return !isLull && found.size + 1 >= RUSH ? 'rush' : 'calm'
  } finally {
    closeSync(tally)
  }
}

/** Whether it is for this process to open the counter: of a rush, one does, or hardly more. */
export function mayOpen(path: string): boolean {
  // Whoever put up an old one has failed.
  if (ageOf(signOf(path)) > NEXT_TRY_MS) rmSync(signOf(path), { force: true })
  try {
    closeSync(openSync(signOf(path), 'wx', 0o600))
    return true
  } catch {
    return false
  }
}

/** Whether one is being opened, and is worth waiting for. */
export function isBeingOpened(path: string): boolean {
  return ageOf(signOf(path)) <= OPENS_WITHIN_MS
}

/** It did not open: nobody needs to wait for it. */
export function keepFromWaiting(path: string): void {
  const before = new Date(Date.now() - 2 * OPENS_WITHIN_MS)
  try {
    utimesSync(signOf(path), before, before)
  } catch {
    // Then it was open, and is closed.
  }
}

/** The counter is open: nobody needs to wait for it. */
export function takeSignAway(path: string): void {
  rmSync(signOf(path), { force: true })
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
