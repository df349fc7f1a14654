import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import type { Parameters, Variables } from './parameters.js'
import { ownPassword, passwordSource } from './password-file.js'
import { readService } from './service-file.js'
import type { GivenTarget } from './target.js'
import { parseSslMode, tlsOptions } from './tls.js'

export interface Ingredients {
  /** The parameters of the URL; they override all others. */
  explicit: Parameters
  /** The parameters of the libpq variables. */
  variables: Parameters
  source: string
  /** Whether only the password of the URL or the variables may be used, and no password file. */
  hasOwnPassword: boolean
  env: Variables
  /** The base of relative paths. */
  cwd: string
  homeDir: string
}

/**
 * Makes a target from connection parameters, with libpq's precedence (URL, service, variables) and
 * defaults: the local socket, port 5432, the operating system's user, a database named after the
 * user, `sslmode=prefer`.
 *
 * Throws INVALID_INPUT for an invalid value, an unknown service or an unreadable file.
 */
export function resolveTarget(ingredients: Ingredients): GivenTarget {
  const { source, homeDir, explicit, variables } = ingredients
  const parameters = withWholePaths(mergeParameters(ingredients), ingredients.cwd)
  const port = parseNumber(parameters.port || '5432', { name: 'port', from: 1, to: 65_535, source })
  const host = parameters.host || parameters.hostaddr || defaultHost(port)
  const user = parameters.user || systemUser(ingredients.env, source)
  const database = parameters.dbname || user
  if (host.includes(',')) throw invalid(source, 'names several hosts; name one')
  const isSocket = host.startsWith('/')
  const sslMode = isSocket ? undefined : parseSslMode(parameters, source)
  const name = targetName({ database, host, port, user })
  return {
    kind: 'given',
    name,
    source,
    sslMode,
    channelBindingRequired: parseChannelBinding(parameters, source) === 'require',
    connection: {
      host: isSocket ? host : parameters.hostaddr || host,
      port,
      user,
      database,
      password: ingredients.hasOwnPassword
        ? ownPassword(explicit.password || variables.password, { name, source })
        : passwordSource({ parameters, host, port, user, database, homeDir, name }),
      ssl: tlsOptions({ mode: sslMode, parameters, host, homeDir, source }),
      enableChannelBinding: Boolean(parameters.channel_binding?.match(/^(prefer|require)$/)),
      options: parameters.options || undefined,
      application_name: parameters.application_name || undefined,
      connectionTimeoutMillis: parseConnectTimeout(parameters, source),
    },
  }
}

/**
 * Describes a target to users: database, place and user. Mentions a socket's port only if it is not
 * the default.
 */
function targetName(place: { database: string; host: string; port: number; user: string }): string {
  const { database, host, port, user } = place
  const isUsualSocket = host.startsWith('/') && port === 5432
  const shownHost = host.includes(':') ? `[${host}]` : host
  return escapeControls(
    `database "${database}" on ${shownHost}${isUsualSocket ? '' : `:${port}`} as ${user}`,
  )
}

function mergeParameters({
  explicit,
  variables,
  source,
  env,
  cwd,
  homeDir,
}: Ingredients): Parameters {
  const serviceName = explicit.service || variables.service
  const service = serviceName ? readService(serviceName, { env, cwd, homeDir, source }) : {}
  const merged = { ...variables, ...service, ...explicit }
  // With PGHOSTADDR set, libpq would connect to another host than the URL names.
  const namer = [explicit, service, variables].find((layer) => layer.host || layer.hostaddr)
  return { ...merged, host: namer?.host, hostaddr: namer?.hostaddr }
}

function withWholePaths(parameters: Parameters, cwd: string): Parameters {
  const whole = { ...parameters }
  for (const name of ['passfile', 'sslrootcert', 'sslcert', 'sslkey'] as const) {
    const path = whole[name]
    if (path && !(name === 'sslrootcert' && path === 'system')) whole[name] = resolve(cwd, path)
  }
  return whole
}

/** Debian's socket directory, then PostgreSQL's default, then TCP. */
function defaultHost(port: number): string {
  const directories = ['/var/run/postgresql', '/tmp']
  return directories.find((path) => existsSync(join(path, `.s.PGSQL.${port}`))) ?? 'localhost'
}

function systemUser(env: Variables, source: string): string {
  try {
    return userInfo().username
  } catch (cause) {
    // In a container, the user may have a number but no name.
    const name = env.USER || env.LOGNAME
    if (name) return name
    throw invalid(source, 'names no user, and the system has none; add one', cause)
  }
}

function parseChannelBinding({ channel_binding: value }: Parameters, source: string) {
  if (value && !['disable', 'prefer', 'require'].includes(value)) {
    throw invalid(source, 'has a channel_binding other than disable, prefer or require')
  }
  return value
}

/** Converts seconds to milliseconds; as in libpq, zero and less mean no limit. */
function parseConnectTimeout(
  { connect_timeout: text }: Parameters,
  source: string,
): number | undefined {
  if (!text) return undefined
  const range = { name: 'connect_timeout', from: -1_000_000, to: 1_000_000, source }
  return 1000 * Math.max(parseNumber(text, range), 0)
}

function parseNumber(
  text: string,
  { name, from, to, source }: { name: string; from: number; to: number; source: string },
): number {
  const number = /^\s*-?[0-9]{1,7}\s*$/.test(text) ? Number(text) : Number.NaN
  if (number >= from && number <= to) return number
  throw invalid(source, `has a ${name} that is no number from ${from} to ${to}`)
}

function invalid(source: string, what: string, cause?: unknown): TicketsError {
  return new TicketsError('INVALID_INPUT', `The database setting (${source}) ${what}.`, { cause })
}
