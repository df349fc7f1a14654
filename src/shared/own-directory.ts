import { lstatSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'

/**
 * Makes a directory for this user alone, and the one around it if need be: `~/.cache/tickets`. A home
 * that is not there is not made, and in somebody else's nothing is: root may have come with their HOME.
 * Throws the system's errors, EPERM for what is somebody else's.
 */
export function makeOwnDirectory(directory: string): void {
  const [around, home] = [dirname(directory), dirname(dirname(directory))]
  const nearest = [directory, around, home].find((path) => statSync(path, GENTLY)) ?? home
  if (!isOwn(nearest)) {
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
  const stats = statSync(directory)
  const isSticky = (stats.mode & 0o1000) !== 0
  return isOwn(directory) && (isSticky || hazardOf(stats) === undefined)
}

/** Whether a directory is this user's or root's, and so is the link that leads there, if it is one. */
function isOwn(directory: string): boolean {
  return isTrusted(lstatSync(directory).uid) && isTrusted(statSync(directory).uid)
}

/** Who may change a file: what `stat` says of it. */
export type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>

/** How another user could change something, and what its owner can do about that. */
export interface Hazard {
  /** The rest of a sentence about it, such as 'belongs to another user (uid 1000)'. */
  reason: string
  /** A sentence without its full stop. */
  remedy?: string
}

/**
 * How another user could change this file, or what is in this directory; undefined when only this
 * user and root can. A sticky directory counts as open: others may make files in it.
 */
export function hazardOf({ uid, gid, mode }: Ownership): Hazard | undefined {
  if (!isTrusted(uid)) return { reason: `belongs to another user (uid ${uid})` }
  // Windows keeps the rights of others elsewhere, and shows none of these bits truly.
  if (process.geteuid === undefined) return undefined
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isPrivateGroup(gid))
  if (!isOpen) return undefined
  return { reason: 'can be changed by other users', remedy: OTHERS_RIGHT }
}

const OTHERS_RIGHT = 'Take that right from them (chmod go-w)'

/** Whether a user id is this user's or root's. */
export function isTrusted(uid: number): boolean {
  return [0, process.geteuid?.()].includes(uid)
}

/**
 * Whether a group is this user's alone: named like the user, and without other members. Many systems
 * give each user such a group, and make all that the user makes writable by it.
 */
function isPrivateGroup(gid: number): boolean {
  try {
    const { username } = userInfo()
    const rowsOf = (file: string) => readFileSync(file, 'utf8').split('\n').map(fieldsOf)
    const fieldsOf = (row: string) => row.split(':')
    const [name, , , listed = ''] = rowsOf('/etc/group').find(([, , id]) => id === String(gid))!
    const users = rowsOf('/etc/passwd').filter(([, , , group]) => group === String(gid))
    const members = [...listed.split(',').filter(Boolean), ...users.map(([user]) => user)]
    return name === username && members.every((member) => member === username)
  } catch {
    return false
  }
}
