import { existsSync, renameSync } from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pid } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import {
  assertUsable,
  clusterVersion,
  createCluster,
  newerData,
  putBackOldData,
} from './cluster.js'
import { makeRoot, prepareRoot, syncDirectory } from './directories.js'
import { explain, unreachable } from './failures.js'
import { catalogObjects, namesOfOthers } from './foreign-objects.js'
import { whenAlone } from './lock.js'
import {
  connectionOf,
  type EmbeddedConnection,
  makingPrefix,
  type ServerPaths,
  serverPaths,
} from './paths.js'
import { postmasterPid, startCluster, stopPostmaster, stopServer, tooLate } from './postmaster.js'
import { probe, withClient } from './probe.js'
import { findNativePackage, installedPrograms, installPrograms } from './programs.js'
import { assertOwnDirectory, assertOwnPrograms } from './trust.js'
import { type ServerUsers, serverUsers } from './users.js'

/** Major versions of PostgreSQL, such as '17' and '18', and where the old data is kept. */
export interface Upgrade {
  from: string
  to: string
  kept: string
}

export interface UpgradeOptions {
  /**
   * Copies the tables from the old server to the new one, and throws if they are not the same.
   * Calls `compare` when the new server has the same tables, and no rows yet.
   */
  copy(
    from: EmbeddedConnection,
    to: EmbeddedConnection,
    compare: () => Promise<void>,
  ): Promise<void>
  onProgress?: ((sentence: string) => void) | undefined
}

const LONGEST_START_MS = 60_000

/**
 * Brings data that an older PostgreSQL made to the one of this program: starts the old server where
 * no client finds it, copies its tables to a new cluster beside it, and exchanges the two. The old
 * data is kept, and none of its rows changes. Returns null if there is nothing to do.
 *
 * Throws DB_UNREACHABLE; WRONG_STATE for objects and settings that are not the program's own, because
 * they would be lost; and what `copy` throws.
 */
export async function upgradeEmbedded(
  dataDir: string,
  options: UpgradeOptions,
): Promise<Upgrade | null> {
  const paths = serverPaths(dataDir)
  try {
    assertOwnDirectory(paths)
    if ((await clusterVersion(paths)) === null && (await keptData(paths)).length === 0) return null
    // The lock of a process that was killed lasts for some seconds.
    for (const deadline = Date.now() + LONGEST_START_MS; ; await sleep(100)) {
      const upgrade = await whenAlone(paths, () => upgradeAlone(paths, options))
      if (upgrade !== 'occupied') return upgrade
      if (Date.now() > deadline) throw tooLate(paths)
    }
  } catch (error) {
    throw explain(error, paths.root)
  }
}

async function upgradeAlone(paths: ServerPaths, options: UpgradeOptions): Promise<Upgrade | null> {
  const { onProgress = () => {} } = options
  const [native, users] = [await findNativePackage(), await serverUsers()]
  await putBackOldData(paths)
  const [from, to] = [await clusterVersion(paths), native.major]
  if (from === null || from === to) return null
  if (Number(from) > Number(to)) throw newerData(paths, from, to)
  const kept = join(paths.root, `data-${from}`)
  if ((await readdir(paths.root)).includes(`data-${from}`)) {
    throw unreachable(
      `The old data would be kept in ${kept}, which already exists. Move or remove it.`,
    )
  }
  await stopPostmaster(paths)
  // With the process id: a process that was suspended must not take over the files of another.
  const [oldPaths, newPaths] = ['old', 'new'].map((name) =>
    serverPaths(join(paths.root, `${UPGRADE_PREFIX}${name}-${pid}`)),
  ) as [ServerPaths, ServerPaths]
  const clear = () => clearDirectories(paths)
  await clear()
  await prepareRoot(paths, users)
  const oldPrograms = await findOldPrograms(paths, from)
  await assertUsable(paths, users, from)
  const programs = await installPrograms(paths, native)
  // Clients do not look for a server in these directories, so no booking is made that would not be
  // copied.
  const { log, socketDir, socket } = oldPaths
  const old = { ...paths, log, socketDir, socket }
  let server: number | null = null
  try {
    for (const made of [oldPaths, newPaths]) {
      await makeRoot(made)
      await prepareRoot(made, users)
    }
    onProgress(`Starting PostgreSQL ${from} on the data in ${paths.root} …`)
    await start(old, oldPrograms, users)
    server = await postmasterPid(paths)
    onProgress(`Copying the data to PostgreSQL ${to} …`)
    await createCluster(newPaths, { programs, users, deadline: Date.now() + LONGEST_START_MS })
    // Has the settings that were made with ALTER SYSTEM.
    const settings = 'postgresql.auto.conf'
    await copyFile(join(paths.data, settings), join(newPaths.data, settings))
    await start(newPaths, programs, users)
    await options.copy(connectionOf(old), connectionOf(newPaths), () =>
      refuseOtherObjects(old, newPaths),
    )
    // If this process was suspended, another one may have taken the lock, replaced the server and
    // sold seats. As long as the server started here answers, no other one has the data.
    if (server === null || (await probe(old)) !== 'ready') throw usedMeanwhile()
    await Promise.all([stopServer(server), stopPostmaster(newPaths)])
    if (existsSync(join(paths.data, 'postmaster.pid'))) throw usedMeanwhile()
    if (!existsSync(newPaths.data)) {
      throw unreachable(
        'Another upgrade of this data has started in the meantime. Nothing was changed.',
      )
    }
    // Synchronous, so that little time passes between the two. If the process is killed between
    // them, `data` is missing, and `putBackOldData` restores it.
    renameSync(paths.data, kept)
    renameSync(newPaths.data, paths.data)
    await syncDirectory(paths.root)
    return { from, to, kept }
  } finally {
    server ??= await postmasterPid(paths)
    if (server !== null) await stopServer(server)
    await clear()
  }
}

