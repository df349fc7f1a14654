import { once } from 'node:events'
import { realpathSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { embeddedDataDir } from '../database/embedded/location.js'
import { connectionOf, serverPaths } from '../database/embedded/paths.js'
import { findDatabase } from '../database/settings/settings.js'
import { afterReading } from '../shared/deadline.js'
import { isClosed } from '../shared/own-directory.js'
import { daemonDirectory, PREFIX } from './any-daemon.js'
import { receiver, send } from './protocol.js'

/**
 * Where the daemon of a database is found: a symbolic link to its socket, which ends with its process
 * id. It is the same for all words that choose the same hosts, ports, database and user; another
 * name or address of a host counts as another. Throws INVALID_INPUT and DB_MISSING, as opening the
 * database would.
 */
export function daemonLink(db: string | undefined, env: NodeJS.ProcessEnv, cwd = '.'): string {
  // Not `targetOf`, which would bring the code that starts the embedded server.
  const found = findDatabase({ db, env, cwd, homeDir: homedir() })
  const targets =
    found.kind === 'embedded'
      ? [connectionOf(serverPaths(embeddedDataDir(env, cwd)))]
      : [found.connection, ...(found.otherHosts ?? [])]
  const logins = targets.map(({ host = '', port, database, user }) => {
    const address = host.startsWith('/') ? realPath(host) : host.toLowerCase()
    return [address, port, database, user]
  })
  return join(daemonDirectory(), PREFIX + hashOf(JSON.stringify(logins)))
}

/** Without symbolic links, as far as the path exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return join(realPath(dirname(path)), basename(path))
  }
}

/** 64 bits of FNV-1a: to load node:crypto takes a tenth of the time of a booking in the daemon. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/** The process of the daemon at a link or socket. Throws where there is none. */
export function pidOf(path: string): number {
  return Number(extname(realpathSync(path)).slice(1))
}

/**
 * Connects to a daemon by its link or socket. A run request has passwords in it, so a socket that
 * another user could have put there counts as none. Throws if none listens.
 */
export async function connectTo(path: string) {
  const pid = pidOf(path)
  const found = statSync(path)
  const isOwn = found.isSocket() && found.uid === process.geteuid?.()
  if (!isOwn || !isClosed(dirname(path))) throw new Error('Another user could have put it there.')
  const socket = connect(path)
  await once(socket, 'connect')
  const receive = receiver(socket)
  const connection = {
    pid,
    socket,
    /** Whether it was closed because nothing came in time. */
    isHung: false,
    /** Sends a message, and waits for one for as long as there are signs of life. */
    ask<T>(message: object, silenceMs: number) {
      socket.setTimeout(silenceMs)
      send(socket, message)
      return receive<T>()
    },
  }
  socket.on('timeout', () => {
    afterReading((hasRead) => {
      if (hasRead) return
      connection.isHung = true
      socket.destroy()
    }, socket)
  })
  return connection
}
