import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type pg from 'pg'
import { TicketsError } from '../core/errors.js'
import { type Parameters, parametersFromVariables } from './parameters.js'
import { resolveTarget } from './resolve-target.js'
import type { SslMode } from './tls.js'
import { parseDatabaseUrl } from './url.js'

/** A database to connect to, with everything that is known before connecting. */
export interface DatabaseTarget {
  kind: 'embedded' | 'given'
  /** For node-postgres. A given database's password is a function: it is never printed by chance. */
  connection: pg.ClientConfig
  /** For people and errors: `database "x" on host:port as user`; never a password. */
  name: string
  /** Where the choice came from: `--db`, `DATABASE_URL`, `PGHOST, PGUSER`, `.env`, `embedded`. */
  source: string
  /** What libpq means by it; plain connections only when absent. `connection.ssl` has the rest. */
  sslMode?: SslMode
  /** `channel_binding=require`: no login without it. */
  channelBindingRequired?: boolean
  /** Brings the embedded server up; absent for a given database. */
  revive?: () => Promise<void>
}

/** Environment variables, by name. An empty one counts as unset. */
export type Variables = Record<string, string | undefined>

export interface FindOptions {
  /** The value of `--db`: a URL, or `embedded`. */
  db?: string | undefined
  env: Variables
  /** Where a `.env` file is looked for, and where relative paths begin. */
  cwd: string
  /** Where `.pgpass`, `.pg_service.conf` and `.postgresql/` are looked for. */
  homeDir: string
}

/** The libpq variables that say which database; `PGPASSWORD` or `PGAPPNAME` alone choose none. */
export const choosingVariables = [
  'PGSERVICE',
  'PGHOST',
  'PGHOSTADDR',
  'PGPORT',
  'PGDATABASE',
  'PGUSER',
] as const

/**
 * Finds out which database is meant: `--db`, else `DATABASE_URL`, else the libpq variables, else the
 * same names in `.env`, else the embedded one. What a URL leaves open comes from the libpq
 * variables, as with every PostgreSQL client.
 *
 * Throws INVALID_INPUT for settings that mean nothing; the sentence never has a password in it.
 */
export function findDatabase(options: FindOptions): 'embedded' | DatabaseTarget {
  const { db, env } = options
  if (db !== undefined) return fromUrl(db, '--db', options)
  const chosen = fromVariables(options)
  if (chosen !== undefined) return chosen
  const inFile = readDotEnv(options.cwd)
  if (inFile === undefined) return 'embedded'
  return (
    fromVariables({ ...options, env: { ...inFile, ...withoutEmpty(env) } }, '.env') ?? 'embedded'
  )
}

function fromVariables(
  options: FindOptions,
  source?: string,
): 'embedded' | DatabaseTarget | undefined {
  const { env } = options
  if (env.DATABASE_URL) {
    return fromUrl(env.DATABASE_URL, source ?? 'DATABASE_URL', options)
  }
  const chosenBy = choosingVariables.filter((name) => env[name])
  if (chosenBy.length === 0) return undefined
  return target({}, source ?? chosenBy.join(', '), options)
}

function fromUrl(text: string, source: string, options: FindOptions): 'embedded' | DatabaseTarget {
  const url = text.trim()
  if (url === 'embedded') return 'embedded'
  return target(parseDatabaseUrl(url, source), source, options)
}

function target(
  explicit: Parameters,
  source: string,
  { env, cwd, homeDir }: FindOptions,
): DatabaseTarget {
  return resolveTarget({
    explicit,
    variables: parametersFromVariables(env, source),
    source,
    env,
    cwd,
    homeDir,
  })
}

/** Undefined where there is no such file. */
function readDotEnv(cwd: string): Variables | undefined {
  const path = join(cwd, '.env')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // Some people keep a directory of that name, a virtual environment for example.
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw new TicketsError(
      'INVALID_INPUT',
      `Cannot read ${path}. Make it readable, or name the database with --db.`,
      { cause },
    )
  }
  return parseEnv(text)
}

function withoutEmpty(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value))
}
