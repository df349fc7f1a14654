import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createCluster, hasCluster } from '../../src/database/embedded/cluster.js'
import { makeRoot, prepareRoot } from '../../src/database/embedded/directories.js'
import { serverPaths } from '../../src/database/embedded/paths.js'
import { startCluster, stopPostmaster } from '../../src/database/embedded/postmaster.js'
import { findNativePackage, installPrograms } from '../../src/database/embedded/programs.js'
import { serverUsers } from '../../src/database/embedded/users.js'
import { olderServers } from './older-servers.js'

/** The newest older PostgreSQL whose programs are from npm, like those of an embedded server. */
export const olderEmbedded = olderServers()
  .filter(({ programs }) => programs.endsWith('/native/bin'))
  .toSorted((a, b) => a.version - b.version)
  .at(-1)

/** Creates and starts a server as a version of the program with an older PostgreSQL did. */
export async function startOlderEmbedded(dataDir: string, programs: string): Promise<void> {
  const directory = dirname(programs)
  const { version } = JSON.parse(await readFile(join(directory, '../package.json'), 'utf8'))
  const major = version.split('.')[0]
  const [paths, users] = [serverPaths(dataDir), await serverUsers()]
  await makeRoot(paths)
  await prepareRoot(paths, users)
  // This server has no socket here if a killed upgrade left it running.
  await stopPostmaster(paths)
  const own = await installPrograms(paths, { directory, version, major })
  const options = { programs: own, users, deadline: Date.now() + 60_000 }
  if (!(await hasCluster(paths))) await createCluster(paths, options)
  await startCluster(paths, options)
}

/**
 * Copies the PostgreSQL of this program there beforehand, which takes most of the time of an
 * upgrade.
 */
export async function installNewPrograms(dataDir: string): Promise<void> {
  await installPrograms(serverPaths(dataDir), await findNativePackage())
}
