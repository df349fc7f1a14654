import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { geteuid } from 'node:process'

/** The directory entries of one embedded server, as absolute paths. */
export interface Layout {
  /** Everything lives below it, except perhaps the socket. */
  root: string
  /** PGDATA: either absent or whole. */
  data: string
  log: string
  lock: string
  socketDir: string
  socket: string
}

export const port = 5432

/** Unfinished work; whatever bears this name is rubbish to whoever holds the lock. */
export const makingPrefix = '.making-'

/**
 * The group that a server started by root runs in. No account has it, so a directory that only
 * root and this group may enter is closed even to other processes of a shared `nobody`.
 */
export const serverGroup = 60_720

/** Where things are, from the path alone: no I/O. */
export function layoutOf(dataDir: string): Layout {
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

/** A private copy of the programs; the version keeps a running server apart from an upgrade. */
export function programsDirectory(layout: Layout, version: string): string {
  return join(layout.root, `server-${version}`)
}

/** May this name stand in the data directory because we put it there? */
export function isOurs(name: string): boolean {
  return /^(data(\.broken-.*)?|run|lock|server\.log(\.1)?|server-.*|\.making-.*)$/.test(name)
}

/** Is the socket outside the data directory, where others could put something in its place? */
export function hasOutsideSocket(layout: Layout): boolean {
  return layout.socketDir !== join(layout.root, 'run')
}

export function isRoot(): boolean {
  return userId() === 0
}

/** The effective user id; -1 on Windows, which has none. */
export function userId(): number {
  return geteuid?.() ?? -1
}

// A socket's path has 107 bytes at most on Linux and 103 on macOS, and libpq takes a comma for the
// end of a host. /tmp, not os.tmpdir(): two shells with different TMPDIR must find the same server.
function socketDirectory(root: string): string {
  const inside = join(root, 'run')
  if (Buffer.byteLength(socketIn(inside)) <= 103 && !inside.includes(',')) return inside
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return `/tmp/tickets-${userId()}-${hash}`
}

function socketIn(directory: string): string {
  return join(directory, `.s.PGSQL.${port}`)
}

/** node-postgres settings for the embedded server. */
export interface EmbeddedConnection {
  /** The directory of the socket. */
  host: string
  port: number
  user: 'tickets'
  database: 'tickets'
  /** Said, lest PGSSLMODE ask for TLS over a Unix socket. */
  ssl: false
}

export function connectionOf(layout: Layout): EmbeddedConnection {
  return { host: layout.socketDir, port, user: 'tickets', database: 'tickets', ssl: false }
}
