import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { type Hazard, hazardOf, isTrusted, type Ownership } from '../../shared/own-directory.js'
import { explain, unreachable } from './failures.js'
import { hasOutsideSocket, isOurs, isRoot, type ServerPaths, serverGroup } from './paths.js'

// A user who can write to the data directory can make this user run programs, or can redirect the
// bookings to another server. So, like OpenSSH's StrictModes for a home directory, this module
// checks the owners and modes: a few paths before each connection, every file before each start.

/**
 * Refuses a data directory that another user made or could change. Checks the path to it, the
 * directory itself, the cluster, the socket's directory and the socket; ignores those that do not
 * exist. Fast enough to run before each connection. Throws DB_UNREACHABLE.
 */
export function assertOwnDirectory(paths: ServerPaths): void {
  const { root, data, socketDir, socket } = paths
  try {
    const top = walkTo(root, paths)
    if (top) refuseIf(hazardOf(top), root, paths)
    if (hasOutsideSocket(paths)) walkTo(socketDir, paths)
    for (const [path, hazard] of [
      [data, serverHazardOf],
      [socketDir, sharedHazardOf],
      [socket, serverHazardOf],
    ] as const) {
      const found = lstatSync(path, GENTLY)
      if (found === undefined) continue
      refuseIf(hazard(found), path, paths)
      const isAsExpected = path === socket || found.isDirectory()
      if (!isAsExpected) refuseIf({ reason: 'is not a directory' }, path, paths)
    }
  } catch (error) {
    throw explain(error, root)
  }
}

/**
 * Refuses another user's files in the data directory that have one of this program's names. Throws
 * DB_UNREACHABLE and the system's errors.
 */
export function assertOwnEntries(paths: ServerPaths): void {
  for (const name of readdirSync(paths.root).filter(isOurs)) {
    const path = join(paths.root, name)
    const found = lstatSync(path, GENTLY)
    // The modes of this user's own entries do not matter here: other functions check those before
    // use.
    if (found && !isTrusted(found.uid)) refuseIf(serverHazardOf(found), path, paths)
  }
}

/**
 * Refuses programs that another user made or could change, and links to programs elsewhere. Runs
 * only before the programs do, because it checks a thousand files. Throws DB_UNREACHABLE and the
 * system's errors.
 */
export function assertOwnPrograms(programs: string, paths: ServerPaths): void {
  for (const [path, found] of treeOf(programs)) {
    refuseIf(hazardOf(ownership(found)), path, paths)
    if (!found.isSymbolicLink()) continue
    const target = resolve(dirname(path), readlinkSync(path))
    const isInside = target.startsWith(programs + sep)
    if (!isInside) refuseIf({ reason: 'links to another place' }, path, paths)
  }
}

/**
 * Refuses a cluster in which another user made or could change a file. Runs only before the server
 * starts, because it checks every file. Throws DB_UNREACHABLE and the system's errors.
 */
export function assertOwnData(paths: ServerPaths): void {
  for (const [path, found] of treeOf(paths.data)) {
    refuseIf(serverHazardOf(found), path, paths)
    // PostgreSQL's own links: a tablespace, or a log on another disk.
    const target = found.isSymbolicLink() && statSync(path, GENTLY)
    if (target) refuseIf(serverHazardOf(target), path, paths)
  }
}

const GENTLY = { throwIfNoEntry: false } as const
const MOST_LINKS = 40

/**
 * Checks each directory and each symbolic link on the way to `path`, and returns what is there, if
 * anything. A sticky directory is acceptable: other users cannot replace this user's entries in it.
 */
function walkTo(path: string, paths: ServerPaths, links = 0): Stats | undefined {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep).filter(Boolean)
  let [at, found] = [root, lstatSync(root, GENTLY)]
  for (const [i, name] of names.entries()) {
    // Missing, or a file; opening a path below it reports the error.
    if (!found?.isDirectory()) return undefined
    const isSticky = isTrusted(found.uid) && (found.mode & 0o1000) !== 0
    if (!isSticky) refuseIf(hazardOf(found), at, paths)
    at = join(at, name)
    found = lstatSync(at, GENTLY)
    if (!found?.isSymbolicLink()) continue
    refuseIf(hazardOf(ownership(found)), at, paths)
    if (links === MOST_LINKS) refuseIf({ reason: 'is a symbolic link in a loop' }, at, paths)
    const target = resolve(dirname(at), readlinkSync(at))
    return walkTo(join(target, ...names.slice(i + 1)), paths, links + 1)
  }
  return found
}

/**
 * Yields a directory and everything below it, without following links; yields nothing if it does
 * not exist.
 */
function* treeOf(path: string): Generator<[path: string, found: Stats]> {
  const found = lstatSync(path, GENTLY)
  if (found === undefined) return
  yield [path, found]
  if (!found.isDirectory()) return
  for (const name of readdirSync(path)) yield* treeOf(join(path, name))
}

/** Like `hazardOf`, for files that the server creates. */
function serverHazardOf(found: Stats): Hazard | undefined {
  return sharedHazardOf(found, isServers(found) ? 0 : found.uid)
}

/** Like `hazardOf`, for a directory of this user that the server's group may write to. */
function sharedHazardOf(found: Stats, uid = found.uid): Hazard | undefined {
  const { gid, mode } = ownership(found)
  return hazardOf({ uid, gid, mode: isServers(found) ? mode & ~0o020 : mode })
}

/**
 * Whether the file is in the group of root's server. Only that server has this group, whereas other
 * processes may have its user, such as `nobody`.
 */
function isServers({ gid }: Stats): boolean {
  return isRoot() && gid === serverGroup
}

/** The mode of a link or a socket has no effect; the mode of its directory has. */
function ownership(found: Stats): Ownership {
  const { uid, gid, mode } = found
  return { uid, gid, mode: found.isSymbolicLink() || found.isSocket() ? 0 : mode }
}

function refuseIf(hazard: Hazard | undefined, path: string, { root }: ServerPaths): void {
  if (hazard === undefined) return
  const remedy = hazard.remedy ?? (path === root ? 'Run this as its owner' : undefined)
  const advice = remedy ? `${remedy}, or set` : 'Set'
  throw unreachable(
    `The embedded server in ${root} is not used: ${path} ${hazard.reason}. ${advice} TICKETS_DATA_DIR to a directory of your own.`,
  )
}
