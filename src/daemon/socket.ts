import { once } from 'node:events'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { choosingVariables } from '../database/settings/parameters.js'
import { isClosed } from '../shared/own-directory.js'

const directories = () => envPaths('tickets', { suffix: '' })
const PREFIX = 'daemon-'

/** Whether this user has any daemon; cheap to ask, as most have none. Throws where nothing can be. */
export function hasAnyDaemon(): boolean {
  return readdirSync(directories().cache).some((name) => name.startsWith(PREFIX))
}

/**
 * Where the daemon of a database is found: a symbolic link to its socket, which ends with its process
 * id. The words that choose the database give its name, as to resolve them costs a booking what a
 * daemon saves. They can come to mean another database: the daemon checks what each run opens.
 */
export function daemonLink(db: string | undefined, env: NodeJS.ProcessEnv, cwd = '.'): string {
  return resolve(directories().cache, PREFIX + hashOf(wordsOfChoice(db, env, cwd)))
}

/** 64 bits of FNV-1a: to load node:crypto takes a tenth of the time of a booking in the daemon. */
function hashOf(words: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(words)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

function wordsOfChoice(db: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  const url = (db ?? env.DATABASE_URL)?.trim()
  const words = [url, ...choosingVariables.map((name) => env[name])].map((word) => word || null)
  const isGiven = words.some(Boolean)
  if (isGiven && url !== 'embedded') return JSON.stringify(words)
  if (!isGiven && mayChoose(join(cwd, '.env'))) return resolve(cwd, '.env')
  return resolve(cwd, env.TICKETS_DATA_DIR || directories().data)
}

/** A quick guess: whether a `.env` file mentions a database. */
function mayChoose(file: string): boolean {
  try {
    // Without this flag, a named pipe would keep the command waiting.
    const open = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const isFile = fstatSync(open).isFile()
      return !isFile || /\bDATABASE_URL\b|\bPG[A-Z]/.test(readFileSync(open, 'utf8'))
    } finally {
      closeSync(open)
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/**
 * A connection to the daemon at a link; undefined where none listens. A run request has passwords in
 * it, so a socket that another user could have put there counts as none.
 */
export async function connectToDaemon(link: string) {
  try {
    const path = join(dirname(link), basename(readlinkSync(link)))
    const found = lstatSync(path)
    const isOwn = found.isSocket() && found.uid === process.geteuid?.()
    if (!isOwn || !isClosed(dirname(link))) return undefined
    // Late, as most runs find no daemon.
    const { connect } = await import('node:net')
    const socket = connect(path)
    await once(socket, 'connect')
    return { socket, pid: Number(extname(path).slice(1)) }
  } catch {
    // None was started, or it has crashed and left its socket.
    return undefined
  }
}
