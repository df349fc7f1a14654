import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory for this user alone, and the one around it if need be: `~/.cache/tickets`. A home
 * that is not there is not made, and in somebody else's nothing is: root may have come with their HOME.
 * Throws the system's errors, EPERM for what is somebody else's.
 */
export function makeOwnDirectory(directory: string): void {
  const [around, home] = [dirname(directory), dirname(dirname(directory))]
  const nearest = [directory, around, home].find((path) => statSync(path, GENTLY)) ?? home
  const { uid } = statSync(nearest)
  if (!isTrusted(uid)) {
    throw Object.assign(new Error(`${nearest} is somebody else's`), {
      code: 'EPERM',
      syscall: 'mkdir',
      path: directory,
    })
  }
  // Not `recursive`: below /proc, Node would try for ever.
  for (const path of [around, directory]) makeDirectory(path)
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

const GENTLY = { throwIfNoEntry: false } as const

/** Whether nobody else can put something in a file's place there. */
export function isClosed(directory: string): boolean {
  const { uid, mode } = statSync(directory)
  const isSticky = (mode & 0o1000) !== 0
  return isTrusted(uid) && ((mode & 0o022) === 0 || isSticky)
}

function isTrusted(uid: number): boolean {
  return [0, process.geteuid?.()].includes(uid)
}
