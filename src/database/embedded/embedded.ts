import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import {
  assertUsable,
  clusterVersion,
  createCluster,
  hasCluster,
  putBackOldData,
} from './cluster.js'
import { makeRoot, prepareRoot } from './directories.js'
import { codeOf, explain } from './failures.js'
import { whenAlone } from './lock.js'
import { type ServerPaths, serverPaths } from './paths.js'
import { postmasterPid, startCluster, stopPostmaster, tooLate } from './postmaster.js'
import { askVersion, probe } from './probe.js'
import { findNativePackage, installPrograms } from './programs.js'
import { assertOwnDirectory } from './trust.js'
import { serverUsers } from './users.js'

export interface EnsureOptions {
  /** Called before a slow step, with a sentence such as 'Creating …' or 'Starting …'. */
  onProgress?: (sentence: string) => void
  /** Whether to create a server where there is none (default: true). Otherwise throws DB_MISSING. */
  mayCreateServer?: boolean | undefined
}

export interface EmbeddedStatus {
  state: 'running' | 'stopped' | 'absent'
  dataDir: string
  pid: number | null
  /** '18.4' from a running server, '18' from the data of a stopped one. */
  version: string | null
  /** The socket's path, even if there is no socket. */
  socket: string
  /** The disk space that the data directory uses. */
  bytes?: number
}

/**
 * Makes sure that the server exists and accepts connections: creates and starts it if necessary, or
 * waits for the process that does. The server keeps running after this process ends. Any number of
 * processes may call this at once. Throws DB_UNREACHABLE with one sentence, and DB_MISSING.
 */
export async function ensureEmbedded(dataDir: string, options: EnsureOptions = {}): Promise<void> {
  const paths = serverPaths(dataDir)
  await bringUp(paths, options).catch((error) => {
    throw codeOf(error) === 'ABORT_ERR' ? tooLate(paths) : explain(error, paths.root)
  })
}

/** The time limit for all steps together. */
const LONGEST_MS = 60_000

async function bringUp(paths: ServerPaths, options: EnsureOptions): Promise<void> {
  assertOwnDirectory(paths)
  const deadline = Date.now() + LONGEST_MS
  for (;;) {
    const found = await probe(paths)
    if (found === 'ready') return
    const turn = found === 'absent' ? await bringUpAlone(paths, deadline, options) : 'occupied'
    if (turn === 'up') continue
    if (Date.now() > deadline) throw tooLate(paths)
    // Jitter keeps fifty waiting processes from asking at the same moment.
    await sleep(30 + 90 * Math.random())
  }
}

/** Stops the server for all its clients; the next command that needs it starts it again. */
export async function stopEmbedded(dataDir: string): Promise<'stopped' | 'not running'> {
  const paths = serverPaths(dataDir)
  assertOwnDirectory(paths)
  return await stopPostmaster(paths).catch((error) => {
    throw explain(error, paths.root)
  })
}

/**
 * Reports the server's state without starting it. Throws DB_UNREACHABLE if another user owns it.
 */
export async function embeddedStatus(dataDir: string): Promise<EmbeddedStatus> {
  const paths = serverPaths(dataDir)
  const nothing = { dataDir: paths.root, socket: paths.socket, pid: null, version: null }
  try {
    assertOwnDirectory(paths)
    const version = await clusterVersion(paths)
    if (version === null) return { ...nothing, state: 'absent' }
    const pid = await postmasterPid(paths)
    const bytes = await bytesBelow(paths.root)
    if (pid === null) return { ...nothing, state: 'stopped', version, bytes }
    return {
      ...nothing,
      state: 'running',
      pid,
      version: (await askVersion(paths)) ?? version,
      bytes,
    }
  } catch (error) {
    throw explain(error, paths.root)
  }
}

async function bringUpAlone(
  paths: ServerPaths,
  deadline: number,
  options: EnsureOptions,
): Promise<'up' | 'occupied'> {
  const native = await findNativePackage()
  const users = await serverUsers()
  const { mayCreateServer = true } = options
  if (!mayCreateServer && !existsSync(paths.root)) throw noServer(paths)
  await makeRoot(paths)
  return whenAlone<'up'>(paths, async () => {
    if (await isThere(paths)) return 'up'
    await putBackOldData(paths)
    if (!mayCreateServer && !(await hasCluster(paths))) throw noServer(paths)
    await prepareRoot(paths, users)
    const programs = await installPrograms(paths, native)
    if (!(await hasCluster(paths))) {
      options.onProgress?.(`Creating the embedded PostgreSQL ${native.major} in ${paths.root} …`)
      await createCluster(paths, { programs, users, deadline })
    }
    await assertUsable(paths, users, native.major)
    options.onProgress?.(`Starting the embedded PostgreSQL ${native.major} …`)
    await startCluster(paths, { programs, users, deadline })
    return 'up'
  })
}

function noServer({ root }: ServerPaths): TicketsError {
  return new TicketsError(
    'DB_MISSING',
    `There is no embedded server in ${escapeControls(root)}, and this command does not create one. If your server is elsewhere, set TICKETS_DATA_DIR; choose another database with --db.`,
  )
}

/**
 * Whether the server accepts connections after all. Stops a server that has had no socket for a
 * second (a cleaner of /tmp removed it), so that it can be started again.
 */
async function isThere(paths: ServerPaths): Promise<boolean> {
  const patience = Date.now() + 1000
  for (;;) {
    if ((await probe(paths)) !== 'absent') return true
    if ((await postmasterPid(paths)) === null) return false
    if (Date.now() > patience) await stopPostmaster(paths)
    else await sleep(50)
  }
}

async function bytesBelow(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true })
  const sizes = names.map((name) =>
    stat(join(directory, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      // A running server removes files all the time.
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
