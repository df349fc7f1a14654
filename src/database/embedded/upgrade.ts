import { existsSync, renameSync } from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pid } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import { type Account, serverAccount } from './account.js'
import { assertUsable, clusterVersion, newerData, putBackOldData } from './cluster.js'
import { makeRoot, prepareRoot, syncDirectory } from './directories.js'
import { explain, unreachable } from './failures.js'
import {
  connectionOf,
  type EmbeddedConnection,
  type Layout,
  layoutOf,
  makingPrefix,
} from './layout.js'
import { whenAlone } from './lock.js'
import { stopPostmaster, tooLate } from './postmaster.js'
import { withClient } from './probe.js'
import { findNativePackage, installedPrograms, installPrograms } from './programs.js'
import { createNew, startCluster } from './start-cluster.js'
import { assertOwnPlace, assertOwnPrograms } from './trust.js'

/** Major versions of PostgreSQL, such as '17' and '18', and where the old data is kept. */
export interface Upgrade {
  from: string
  to: string
  kept: string
}

export interface UpgradeOptions {
  /** The tables in the schema `public` that `copy` copies. */
  tables: readonly string[]
  /** Copies the tables from the old server to the new one, and throws if they are not the same. */
  copy(from: EmbeddedConnection, to: EmbeddedConnection): Promise<void>
  onProgress?: ((sentence: string) => void) | undefined
}

const LONGEST_START_MS = 60_000

/**
 * Brings data that an older PostgreSQL made to the one of this program: starts the old server where
 * no client finds it, copies its tables to a new cluster beside it, and exchanges the two. The old
 * data is kept, and none of its rows changes. Returns null if there is nothing to do.
 *
 * Throws DB_UNREACHABLE; WRONG_STATE for objects that are not the program's own, because they would
 * be lost; and what `copy` throws.
 */
export async function upgradeEmbedded(
  dataDir: string,
  options: UpgradeOptions,
): Promise<Upgrade | null> {
  const layout = layoutOf(dataDir)
  try {
    assertOwnPlace(layout)
    if ((await clusterVersion(layout)) === null && (await keptData(layout)).length === 0)
      return null
    // The lock of a process that was killed lasts for some seconds.
    for (const deadline = Date.now() + LONGEST_START_MS; ; await sleep(100)) {
      const upgrade = await whenAlone(layout, () => upgradeAlone(layout, options))
      if (upgrade !== 'occupied') return upgrade
      if (Date.now() > deadline) throw tooLate(layout)
    }
  } catch (error) {
    throw explain(error, layout.root)
  }
}

async function upgradeAlone(layout: Layout, options: UpgradeOptions): Promise<Upgrade | null> {
  const { onProgress = () => {} } = options
  const [native, account] = [await findNativePackage(), await serverAccount()]
  await putBackOldData(layout)
  const [from, to] = [await clusterVersion(layout), native.major]
  if (from === null || from === to) return null
  if (Number(from) > Number(to)) throw newerData(layout, from, to)
  const kept = join(layout.root, `data-${from}`)
  if ((await readdir(layout.root)).includes(`data-${from}`)) {
    throw unreachable(`${kept} exists, where the old data would be kept. Move it or remove it.`)
  }
  await stopPostmaster(layout)
  // With the process id: a process that was suspended must not take over the files of another.
  const [oldPlace, newPlace] = ['old', 'new'].map((name) =>
    layoutOf(join(layout.root, `${PLACE_PREFIX}${name}-${pid}`)),
  ) as [Layout, Layout]
  const clear = () => clearPlaces(layout)
  await clear()
  await prepareRoot(layout, account)
  const oldPrograms = await findOldPrograms(layout, from)
  await assertUsable(layout, account, from)
  const programs = await installPrograms(layout, native)
  // Clients do not look for a server in these directories, so no booking is made that would not be
  // copied.
  const { log, socketDir, socket } = oldPlace
  const old = { ...layout, log, socketDir, socket }
  try {
    for (const place of [oldPlace, newPlace]) {
      await makeRoot(place)
      await prepareRoot(place, account)
    }
    onProgress(`Starting PostgreSQL ${from} on the data in ${layout.root} …`)
    await start(old, oldPrograms, account)
    await refuseOtherObjects(old, options.tables)
    onProgress(`Copying the data to PostgreSQL ${to} …`)
    await createNew(newPlace, programs, account, Date.now() + LONGEST_START_MS)
    // Has the settings that were made with ALTER SYSTEM.
    const settings = 'postgresql.auto.conf'
    await copyFile(join(layout.data, settings), join(newPlace.data, settings))
    await start(newPlace, programs, account)
    await options.copy(connectionOf(old), connectionOf(newPlace))
    await Promise.all([stopPostmaster(layout), stopPostmaster(newPlace)])
    if (!existsSync(newPlace.data)) {
      throw unreachable('Another upgrade of this data has begun meanwhile. Nothing was changed.')
    }
    // Synchronous, so that little time passes between the two. If the process is killed between
    // them, `data` is missing, and `putBackOldData` restores it.
    renameSync(layout.data, kept)
    renameSync(newPlace.data, layout.data)
    await syncDirectory(layout.root)
    return { from, to, kept }
  } finally {
    await clear()
  }
}

