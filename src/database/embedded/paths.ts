import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { geteuid } from 'node:process'

/** The paths of one embedded server, all absolute. */
export interface ServerPaths {
  /** Contains everything, except perhaps the socket. */
  root: string
  /** PGDATA; either absent or complete. */
  data: string
  log: string
  lock: string
  socketDir: string
  socket: string
}

export const port = 5432

/**
 * The prefix of unfinished work; the process that holds the lock may delete entries with this
 * prefix.
 */
export const makingPrefix = '.making-'

/**
 * The group of a server that root starts. No account has this group, so a directory that only root
 * and this group may enter is closed even to other processes that run as `nobody`.
 */
export const serverGroup = 60_720

/** Computes the paths from the data directory's path, without I/O. */
export function serverPaths(dataDir: string): ServerPaths {
  const root = resolve(dataDir)
  const socketDir = socketDirectory(root)
  return {
    root,
    data: join(root, 'data'),
    log: join(root, 'server.log'),
    lock: join(root, 'lock'),
    socketDir,
    socket: socketIn(socketDir),
  }
}

/**
 * The directory of the private copy of the programs. Its name includes the version, so that an
 * upgrade does not replace the programs of a running server.
 */
export function programsDirectory(paths: ServerPaths, version: string): string {
  return join(paths.root, `server-${version}`)
}

/** Whether an entry of the data directory has a name that this program uses. */
export function isOurs(name: string): boolean {
  return /^(data(-\d+|\.broken-.*)?|run|lock|server\.log(\.1)?|server-.*|\.making-.*)$/.test(name)
}

/** Whether the socket is outside the data directory, where another user could replace it. */
export function hasOutsideSocket(paths: ServerPaths): boolean {
  return paths.socketDir !== join(paths.root, 'run')
}

export function isRoot(): boolean {
  return userId() === 0
}

/** The effective user id; -1 on Windows, which has none. */
export function userId(): number {
  return geteuid?.() ?? -1
}

// A socket's path is limited to 107 bytes on Linux and 103 on macOS, and libpq splits a host at
// commas. The fallback is /tmp and not os.tmpdir(), because two shells with different TMPDIR must
// find the same server.
function socketDirectory(root: string): string {
  const inside = join(root, 'run')
  if (Buffer.byteLength(socketIn(inside)) <= 103 && !inside.includes(',')) return inside
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return `/tmp/tickets-${userId()}-${hash}`
}

/** The socket's path in its directory. */
export function socketIn(directory: string): string {
  return join(directory, `.s.PGSQL.${port}`)
}

/** node-postgres settings for the embedded server. */
export function connectionOf(paths: ServerPaths) {
  return {
    host: paths.socketDir,
    port,
    user: 'tickets',
    database: 'tickets',
    // Explicit, because PGSSLMODE could ask for TLS over a Unix socket.
    ssl: false,
  }
}

export type EmbeddedConnection = ReturnType<typeof connectionOf>
