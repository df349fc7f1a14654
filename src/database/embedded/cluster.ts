import { existsSync } from 'node:fs'
import { chown, lstat, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pid } from 'node:process'
import { syncDirectory } from './directories.js'
import { codeOf, explainOutput, unreachable } from './failures.js'
import { makingPrefix, port, type ServerPaths, userId } from './paths.js'
import { withPlainName } from './programs.js'
import { runProgram } from './run-program.js'
import { assertOwnData } from './trust.js'
import type { ServerUsers } from './users.js'

export interface ClusterOptions {
  /** The directory of the programs: their `bin`. */
  programs: string
  users: ServerUsers
  /** When to give up, by the system's clock. */
  deadline: number
}

/** PostgreSQL's major version that created the data, such as '18'; null if there is no cluster. */
export async function clusterVersion(paths: ServerPaths): Promise<string | null> {
  return readFile(join(paths.data, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    (error) => {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    },
  )
}

/** Returns true even for a damaged cluster: PostgreSQL reports what is missing when it starts. */
export async function hasCluster(paths: ServerPaths): Promise<boolean> {
  const control = join(paths.data, 'global', 'pg_control')
  return (await clusterVersion(paths)) !== null || existsSync(control)
}

/**
 * Refuses data that another version of PostgreSQL or another user created, before anything changes
 * it.
 */
export async function assertUsable(
  paths: ServerPaths,
  users: ServerUsers,
  major: string,
): Promise<void> {
  const { uid, gid } = await lstat(paths.data)
  const wanted = users.server ?? { uid: userId(), gid }
  if (uid !== wanted.uid || gid !== wanted.gid) throw othersData(paths, uid)
  assertOwnData(paths)
  const version = await clusterVersion(paths)
  if (version === null || version === major) return
  if (Number(version) > Number(major)) throw newerData(paths, version, major)
  throw unreachable(
    `${madeBy(paths, version, major)} Run \`tickets db upgrade\`, or set TICKETS_DATA_DIR to a new directory.`,
  )
}

/** The error for data of a newer major version. */
export function newerData(paths: ServerPaths, version: string, major: string) {
  return unreachable(
    `${madeBy(paths, version, major)} Upgrade tickets, or set TICKETS_DATA_DIR to a new directory.`,
  )
}

function madeBy({ root }: ServerPaths, version: string, major: string): string {
  return `The data in ${root} was created by PostgreSQL ${version}, but this program comes with PostgreSQL ${major}.`
}

/**
 * Puts back the old data of an upgrade that was killed between its two renames: there is no `data`
 * then. Call it under the lock, before a new cluster could take the name.
 */
export async function putBackOldData(paths: ServerPaths): Promise<void> {
  const names = await readdir(paths.root)
  const [newest] = names
    .filter((name) => /^data-\d+$/.test(name))
    .sort()
    .reverse()
  if (newest === undefined || names.includes('data')) return
  await rename(join(paths.root, newest), paths.data)
  await syncDirectory(paths.root)
}

/** The error for a server that belongs to another user. */
export function othersData(paths: ServerPaths, uid?: number, cause?: unknown) {
  const whose = uid === undefined ? 'another user' : `another user (uid ${uid})`
  return unreachable(
    `The embedded server in ${paths.root} belongs to ${whose}. Run this as its owner, or set TICKETS_DATA_DIR to a directory of your own.`,
    cause,
  )
}

/**
 * Creates the cluster and its database under a temporary name, then renames it, so that `data` is
 * either absent or complete. Moves aside, and does not delete, anything else that has the name
 * `data`.
 */
export async function createCluster(
  paths: ServerPaths,
  { programs, users, deadline }: ClusterOptions,
): Promise<void> {
  const signal = AbortSignal.timeout(Math.max(deadline - Date.now(), 0))
  await withPlainName(programs, async (plain) => {
    const making = await mkdtemp(join(paths.root, makingPrefix))
    try {
      if (users.server) await chown(making, users.server.uid, users.server.gid)
      await initialise(making, plain, { paths, users, signal })
      await moveAsideWhatIsNoCluster(paths)
      await rename(making, paths.data)
      await syncDirectory(paths.root)
    } catch (error) {
      await rm(making, { recursive: true, force: true, maxRetries: 5 })
      // Another process created the cluster first, which is as good.
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
    }
  })
}

/**
 * Writes the settings. Runs at every start, because the directory may have moved or its owner may
 * have a new name.
 */
export async function writeSettings(paths: ServerPaths, users: ServerUsers): Promise<void> {
  const files = {
    'postgresql.conf': settings(paths),
    'pg_hba.conf': 'local all tickets peer map=owner\n',
    'pg_ident.conf': `owner "${users.owner}" tickets\n`,
  }
  for (const [name, text] of Object.entries(files)) {
    const path = join(paths.data, name)
    const begun = `${path}.${pid}`
    await rm(begun, { force: true })
    // The server's user owns this directory: 'wx' keeps root from writing through a link of that
    // user's.
    const file = await open(begun, 'wx', 0o600)
    try {
      await file.writeFile(text)
      if (users.server) await file.chown(users.server.uid, users.server.gid)
    } finally {
      await file.close()
    }
    await rename(begun, path)
  }
}

async function initialise(
  data: string,
  programs: string,
  context: { paths: ServerPaths; users: ServerUsers; signal: AbortSignal },
): Promise<void> {
  const locale = [
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-locale',
  ]
  const initdb = ['-D', data, '-U', 'tickets', '--auth=peer', '--no-instructions', ...locale]
  const single = ['--single', '-D', data, '-c', 'exit_on_error=on', 'postgres']
  for (const [program, args, input] of [
    ['initdb', initdb, ''],
    ['postgres', single, 'CREATE DATABASE tickets;\n'],
  ] as const) {
    const { code, output } = await runProgram(join(programs, program), args, { ...context, input })
    if (code !== 0) throw explainOutput(program, output, context.paths.root)
  }
}

async function moveAsideWhatIsNoCluster(paths: ServerPaths): Promise<void> {
  const names = await readdir(paths.data).catch((error) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  if (names.length === 0 || (await hasCluster(paths))) return
  await rename(paths.data, `${paths.data}.broken-${Date.now()}`)
}

function settings(paths: ServerPaths): string {
  const socketDir = `"${paths.socketDir.replaceAll('"', '""')}"`
  return `# Written at every start. To change a setting use ALTER SYSTEM, which is kept.
listen_addresses = ''
port = ${port}
# The second one is the data itself, where a process in another container finds it.
unix_socket_directories = ${quote(`${socketDir}, .`)}
cluster_name = 'tickets'
max_connections = 200

# A confirmed booking must survive a crash.
fsync = on
synchronous_commit = on
full_page_writes = on

# /dev/shm is small in containers, and logind empties it when the user logs out.
dynamic_shared_memory_type = mmap

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'

# The client reports refused statements; logging them would only fill the disk.
log_min_messages = log
log_checkpoints = off
`
}

function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