function usedMeanwhile(): TicketsError {
  return unreachable(
    'Another process has used this data during the upgrade. Nothing was changed. Run `tickets db upgrade` again.',
  )
}

const UPGRADE_PREFIX = `${makingPrefix}upgrade-`

/** Removes the directories of this upgrade, and of earlier ones that were killed. */
async function clearDirectories(paths: ServerPaths): Promise<void> {
  const names = (await readdir(paths.root)).filter((name) => name.startsWith(UPGRADE_PREFIX))
  for (const made of names.map((name) => serverPaths(join(paths.root, name)))) {
    await stopPostmaster(made)
    for (const path of [made.root, made.socketDir]) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

async function start(paths: ServerPaths, programs: string, users: ServerUsers) {
  const deadline = Date.now() + LONGEST_START_MS
  await startCluster(paths, { programs, users, deadline })
}

async function keptData({ root }: ServerPaths): Promise<string[]> {
  return (await readdir(root).catch(() => [])).filter((name) => /^data-\d+$/.test(name))
}

async function findOldPrograms(paths: ServerPaths, major: string): Promise<string> {
  const found = (await installedPrograms(paths)).find((programs) => programs.major === major)
  if (found === undefined) {
    throw unreachable(
      `The programs of PostgreSQL ${major} are not in ${paths.root}. Use the version of tickets that made the data: \`tickets db backup\` there, and \`tickets db restore\` here into a new TICKETS_DATA_DIR.`,
    )
  }
  assertOwnPrograms(found.path, paths)
  return join(found.path, 'bin')
}

/**
 * Throws WRONG_STATE if the old server has anything that the new one, whose tables are empty, does
 * not have: it would be lost.
 */
async function refuseOtherObjects(old: ServerPaths, copy: ServerPaths): Promise<void> {
  const others: string[] = []
  for (const database of ['tickets', 'postgres', 'template1']) {
    const [objects, known] = [
      await withClient(old, { database }, catalogObjects),
      await withClient(copy, { database }, catalogObjects),
    ]
    const where = database === 'tickets' ? '' : ` in the database ${database}`
    others.push(...namesOfOthers(objects, known).map((name) => name + where))
  }
  if (others.length === 0) return
  const more = others.length > MOST_NAMES ? ` and ${others.length - MOST_NAMES} more` : ''
  throw new TicketsError(
    'WRONG_STATE',
    `The upgrade copies only the tables of tickets, but the embedded server also has: ${escapeControls(others.slice(0, MOST_NAMES).join(', '))}${more}. Nothing was changed. Save and drop them, or reset the settings, with the version of tickets that made the data, then upgrade.`,
  )
}

const MOST_NAMES = 30
