import { existsSync } from 'node:fs'
import { embeddedConnection, embeddedDataDir, embeddedUrl } from '../database/embedded/location.js'
import type { CopyOptions } from './upgrade-server.js'

/**
 * Returns the embedded server that TICKETS_DATA_DIR and the like choose: reports on it and stops
 * it, but never starts it. Throws INVALID_INPUT.
 */
export function embeddedServer(env: Record<string, string | undefined>) {
  const dataDir = embeddedDataDir(env)
  return {
    dataDir,
    /** The server's URL, even if it is not running. */
    get url() {
      return embeddedUrl(dataDir)
    },
    status: async () => (await loadWhole()).embeddedStatus(dataDir),
    stop: async () => (await loadWhole()).stopEmbedded(dataDir),
    /**
     * Upgrades data of an older PostgreSQL to this program's version; null if there is none. Throws
     * DB_UNREACHABLE, WRONG_STATE for objects that are not the program's own, CHECK_FAILED if the
     * copy does not verify, INTERRUPTED.
     */
    upgrade: async (options: CopyOptions) => {
      const { upgradeServer } = await import('./upgrade-server.js')
      return upgradeServer(dataDir, options)
    },
    /** Whether its socket exists. Cheaper than `status`, but a killed server's socket remains. */
    hasSocket() {
      const { host, port } = embeddedConnection(dataDir)
      return existsSync(`${host}/.s.PGSQL.${port}`)
    },
  }
}

/** Imported on demand: it can start a server, which few commands need. */
const loadWhole = () => import('../database/embedded/embedded.js')
