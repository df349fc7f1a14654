import { existsSync, realpathSync, statSync } from 'node:fs'
import { chmod, chown, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, unreachable } from './failures.js'
import { isOurs, makingPrefix, type ServerPaths, serverGroup, userId } from './paths.js'
import { assertOwnDirectory, assertOwnEntries } from './trust.js'
import type { ServerUsers } from './users.js'

/**
 * Creates the data directory and its parents, closed to other users. Does not change an existing
 * directory. Throws DB_UNREACHABLE if other users have access to it.
 */
export async function makeRoot(paths: ServerPaths): Promise<void> {
  await makeParents(dirname(paths.root))
  await makeDirectory(paths.root)
  assertOwnDirectory(paths)
}

/** mkdir's own recursion never ends in /proc, which accepts no directories. */
async function makeParents(path: string): Promise<void> {
  if (existsSync(path)) return
  await makeParents(dirname(path))
  await makeDirectory(path, 0o755)
}

/**
 * Closes the data directory to other users, unless it contains other files as well, and removes
 * what crashed attempts left behind. Call it under the lock. Throws DB_UNREACHABLE if another user
 * owns one of the server's files in it, or if root's server could not enter it.
 */
export async function prepareRoot(paths: ServerPaths, users: ServerUsers): Promise<void> {
  assertOwnEntries(paths)
  const names = await readdir(paths.root)
  if ((await stat(paths.root)).uid === userId() && names.every(isOurs)) {
    await close(paths.root, users, 0o710)
  }
  for (const name of names.filter((name) => name.startsWith(makingPrefix))) {
    await removeIfAbandoned(join(paths.root, name))
  }
  const barrier = users.server && barrierTo(join(paths.root, 'data'))
  if (barrier !== undefined) {
    throw unreachable(
      `The embedded server of root runs as another user, who cannot enter ${barrier}. Set TICKETS_DATA_DIR to a directory elsewhere, such as /var/lib/tickets.`,
    )
  }
}

/** Creates the socket's directory, open to the caller and the server only. */
export async function prepareSocketDir(paths: ServerPaths, users: ServerUsers): Promise<void> {
  await makeDirectory(paths.socketDir)
  assertOwnDirectory(paths)
  await close(paths.socketDir, users, 0o770)
}

/** Returns the first directory on the way to `path` that root's server could not enter, if any. */
export function barrierTo(path: string): string | undefined {
  const directory = deepestExisting(dirname(path))
  for (let at = directory; ; at = dirname(at)) {
    const { mode, gid } = statSync(at)
    const needed = gid === serverGroup ? 0o010 : 0o001
    if ((mode & needed) === 0) return at
    if (at === dirname(at)) return undefined
  }
}

/** A rename is durable only after an fsync of the directory. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

// Keeps recent ones: a process that was suspended and lost the lock may still be using them.
async function removeIfAbandoned(path: string): Promise<void> {
  const begun = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now()
  if (Date.now() - begun < 120_000) return
  await rm(path, { recursive: true, force: true, maxRetries: 5 })
}

async function makeDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, mode).catch((error) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
}

async function close(path: string, users: ServerUsers, modeWithGroup: number): Promise<void> {
  if (users.server === undefined) return chmod(path, 0o700)
  await chown(path, 0, users.server.gid)
  await chmod(path, modeWithGroup)
}

function deepestExisting(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return deepestExisting(dirname(path))
  }
}
