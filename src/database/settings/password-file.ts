import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TicketsError } from '../../shared/errors.js'
import type { Parameters } from './parameters.js'

/**
 * The password as node-postgres may ask for it: the given one, else the first line of the password
 * file that fits (`host:port:database:user:password`, `*` fits all). The file is read only when a
 * server asks.
 *
 * The function throws DB_AUTH when there is none.
 */
export function passwordSource(context: {
  parameters: Parameters
  host: string
  port: number
  user: string
  database: string
  homeDir: string
  name: string
}): () => string {
  const { parameters, homeDir, name } = context
  return () => {
    if (parameters.password) return parameters.password
    const path = parameters.passfile || join(homeDir, '.pgpass')
    const { text, complaint } = readPasswordFile(path)
    const password = findPassword(text, passwordKey(context))
    if (password !== undefined) return password
    throw new TicketsError(
      'DB_AUTH',
      `The ${name} asks for a password, and none was given${complaint}. Set PGPASSWORD, or add a line to ${path}.`,
    )
  }
}

/**
 * The password of a server that a `.env` file names: the one that stands in the file. Another must not
 * go there, for the file may have come with a download and name any host. (A client certificate may:
 * it proves who logs in, and its key stays here.)
 *
 * The function throws DB_AUTH when there is none.
 */
export function ownPassword(
  password: string | undefined,
  { name, source }: { name: string; source: string },
): () => string {
  return () => {
    if (password) return password
    throw new TicketsError(
      'DB_AUTH',
      `The ${name} asks for a password, and ${source}, which names it, has none; one from elsewhere (the environment, a password file, a service file) is not sent there. Add PGPASSWORD to ${source}, or name the database with --db or DATABASE_URL.`,
    )
  }
}

/** The password that a password file has for `key`, as libpq reads it. */
export function findPassword(text: string, key: readonly string[]): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = [...line.matchAll(fieldShape)].map(([, field = '']) => field)
    const password = line.slice(passwordStart(line, key.length))
    const fits = key.every((wanted, i) => fields[i] === '*' || unescaped(fields[i]) === wanted)
    if (fits && password) return unescaped(password)
  }
  return undefined
}

/** A field: anything up to a colon, where a backslash takes the next character as it is. */
const fieldShape = /((?:\\.|[^\\:])*):/g

function passwordStart(line: string, colons: number): number {
  const ends = [...line.matchAll(fieldShape)].map((match) => match.index + match[0].length)
  return ends[colons - 1] ?? line.length
}

function unescaped(field: string | undefined): string | undefined {
  return field?.replace(/\\(.)/g, '$1')
}

function passwordKey({
  host,
  port,
  database,
  user,
}: {
  host: string
  port: number
  database: string
  user: string
}): string[] {
  // libpq looks under "localhost" for the sockets that it finds by default.
  const isDefaultSocket = ['/var/run/postgresql', '/tmp'].includes(host)
  return [isDefaultSocket ? 'localhost' : host, String(port), database, user]
}

function readPasswordFile(path: string): { text: string; complaint: string } {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return { text: '', complaint: '' }
    if ((stats.mode & 0o077) !== 0) {
      return { text: '', complaint: ` (${path} is ignored: others can read it, chmod 600 helps)` }
    }
    return { text: readFileSync(path, 'utf8'), complaint: '' }
  } catch {
    return { text: '', complaint: '' } // Like libpq: no file is no error.
  }
}