const PLACE_PREFIX = `${makingPrefix}upgrade-`

/** Removes the directories of this upgrade, and of earlier ones that were killed. */
async function clearPlaces(layout: Layout): Promise<void> {
  await stopPostmaster(layout)
  const names = (await readdir(layout.root)).filter((name) => name.startsWith(PLACE_PREFIX))
  for (const place of names.map((name) => layoutOf(join(layout.root, name)))) {
    await stopPostmaster(place)
    for (const path of [place.root, place.socketDir]) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

async function start(layout: Layout, programs: string, account: Account) {
  const deadline = Date.now() + LONGEST_START_MS
  await startCluster(layout, { programs, account, deadline })
}

async function keptData({ root }: Layout): Promise<string[]> {
  return (await readdir(root).catch(() => [])).filter((name) => /^data-\d+$/.test(name))
}

async function findOldPrograms(layout: Layout, major: string): Promise<string> {
  const found = (await installedPrograms(layout)).find((programs) => programs.major === major)
  if (found === undefined) {
    throw unreachable(
      `The programs of PostgreSQL ${major} are not in ${layout.root}. Use the version of tickets that made the data: \`tickets db backup\` there, and \`tickets db restore\` here into a new TICKETS_DATA_DIR.`,
    )
  }
  assertOwnPrograms(found.path, layout)
  return join(found.path, 'bin')
}

/** Throws WRONG_STATE if the cluster has databases, roles, tables or views of the user's own. */
async function refuseOtherObjects(old: Layout, tables: readonly string[]): Promise<void> {
  const others: string[] = []
  for (const [database, sql] of [
    ['postgres', CLUSTER_OBJECTS],
    ['postgres', RELATIONS],
    ['tickets', RELATIONS],
  ] as const) {
    await withClient(old, { database }, async (client) => {
      const { rows } = await client.query<{ name: string }>(sql, [tables])
      others.push(...rows.map(({ name }) => name))
    })
  }
  if (others.length === 0) return
  throw new TicketsError(
    'WRONG_STATE',
    `The embedded server has more than the tables of tickets, which alone are copied: ${escapeControls(others.join(', '))}. Nothing was changed. Copy and drop them with the version of tickets that made the data, then upgrade.`,
  )
}

const CLUSTER_OBJECTS = `
  select 'database ' || quote_ident(datname) as name from pg_database
  where not datistemplate and datname not in ('postgres', 'tickets')
  union all
  select 'role ' || quote_ident(rolname) from pg_roles
  where rolname <> 'tickets' and rolname !~ '^pg_' and $1::text[] is not null`

/** An index, or the sequence of a column, belongs to its table. */
const RELATIONS = `
  select format('%I.%I.%I', current_database(), nspname, relname) as name
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    and nspname !~ '^(pg_|information_schema$|tickets_throwaway_)'
    and not (current_database() = 'tickets' and nspname = 'public' and relname = any ($1))
    and not exists (
      select from pg_depend
      where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')
    )`
