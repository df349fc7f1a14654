import { homedir } from 'node:os'
import { type Database, openDatabase } from './database/connection.js'
import { embeddedConnection, embeddedDataDir } from './database/embedded/location.js'
import { type RetryCause, retryCause } from './database/failures.js'
import { type DatabaseTarget, findDatabase } from './database/settings.js'
import type { TicketsOptions } from './tickets.js'

/** Opens the database that the options and the environment mean; connects to nothing yet. */
export function connect(options: TicketsOptions): Database {
  const { env = process.env, waitMs = 30_000, connections = 1 } = options
  const found = findDatabase({
    ...(options.database !== undefined && { db: options.database }),
    env,
    cwd: options.cwd ?? process.cwd(),
    homeDir: homedir(),
  })
  const target = found === 'embedded' ? embeddedTarget(env, options.onProgress) : found
  const schema = options.schema ?? (env.TICKETS_SCHEMA || undefined)
  const db = openDatabase(target, { ...options, schema, waitMs, poolSize: connections })
  if (options.onRetry) reportFailedStatements(db, options.onRetry)
  return db
}

/** A statement that fails for one of these causes is run again, with all of its transaction. */
function reportFailedStatements(db: Database, onRetry: (cause: RetryCause) => void): void {
  db.knex.on('query-error', (error) => {
    const cause = retryCause(error)
    if (cause !== undefined) onRetry(cause)
  })
}

function embeddedTarget(
  env: Record<string, string | undefined>,
  onProgress: TicketsOptions['onProgress'],
): DatabaseTarget {
  const dataDir = embeddedDataDir(env)
  return {
    kind: 'embedded',
    connection: embeddedConnection(dataDir),
    name: `embedded database in ${dataDir}`,
    source: 'embedded',
    sslMode: 'disable',
    async revive() {
      const { ensureEmbedded } = await import('./database/embedded.js')
      await ensureEmbedded(dataDir, { ...(onProgress && { onProgress }) })
    },
  }
}
