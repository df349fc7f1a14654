import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { pid } from 'node:process'
import { assertUsable, hasCluster } from '../embedded/cluster.js'
import { codeOf, explain } from '../embedded/failures.js'
import { makingPrefix, type ServerPaths, serverPaths } from '../embedded/paths.js'
import { findNativePackage } from '../embedded/programs.js'
import { assertOwnDirectory, assertOwnEntries } from '../embedded/trust.js'
import { serverUsers } from '../embedded/users.js'
import { type Finding, ok, skipped, warning, wrong, wrongBy } from './check.js'

/** The checks of the embedded server's data directory, by their names. */
export const machineChecks: Readonly<Record<string, (dataDir: string) => Promise<Finding>>> = {
  'data directory': checkOwner,
  disk: (dataDir) => checkRoom(serverPaths(dataDir).root),
  fsync: checkFsync,
}

async function checkOwner(dataDir: string): Promise<Finding> {
  const paths = serverPaths(dataDir)
  return checkData(paths).catch((error) => wrongBy(explain(error, paths.root)))
}

/** Throws DB_UNREACHABLE for data that this user, or this version, must not use. */
async function checkData(paths: ServerPaths): Promise<Finding> {
  assertOwnDirectory(paths)
  const { major } = await findNativePackage()
  if (!(await hasCluster(paths))) return skipped(NO_DATA)
  assertOwnEntries(paths)
  await assertUsable(paths, await serverUsers(), major)
  return ok(`${paths.root} is yours alone, and has the data of PostgreSQL ${major}`)
}

const NO_DATA = 'there is no data directory yet; the next command that needs it creates one'
const GIGABYTE = 1e9
const LITTLE = GIGABYTE
const NOTHING = 0.1 * GIGABYTE

/** `directory` is on this machine. */
export async function checkRoom(directory: string): Promise<Finding> {
  const found = await statfs(directory).catch((error) => codeOf(error))
  if (found === undefined || found === 'ENOENT') return skipped(NO_DATA)
  if (typeof found === 'string') return skipped(`${directory} cannot be read (${found})`)
  return judgeRoom(directory, found.bavail * found.bsize)
}

/** `bytes` are free. */
export function judgeRoom(directory: string, bytes: number): Finding {
  const shown = `${(bytes / GIGABYTE).toFixed(1)} GB are free where ${directory} is`
  const advice = 'Free some space: PostgreSQL stops when its disk is full.'
  if (bytes >= LITTLE) return ok(shown)
  return bytes >= NOTHING ? warning(shown, advice) : wrong(shown, advice)
}

const WRITES = 20
const SLOW_MS = 20

/**
 * Measures how long the disk takes to store 8 kB, as each commit does. PostgreSQL's own data is not
 * touched: the file is beside it, has a name that the next start removes, and is removed at once.
 */
async function checkFsync(dataDir: string): Promise<Finding> {
  const paths = serverPaths(dataDir)
  assertOwnDirectory(paths)
  if (!(await hasCluster(paths))) return skipped(NO_DATA)
  const ms = await medianWriteMs(paths).catch((error) => codeOf(error) ?? String(error))
  if (typeof ms === 'string') {
    const advice = 'Make sure that the disk has free space and that you may write to it.'
    return wrong(`a test file cannot be written to the data directory (${ms})`, advice)
  }
  return judgeCommit(ms, 'Move the data to a local SSD (TICKETS_DATA_DIR).')
}

/** `ms` is how long the disk takes; `advice` is for a slow one. */
export function judgeCommit(ms: number, advice: string): Finding {
  const shown = `a commit to the disk takes ${ms.toFixed(1)} ms`
  return ms <= SLOW_MS ? ok(shown) : warning(`${shown}, which is slow`, advice)
}

async function medianWriteMs({ root }: ServerPaths): Promise<number> {
  const path = join(root, `${makingPrefix}doctor-${pid}`)
  const block = Buffer.alloc(8192, 1)
  const times: number[] = []
  const file = await open(path, 'wx', 0o600)
  try {
    for (let i = 0; i < WRITES; i++) {
      const start = performance.now()
      await file.write(block, 0, block.length, 0)
      await file.datasync()
      times.push(performance.now() - start)
    }
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
  return median(times)
}

export function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
}
