import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import { serverAccount } from './account.js'
import {
  assertUsable,
  clusterVersion,
  createCluster,
  hasCluster,
  putBackOldData,
} from './cluster.js'
import { makeRoot, prepareRoot } from './directories.js'
import { codeOf, explain } from './failures.js'
import { type Layout, layoutOf } from './layout.js'
import { whenAlone } from './lock.js'
import { postmasterPid, startCluster, stopPostmaster, tooLate } from './postmaster.js'
import { askVersion, probe } from './probe.js'
import { findNativePackage, installPrograms } from './programs.js'
import { assertOwnPlace } from './trust.js'

export interface EnsureOptions {
  /** Called before a slow step, with a sentence such as 'Creating …' or 'Starting …'. */
  onProgress?: (sentence: string) => void
  /** Whether to create a server where there is none (default: true). Otherwise throws DB_MISSING. */
  mayCreate?: boolean | undefined
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
  const layout = layoutOf(dataDir)
  await bringUp(layout, options).catch((error) => {
    throw codeOf(error) === 'ABORT_ERR' ? tooLate(layout) : explain(error, layout.root)
  })
}

/** The time limit for all steps together. */
const LONGEST_MS = 60_000

async function bringUp(layout: Layout, options: EnsureOptions): Promise<void> {
  assertOwnPlace(layout)
  const deadline = Date.now() + LONGEST_MS
  for (;;) {
    const found = await probe(layout)
    if (found === 'ready') return
    const turn = found === 'absent' ? await bringUpAlone(layout, deadline, options) : 'occupied'
    if (turn === 'up') continue
    if (Date.now() > deadline) throw tooLate(layout)
    // Jitter keeps fifty waiting processes from asking at the same moment.
    await sleep(30 + 90 * Math.random())
  }
}

/** Stops the server for all its clients; the next command that needs it starts it again. */
export async function stopEmbedded(dataDir: string): Promise<'stopped' | 'not running'> {
  const layout = layoutOf(dataDir)
  assertOwnPlace(layout)
  return await stopPostmaster(layout).catch((error) => {
    throw explain(error, layout.root)
  })
}

/**
 * Reports the server's state without starting it. Throws DB_UNREACHABLE if another user owns it.
 */
export async function embeddedStatus(dataDir: string): Promise<EmbeddedStatus> {
  const layout = layoutOf(dataDir)
  const nothing = { dataDir: layout.root, socket: layout.socket, pid: null, version: null }
  try {
    assertOwnPlace(layout)
    const version = await clusterVersion(layout)
    if (version === null) return { ...nothing, state: 'absent' }
    const pid = await postmasterPid(layout)
    const bytes = await bytesBelow(layout.root)
    if (pid === null) return { ...nothing, state: 'stopped', version, bytes }
    return {
      ...nothing,
      state: 'running',
      pid,
      version: (await askVersion(layout)) ?? version,
      bytes,
    }
  } catch (error) {
    throw explain(error, layout.root)
  }
}

async function bringUpAlone(
  layout: Layout,
  deadline: number,
  options: EnsureOptions,
): Promise<'up' | 'occupied'> {
  const native = await findNativePackage()
  const account = await serverAccount()
  const { mayCreate = true } = options
  if (!mayCreate && !existsSync(layout.root)) throw noServer(layout)
  await makeRoot(layout)
  return whenAlone<'up'>(layout, async () => {
    if (await isThere(layout)) return 'up'
    await putBackOldData(layout)
    if (!mayCreate && !(await hasCluster(layout))) throw noServer(layout)
    await prepareRoot(layout, account)
    const programs = await installPrograms(layout, native)
    if (!(await hasCluster(layout))) {
      options.onProgress?.(`Creating the embedded PostgreSQL ${native.major} in ${layout.root} …`)
      await createCluster(layout, { programs, account, deadline })
    }
    await assertUsable(layout, account, native.major)
    options.onProgress?.(`Starting the embedded PostgreSQL ${native.major} …`)
    await startCluster(layout, { programs, account, deadline })
    return 'up'
  })
}

function noServer({ root }: Layout): TicketsError {
  return new TicketsError(
    'DB_MISSING',
    `There is no embedded server in ${escapeControls(root)}, and this command does not create one. If your server is elsewhere, set TICKETS_DATA_DIR; choose another database with --db.`,
  )
}

/**
 * Whether the server accepts connections after all. Stops a server that has had no socket for a
 * second (a cleaner of /tmp removed it), so that it can be started again.
 */
async function isThere(layout: Layout): Promise<boolean> {
  const patience = Date.now() + 1000
  for (;;) {
    if ((await probe(layout)) !== 'absent') return true
    if ((await postmasterPid(layout)) === null) return false
    if (Date.now() > patience) await stopPostmaster(layout)
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
