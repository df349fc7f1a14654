import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { type Hazard, hazardOf, isTrusted, type Ownership } from '../../shared/own-directory.js'
import { explain, unreachable } from './failures.js'
import { hasOutsideSocket, isOurs, isRoot, type Layout, serverGroup } from './layout.js'

// A user who could put something into the data directory could have programs run by this user, or
// have the bookings sent to a server of their own. So it is checked, as OpenSSH's StrictModes checks
// a home: before a connection what takes a few microseconds, before a start each file.

/**
 * Refuses a data directory that another user made or could change: the way to it, the directory
 * itself, the cluster, the socket's directory, the socket. What is not there is fine. For the moment
 * before each connection. Throws DB_UNREACHABLE.
 */
export function assertOwnPlace(layout: Layout): void {
  const { root, data, socketDir, socket } = layout
  try {
    const top = walkTo(root, layout)
    if (top) refuseIf(hazardOf(top), root, layout)
    if (hasOutsideSocket(layout)) walkTo(socketDir, layout)
    for (const [path, hazard] of [
      [data, serverHazardOf],
      [socketDir, sharedHazardOf],
      [socket, serverHazardOf],
    ] as const) {
      const found = lstatSync(path, GENTLY)
      if (found === undefined) continue
      refuseIf(hazard(found), path, layout)
      const isInPlace = path === socket || found.isDirectory()
      if (!isInPlace) refuseIf({ reason: 'is not a directory' }, path, layout)
    }
  } catch (error) {
    throw explain(error, root)
  }
}

/**
 * Refuses what another user left in the data directory under one of our names. Throws DB_UNREACHABLE
 * and the system's errors.
 */
export function assertOwnEntries(layout: Layout): void {
  for (const name of readdirSync(layout.root).filter(isOurs)) {
    const path = join(layout.root, name)
    const found = lstatSync(path, GENTLY)
    // Of one's own, the mode does not matter here: what is used has a check of its own.
    if (found && !isTrusted(found.uid)) refuseIf(serverHazardOf(found), path, layout)
  }
}

/**
 * Refuses programs that another user made or could change, and links to programs elsewhere. For the
 * moment before they are run: it looks at a thousand files. Throws DB_UNREACHABLE and the system's
 * errors.
 */
export function assertOwnPrograms(programs: string, layout: Layout): void {
  for (const [path, found] of treeOf(programs)) {
    refuseIf(hazardOf(ownership(found)), path, layout)
    if (!found.isSymbolicLink()) continue
    const target = resolve(dirname(path), readlinkSync(path))
    const isInside = target.startsWith(programs + sep)
    if (!isInside) refuseIf({ reason: 'links to another place' }, path, layout)
  }
}

/**
 * Refuses a cluster in which another user made or could change a file. For the moment before its
 * server is started: it looks at each file. Throws DB_UNREACHABLE and the system's errors.
 */
export function assertOwnData(layout: Layout): void {
  for (const [path, found] of treeOf(layout.data)) {
    refuseIf(serverHazardOf(found), path, layout)
    // PostgreSQL's own: a tablespace, or its log on another disk.
    const target = found.isSymbolicLink() && statSync(path, GENTLY)
    if (target) refuseIf(serverHazardOf(target), path, layout)
  }
}

const GENTLY = { throwIfNoEntry: false } as const
const MOST_LINKS = 40

/**
 * What is at `path`, if anything, after a check of each directory and each symbolic link on the way.
 * A sticky directory is fine there: what this user has in it can be exchanged by no other.
 */
function walkTo(path: string, layout: Layout, links = 0): Stats | undefined {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep).filter(Boolean)
  let [at, found] = [root, lstatSync(root, GENTLY)]
  for (const [i, name] of names.entries()) {
    // Nothing, or a file: to open something below it says why that cannot be.
    if (!found?.isDirectory()) return undefined
    const isSticky = isTrusted(found.uid) && (found.mode & 0o1000) !== 0
    if (!isSticky) refuseIf(hazardOf(found), at, layout)
    at = join(at, name)
    found = lstatSync(at, GENTLY)
    if (!found?.isSymbolicLink()) continue
    refuseIf(hazardOf(ownership(found)), at, layout)
    if (links === MOST_LINKS) refuseIf({ reason: 'is a link in a circle' }, at, layout)
    const target = resolve(dirname(at), readlinkSync(at))
    return walkTo(join(target, ...names.slice(i + 1)), layout, links + 1)
  }
  return found
}

/** A directory and everything below it, links not followed; nothing where it is not there. */
function* treeOf(path: string): Generator<[path: string, found: Stats]> {
  const found = lstatSync(path, GENTLY)
  if (found === undefined) return
  yield [path, found]
  if (!found.isDirectory()) return
  for (const name of readdirSync(path)) yield* treeOf(join(path, name))
}

/** Like `hazardOf`, for what the server makes. */
function serverHazardOf(found: Stats): Hazard | undefined {
  return sharedHazardOf(found, isServers(found) ? 0 : found.uid)
}

/** Like `hazardOf`, for a directory of this user's that the server may write to by its group. */
function sharedHazardOf(found: Stats, uid = found.uid): Hazard | undefined {
  const { gid, mode } = ownership(found)
  return hazardOf({ uid, gid, mode: isServers(found) ? mode & ~0o020 : mode })
}

/**
 * Whether it is in the group of root's server, which runs as another user. No other process is in that
 * group, whereas others may well run as that user: as `nobody`.
 */
function isServers({ gid }: Stats): boolean {
  return isRoot() && gid === serverGroup
}

/** A link and a socket have a mode that means nothing: the directory that they are in has the one. */
function ownership(found: Stats): Ownership {
  const { uid, gid, mode } = found
  return { uid, gid, mode: found.isSymbolicLink() || found.isSocket() ? 0 : mode }
}

function refuseIf(hazard: Hazard | undefined, path: string, { root }: Layout): void {
  if (hazard === undefined) return
  const remedy = hazard.remedy ?? (path === root ? 'Run this as its owner' : undefined)
  const advice = remedy ? `${remedy}, or set` : 'Set'
  throw unreachable(
    `The embedded server in ${root} is not used: ${path} ${hazard.reason}. ${advice} TICKETS_DATA_DIR to a directory of your own.`,
  )
}
