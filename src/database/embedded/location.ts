import { resolve } from 'node:path'
import envPaths from 'env-paths'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import { barrierTo } from './directories.js'
import { connectionOf, type EmbeddedConnection, isRoot, layoutOf } from './layout.js'
import { assertOwnPlace } from './trust.js'

// What every command needs to know of the embedded server, apart from what brings it up: that is
// loaded only when it is down.

/**
 * Where the embedded server lives: TICKETS_DATA_DIR, else this user's data directory by env-paths.
 * Root's default moves to /var/lib/tickets where the server, which runs as another user, could not
 * enter it: /root is usually closed.
 *
 * Throws INVALID_INPUT for a name with a line break: PostgreSQL keeps it on one line of a file.
 */
export function embeddedDataDir(env: Record<string, string | undefined>, cwd = '.'): string {
  const dataDir = env.TICKETS_DATA_DIR
    ? resolve(cwd, env.TICKETS_DATA_DIR)
    : resolve(cwd, usualDataDir())
  if (!/[\n\r]/.test(dataDir)) return dataDir
  throw new TicketsError(
    'INVALID_INPUT',
    `The data directory ${escapeControls(dataDir)} has a line break in its name, which PostgreSQL cannot work with. Set TICKETS_DATA_DIR to another directory.`,
  )
}

/**
 * node-postgres settings for the server in `dataDir`; starts nothing. Throws DB_UNREACHABLE when
 * another user could be what answers there.
 */
export function embeddedConnection(dataDir: string): EmbeddedConnection {
  const layout = layoutOf(dataDir)
  assertOwnPlace(layout)
  return connectionOf(layout)
}

/** A URL that psql and node-postgres both accept. */
export function embeddedUrl(dataDir: string): string {
  const { host, port, user, database } = embeddedConnection(dataDir)
  return `postgresql://${user}@/${database}?host=${encodeStrictly(host)}&port=${port}`
}

function usualDataDir(): string {
  const usual = envPaths('tickets', { suffix: '' }).data
  return isRoot() && barrierTo(usual) !== undefined ? '/var/lib/tickets' : usual
}

/** Signs that mean something to a shell, too: the URL is pasted between quotes or into .env. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
