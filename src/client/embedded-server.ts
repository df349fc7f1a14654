import { existsSync } from 'node:fs'
import type { EmbeddedStatus } from '../database/embedded/embedded.js'
import { embeddedConnection, embeddedDataDir, embeddedUrl } from '../database/embedded/location.js'

/** The embedded server of an environment: it is looked at and stopped here, never started. */
export interface EmbeddedServer {
  dataDir: string
  /** How to reach it, whether or not it runs. */
  url: string
  status(): Promise<EmbeddedStatus>
  stop(): Promise<'stopped' | 'not running'>
  /** Is its socket there? Cheaper than `status`; the socket of a server that was killed stays. */
  hasSocket(): boolean
}

/** The embedded server that TICKETS_DATA_DIR and the like name. Throws INVALID_INPUT. */
export function embeddedServer(env: Record<string, string | undefined>): EmbeddedServer {
  const dataDir = embeddedDataDir(env)
  return {
    dataDir,
    get url() {
      return embeddedUrl(dataDir)
    },
    status: async () => (await whole()).embeddedStatus(dataDir),
    stop: async () => (await whole()).stopEmbedded(dataDir),
    hasSocket() {
      const { host, port } = embeddedConnection(dataDir)
      return existsSync(`${host}/.s.PGSQL.${port}`)
    },
  }
}

/** Loaded late, as it can bring a server up, which few commands need. */
const whole = () => import('../database/embedded/embedded.js')
