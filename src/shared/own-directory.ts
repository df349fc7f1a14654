import { lstatSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'

/**
 * Creates a directory for this user only, and its parent if necessary: `~/.cache/tickets`. Creates
 * nothing if the home directory is missing or belongs to another user: root may run with that
 * user's HOME. Throws the system's errors, and EPERM for another user's directory.
 */
export function makeOwnDirectory(directory: string): void {
  const [around, home] = [dirname(directory), dirname(dirname(directory))]
  const nearest = [directory, around, home].find((path) => statSync(path, GENTLY)) ?? home
  if (!isOwn(nearest)) {
    throw Object.assign(new Error(`${nearest} belongs to another user`), {
      code: 'EPERM',
      syscall: 'mkdir',
      path: directory,
    })
  }
  // Not `recursive`: below /proc, Node would retry for ever.
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

/** Whether no other user can replace a file in this directory. */
export function isClosed(directory: string): boolean {
  const stats = statSync(directory)
  const isSticky = (stats.mode & 0o1000) !== 0
  return isOwn(directory) && (isSticky || hazardOf(stats) === undefined)
}

/** Whether a directory, and the link to it if it is one, belongs to this user or root. */
function isOwn(directory: string): boolean {
  return isTrusted(lstatSync(directory).uid) && isTrusted(statSync(directory).uid)
}

/** The fields of `stat` that determine who may change a file. */
export type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>

/** How another user could change a file, and what its owner can do about it. */
export interface Hazard {
  /** The rest of a sentence about the file, such as 'belongs to another user (uid 1000)'. */
  reason: string
  /** A sentence without its full stop. */
  remedy?: string
}

/**
 * Returns how another user could change this file or the contents of this directory; undefined if
 * only this user and root can. A sticky directory counts as open, because others may create files
 * in it.
 */
export function hazardOf({ uid, gid, mode }: Ownership): Hazard | undefined {
  if (!isTrusted(uid)) return { reason: `belongs to another user (uid ${uid})` }
  // Windows stores access rights elsewhere, and these bits mean nothing there.
  if (process.geteuid === undefined) return undefined
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isPrivateGroup(gid))
  if (!isOpen) return undefined
  return { reason: 'can be changed by other users', remedy: OTHERS_RIGHT }
}

const OTHERS_RIGHT = 'Remove that permission (chmod go-w)'

/** Whether a user id is this user's or root's. */
export function isTrusted(uid: number): boolean {
  return [0, process.geteuid?.()].includes(uid)
}

/**
 * Whether a group is private to this user: it has the user's name and no other members. Many
 * systems give each user such a group, and make new files writable by it.
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
