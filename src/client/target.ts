import { homedir } from 'node:os'
import { embeddedDataDir } from '../database/embedded/location.js'
import { connectionOf, serverPaths } from '../database/embedded/paths.js'
import { assertOwnDirectory } from '../database/embedded/trust.js'
import { findDatabase } from '../database/settings/settings.js'
import type { DatabaseTarget } from '../database/settings/target.js'
import type { TicketsOptions } from './api.js'

/** The options of the program's own client: the library's, and those that only commands need. */
export interface ClientOptions extends TicketsOptions {
  /**
   * Whether to wait even for a server that refuses connections or is unknown. Default: if `waitMs`
   * is given.
   */
  awaitsServer?: boolean
  /** Whether to create the embedded server where there is none (default: true). */
  mayCreateServer?: boolean
  /** Called when a batch of bookings has locked its show, with its size and the wait for the lock. */
  onBatch?: (batch: { size: number; lockWaitMs: number }) => void
  /** Whether all calls together may wait as long as `waitMs`, and not each of them. */
  hasOneDeadline?: boolean | undefined
}

/**
 * Finds the database that the options and the environment choose, and what chose it: '--db', '.env'
 * and the like; see `findDatabase`. Does not connect. Throws INVALID_INPUT, and DB_MISSING for a
 * `.env` file that cannot be trusted or read.
 */
export function targetOf(options: ClientOptions): DatabaseTarget {
  const { env = process.env } = options
  const found = findDatabase({
    db: options.database,
    env,
    // Not process.cwd(), which fails if the directory is gone; only a relative path needs it.
    cwd: options.cwd ?? '.',
    homeDir: homedir(),
  })
  return found.kind === 'embedded' ? embeddedTarget(options, found.source) : found
}

/** The schema to work in; undefined: the login's own. */
export function schemaOf({ schema, env = process.env }: TicketsOptions): string | undefined {
  return schema ?? (env.TICKETS_SCHEMA || undefined)
}

function embeddedTarget(options: ClientOptions, source: string): DatabaseTarget {
  const { env = process.env, cwd, onProgress } = options
  const dataDir = embeddedDataDir(env, cwd)
  const paths = serverPaths(dataDir)
  return {
    kind: 'embedded',
    connection: connectionOf(paths),
    name: `embedded database in ${dataDir}`,
    source,
    sslMode: 'disable',
    verify: () => assertOwnDirectory(paths),
    async revive() {
      const { ensureEmbedded } = await import('../database/embedded/embedded.js')
      await ensureEmbedded(dataDir, {
        mayCreateServer: options.mayCreateServer,
        ...(onProgress && { onProgress }),
      })
    },
  }
}
