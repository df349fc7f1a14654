import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { connect } from 'node:net'
import { platform } from 'node:process'
import pg from 'pg'
import { othersData } from './cluster.js'
import { codeOf } from './failures.js'
import { connectionOf, type ServerPaths, socketIn } from './paths.js'

/**
 * Checks whether the server accepts connections ('ready'), is starting or stopping ('busy'), or is
 * not running ('absent').
 */
export async function probe(paths: ServerPaths): Promise<'ready' | 'busy' | 'absent'> {
  try {
    await withClient(paths, {}, async () => {})
    return 'ready'
  } catch (error) {
    return verdict(error, paths)
  }
}

/**
 * Whether a server of this kernel, even one in another container, listens on the socket that is in
 * the data.
 */
export async function listensInData({ data }: ServerPaths): Promise<boolean> {
  const directory = await open(data)
  // The data's own path may be too long for a socket.
  const short = platform === 'linux' ? `/proc/self/fd/${directory.fd}` : data
  const socket = connect(socketIn(short))
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
    await directory.close()
  }
}

/** The running server's version, such as '18.4'; null if the server does not answer. */
export async function askVersion(paths: ServerPaths): Promise<string | null> {
  return withClient(paths, {}, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? null
  }).catch(() => null)
}

function verdict(error: unknown, paths: ServerPaths): 'ready' | 'busy' | 'absent' {
  const code = codeOf(error)
  // Too many connections, or no database: the client that connects next reports this.
  if (code === '53300' || code === '3D000') return 'ready'
  if (code === '28000' || code === 'EACCES') throw othersData(paths, undefined, error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR' || code === 'ENOTFOUND') {
    return 'absent'
  }
  // 57P03 means starting, recovering or stopping. A connection that failed in another way
  // proves nothing yet.
  return 'busy'
}

/** Connects to the server, to the database `tickets` by default. */
export async function withClient<T>(
  paths: ServerPaths,
  { database = 'tickets' }: { database?: string },
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const connection = { ...connectionOf(paths), database, connectionTimeoutMillis: 5000 }
  const client = new pg.Client(connection)
  // The next query reports a connection that is lost between two answers.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
