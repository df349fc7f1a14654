import { resolve } from 'node:path'
import envPaths from 'env-paths'
import { invalidInput } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import { barrierTo } from './directories.js'
import { connectionOf, type EmbeddedConnection, isRoot, serverPaths } from './paths.js'
import { assertOwnDirectory } from './trust.js'

// The part of the embedded server's code that every command needs. The code that starts the server
// is loaded only when the server is down.

/**
 * Returns the directory of the embedded server: TICKETS_DATA_DIR, or else this user's data
 * directory according to env-paths. Root's server runs as another user, who usually cannot enter
 * /root; the default is then /var/lib/tickets.
 *
 * Throws INVALID_INPUT for a name with a line break, because PostgreSQL stores it in one line of a
 * file.
 */
export function embeddedDataDir(env: Record<string, string | undefined>, cwd = '.'): string {
  const dataDir = env.TICKETS_DATA_DIR ? resolve(cwd, env.TICKETS_DATA_DIR) : usualDataDir(cwd)
  if (!/[\n\r]/.test(dataDir)) return dataDir
  throw invalidInput(
    `The data directory ${escapeControls(dataDir)} has a line break in its name, which PostgreSQL cannot work with. Set TICKETS_DATA_DIR to another directory.`,
  )
}

/**
 * Returns node-postgres settings for the server in `dataDir`; starts nothing. Throws DB_UNREACHABLE
 * if another user could have replaced the server.
 */
export function embeddedConnection(dataDir: string): EmbeddedConnection {
  const paths = serverPaths(dataDir)
  assertOwnDirectory(paths)
  return connectionOf(paths)
}

/** Returns a URL that psql and node-postgres both accept. */
export function embeddedUrl(dataDir: string): string {
  const { host, port, user, database } = embeddedConnection(dataDir)
  return `postgresql://${user}@/${database}?host=${encodeStrictly(host)}&port=${port}`
}

function usualDataDir(cwd: string): string {
  // XDG_DATA_HOME may be relative.
  const usual = resolve(cwd, envPaths('tickets', { suffix: '' }).data)
  return isRoot() && barrierTo(usual) !== undefined ? '/var/lib/tickets' : usual
}

/**
 * Also encodes characters that are special to a shell, because users paste the URL between quotes
 * or into .env.
 */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
