import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TicketsError } from '../../shared/errors.js'
import type { Parameters } from './parameters.js'

/**
 * Returns a function that gives node-postgres the password: the given one, or the first match in
 * the password file (`host:port:database:user:password`; `*` matches anything). It reads the file
 * only when a server asks for a password.
 *
 * The function throws DB_AUTH if there is no password.
 */
export function passwordSource(
  context: Login & { parameters: Parameters; homeDir: string; name: string },
): () => string {
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
 * Returns a function that gives the password for a server that a `.env` file names: only the
 * password in that file. The file may come from a download and name any host, so no other password
 * may be sent there. (A client certificate may: it proves the user's identity, and its key stays
 * here.)
 *
 * The function throws DB_AUTH if there is no password.
 */
export function dotEnvPassword(
  password: string | undefined,
  { name, source }: { name: string; source: string },
): () => string {
  return () => {
    if (password) return password
    throw new TicketsError(
      'DB_AUTH',
      `The ${name} asks for a password, and ${source}, which chose this database, has none. The program sends it no password from elsewhere (the environment, a password file, a service file). Add PGPASSWORD to ${source}, or name the database with --db or DATABASE_URL.`,
    )
  }
}

/** Finds the password for `key` in a password file, by libpq's rules. */
function findPassword(text: string, key: readonly string[]): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = [...line.matchAll(fieldShape)].map(([, field = '']) => field)
    const password = line.slice(passwordStart(line, key.length))
    const fits = key.every((wanted, i) => fields[i] === '*' || unescaped(fields[i]) === wanted)
    if (fits && password) return unescaped(password)
  }
  return undefined
}

/** A field ends at a colon; a backslash escapes the next character. */
const fieldShape = /((?:\\.|[^\\:])*):/g

function passwordStart(line: string, colons: number): number {
  const ends = [...line.matchAll(fieldShape)].map((match) => match.index + match[0].length)
  return ends[colons - 1] ?? line.length
}

function unescaped(field: string | undefined): string | undefined {
  return field?.replace(/\\(.)/g, '$1')
}

interface Login {
  host: string
  port: number
  database: string
  user: string
}

function passwordKey({ host, port, database, user }: Login): string[] {
  // libpq uses "localhost" as the name of the default socket directories.
  const isDefaultSocket = ['/var/run/postgresql', '/tmp'].includes(host)
  return [isDefaultSocket ? 'localhost' : host, String(port), database, user]
}

function readPasswordFile(path: string): { text: string; complaint: string } {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return { text: '', complaint: '' }
    if ((stats.mode & 0o077) !== 0) {
      return {
        text: '',
        complaint: ` (${path} is ignored, because other users can read it; run chmod 600 on it)`,
      }
    }
    return { text: readFileSync(path, 'utf8'), complaint: '' }
  } catch {
    return { text: '', complaint: '' } // As in libpq, a missing file is not an error.
  }
}
