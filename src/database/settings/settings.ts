import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { readDotEnv } from './dot-env.js'
import { choosingVariables, type Variables } from './parameters.js'
import { resolveTarget, type SettingsSources } from './resolve-target.js'
import { DOT_ENV, type GivenTarget } from './target.js'
import { parseDatabaseUrl } from './url.js'

export interface FindOptions extends SettingsSources {
  /** The value of `--db`: a URL, or `embedded`. */
  db?: string | undefined
}

/** The embedded server, and the source of the choice, as in `DatabaseTarget.source`. */
export interface EmbeddedChoice {
  kind: 'embedded'
  source: string
}

/**
 * Determines the database: `--db`, or else `DATABASE_URL`, or else the libpq variables, or else the
 * same names in `.env`, or else the embedded server. As in libpq, the libpq
 * variables complete a URL. Reads the `.env` file only if it decides.
 *
 * Throws INVALID_INPUT for invalid settings, and DB_MISSING for a `.env` file that cannot be
 * trusted or read. No message includes a password.
 */
export function findDatabase(options: FindOptions): EmbeddedChoice | GivenTarget {
  const { db } = options
  if (db !== undefined) return fromUrl(db, '--db', options)
  return fromVariables(options) ?? fromDotEnv(options) ?? { kind: 'embedded', source: 'embedded' }
}

function fromDotEnv(options: FindOptions): EmbeddedChoice | GivenTarget | undefined {
  const path = join(options.cwd, '.env')
  if (!isThere(path)) return undefined
  const inFile = readDotEnv(path, ['DATABASE_URL', ...choosingVariables])
  if (inFile === undefined) return undefined
  // A password in the environment is not meant for a host that a `.env` file names.
  const { PGPASSWORD: _, ...completing } = withoutEmpty(options.env)
  return fromVariables({ ...options, env: { ...inFile, ...completing } }, DOT_ENV)
}

/** Also true if the check itself fails: reading the file then reports the reason. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}

function fromVariables(
  options: FindOptions,
  source?: string,
): EmbeddedChoice | GivenTarget | undefined {
  const { env } = options
  if (env.DATABASE_URL) {
    return fromUrl(env.DATABASE_URL, source ?? 'DATABASE_URL', options)
  }
  const chosenBy = choosingVariables.filter((name) => env[name])
  if (chosenBy.length === 0) return undefined
  return resolveTarget({}, source ?? chosenBy.join(', '), options)
}

function fromUrl(text: string, source: string, options: FindOptions): EmbeddedChoice | GivenTarget {
  const url = text.trim()
  if (url === 'embedded') return { kind: 'embedded', source }
  return resolveTarget(parseDatabaseUrl(url, source), source, options)
}

function withoutEmpty(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value))
}
