import { existsSync } from 'node:fs'
import type { EmbeddedStatus } from '../database/embedded/embedded.js'
import { embeddedConnection, embeddedDataDir, embeddedUrl } from '../database/embedded/location.js'
import type { Upgrade } from '../database/embedded/upgrade.js'
import type { CopyOptions } from './upgrade-server.js'

/**
 * The embedded server of an environment. This interface reports on it and stops it; it never starts
 * it.
 */
export interface EmbeddedServer {
  dataDir: string
  /** The server's URL, even if it is not running. */
  url: string
  status(): Promise<EmbeddedStatus>
  stop(): Promise<'stopped' | 'not running'>
  /**
   * Upgrades data of an older PostgreSQL to this program's version; null if there is none. Throws
   * DB_UNREACHABLE, WRONG_STATE for objects that are not the program's own, CHECK_FAILED if the
   * copy does not verify, INTERRUPTED.
   */
  upgrade(options: CopyOptions): Promise<Upgrade | null>
  /** Whether its socket exists. Cheaper than `status`, but a killed server's socket remains. */
  hasSocket(): boolean
}

/** Returns the embedded server that TICKETS_DATA_DIR and the like choose. Throws INVALID_INPUT. */
export function embeddedServer(env: Record<string, string | undefined>): EmbeddedServer {
  const dataDir = embeddedDataDir(env)
  return {
    dataDir,
    get url() {
      return embeddedUrl(dataDir)
    },
    status: async () => (await loadWhole()).embeddedStatus(dataDir),
    stop: async () => (await loadWhole()).stopEmbedded(dataDir),
    upgrade: async (options) => {
      const { upgradeServer } = await import('./upgrade-server.js')
      return upgradeServer(dataDir, options)
    },
    hasSocket() {
      const { host, port } = embeddedConnection(dataDir)
      return existsSync(`${host}/.s.PGSQL.${port}`)
    },
  }
}

/** Imported on demand: it can start a server, which few commands need. */
const loadWhole = () => import('../database/embedded/embedded.js')
