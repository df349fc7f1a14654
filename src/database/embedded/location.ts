import { resolve } from 'node:path'
import envPaths from 'env-paths'
import { assertSocketIsOurs, barrierTo } from './directories.js'
import { connectionOf, type EmbeddedConnection, isRoot, layoutOf } from './layout.js'

// What every command needs to know of the embedded server, apart from what brings it up: that is
// loaded only when it is down.

/**
 * Where the embedded server lives: TICKETS_DATA_DIR, else this user's data directory by env-paths.
 * Root's default moves to /var/lib/tickets where the server, which runs as another user, could not
 * enter it: /root is usually closed.
 */
export function embeddedDataDir(env: Record<string, string | undefined>, cwd = '.'): string {
  if (env.TICKETS_DATA_DIR) return resolve(cwd, env.TICKETS_DATA_DIR)
  const usual = envPaths('tickets', { suffix: '' }).data
  return isRoot() && barrierTo(usual) !== undefined ? '/var/lib/tickets' : usual
}

/**
 * node-postgres settings for the server in `dataDir`; starts nothing. Only where the path cannot
 * hold a socket (too long, or with a comma) does it look at the disk: DB_UNREACHABLE when somebody
 * else's directory stands in the socket's place.
 */
export function embeddedConnection(dataDir: string): EmbeddedConnection {
  const layout = layoutOf(dataDir)
  assertSocketIsOurs(layout)
  return connectionOf(layout)
}

/** A URL that psql and node-postgres both accept. */
export function embeddedUrl(dataDir: string): string {
  const { host, port, user, database } = embeddedConnection(dataDir)
  return `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
}
