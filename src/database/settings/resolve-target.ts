import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type pg from 'pg'
import { escapeControls, quote } from '../../shared/quote.js'
import { formatHost, type Host, parseHosts } from './hosts.js'
import {
  namesWithoutEffect,
  type Parameters,
  parametersFromVariables,
  type Variables,
  variableOf,
} from './parameters.js'
import { dotEnvPassword, passwordSource } from './password-file.js'
import { readService } from './service-file.js'
import { DOT_ENV, type GivenTarget, type SocketOptions, sessionAttrs } from './target.js'
import { parseSslMode, tlsOptions } from './tls.js'
import { invalidSetting, parseChoice, parseNumber } from './values.js'

/** Where settings are read from. */
export interface SettingsSources {
  env: Variables
  /** The directory of the `.env` file, and the base of relative paths. */
  cwd: string
  /** The directory of `.pgpass`, `.pg_service.conf` and `.postgresql/`. */
  homeDir: string
}

/**
 * Makes a target from the parameters of a URL and the libpq variables, with libpq's precedence (URL,
 * service, variables) and defaults: the local socket, port 5432, the operating system's user, a
 * database named after the user, `sslmode=prefer`.
 *
 * Throws INVALID_INPUT for an invalid value, an unknown service or an unreadable file.
 */
export function resolveTarget(
  explicit: Parameters,
  source: string,
  { env, cwd, homeDir }: SettingsSources,
): GivenTarget {
  const variables = parametersFromVariables(env)
  const layers = layersOf(explicit, variables, { source, env, cwd, homeDir })
  const parameters = withAbsolutePaths(mergeParameters(layers), cwd)
  const hosts = parseHosts(parameters, source)
  const user = parameters.user || systemUser(env, source)
  const database = parameters.dbname || user
  const sslMode = hosts.every(isSocket) ? undefined : parseSslMode(parameters, source)
  const name = escapeControls(
    `database "${database}" on ${hosts.map(formatHost).join(', ')} as ${user}`,
  )
  const common = {
    user,
    database,
    enableChannelBinding: Boolean(parameters.channel_binding?.match(/^(prefer|require)$/)),
    options: parameters.options || undefined,
    application_name: parameters.application_name || undefined,
    connectionTimeoutMillis: parseConnectTimeout(parameters, source),
    ...parseKeepAlives(parameters, source),
  }
  const connectionTo = (server: Host): pg.ClientConfig => {
    const { host, address, port } = server
    const mode = isSocket(server) ? undefined : sslMode
    return {
      host: isSocket(server) ? host : (address ?? host),
      port,
      ...common,
      // A password file is not meant for a host that a `.env` file names.
      password:
        source === DOT_ENV
          ? dotEnvPassword(explicit.password || variables.password, { name, source })
          : passwordSource({ parameters, host, port, user, database, homeDir, name }),
      ssl: tlsOptions({ mode, parameters, host, homeDir, source }),
    }
  }
  const choose = <T extends string>(name: keyof Parameters, values: readonly [T, ...T[]]) =>
    parseChoice(parameters[name], { name, values, source })
  const origins = originsOf(layers, parameters)
  const [connection, ...otherHosts] = hosts.map(connectionTo) as [pg.ClientConfig]
  return {
    kind: 'given',
    name,
    source,
    origins,
    sslMode,
    channelBindingRequired:
      choose('channel_binding', ['prefer', 'disable', 'require']) === 'require',
    connection,
    otherHosts,
    socketOptions: parseSocketOptions(parameters, source),
    // Unlike libpq, looks for a server that can write if there are several hosts and nothing else
    // is asked for. One host is used as it is, because a standby can be read.
    sessionAttrs:
      otherHosts.length > 0 && !parameters.target_session_attrs
        ? 'read-write'
        : choose('target_session_attrs', sessionAttrs),
    isLoadBalanced: choose('load_balance_hosts', ['disable', 'random']) === 'random',
    withoutEffect: namesWithoutEffect(parameters, origins, env),
  }
}

function isSocket({ host }: Host): boolean {
  return host.startsWith('/')
}

/** Parameters, and the origin of each by its name. */
type Layer = [parameters: Parameters, origin: (name: string) => string]

/** The parameters by where they were given, the strongest first. */
function layersOf(
  explicit: Parameters,
  variables: Parameters,
  context: SettingsSources & { source: string },
): Layer[] {
  const { source, env } = context
  const serviceName = explicit.service || variables.service
  const service = serviceName ? readService(serviceName, context) : {}
  return [
    [explicit, () => source],
    [service, () => `service ${quote(serviceName ?? '')}`],
    [variables, (name) => variableOf(name, env)],
  ]
}

function originsOf(layers: Layer[], used: Parameters): Record<string, string> {
  const names = Object.keys(used) as (keyof Parameters)[]
  const given = names.flatMap((name) => {
    const origin = used[name] && layers.find(([layer]) => layer[name])?.[1]
    return origin ? [[name, origin(name)]] : []
  })
  return Object.fromEntries(given)
}

function mergeParameters(layers: Layer[]): Parameters {
  const [explicit, service, variables] = layers.map(([parameters]) => parameters) as [
    Parameters,
    Parameters,
    Parameters,
  ]
  const merged = { ...variables, ...service, ...explicit }
  // Otherwise PGHOSTADDR would send libpq to a different host from the one that the URL names.
  const hostLayer = [explicit, service, variables].find((layer) => layer.host || layer.hostaddr)
  return { ...merged, host: hostLayer?.host, hostaddr: hostLayer?.hostaddr }
}

function withAbsolutePaths(parameters: Parameters, cwd: string): Parameters {
  const absolute = { ...parameters }
  for (const name of ['passfile', 'sslrootcert', 'sslcert', 'sslkey'] as const) {
    const path = absolute[name]
    if (path && !(name === 'sslrootcert' && path === 'system')) absolute[name] = resolve(cwd, path)
  }
  return absolute
}

function systemUser(env: Variables, source: string): string {
  try {
    return userInfo().username
  } catch (cause) {
    // In a container, the user may have a number but no name.
    const name = env.USER || env.LOGNAME
    if (name) return name
    throw invalidSetting(source, 'names no user, and the system has none; add one', cause)
  }
}

/** Converts seconds to milliseconds; as in libpq, zero and less mean no limit. */
function parseConnectTimeout(
  { connect_timeout: text }: Parameters,
  source: string,
): number | undefined {
  if (!text) return undefined
  const range = { name: 'connect_timeout', ...anyNumber, source }
  return 1000 * Math.max(parseNumber(text, range), 0)
}

/** As in libpq, `keepalives_idle` is in seconds, and zero means the system's default. */
function parseKeepAlives(
  parameters: Parameters,
  source: string,
): Pick<pg.ClientConfig, 'keepAlive' | 'keepAliveInitialDelayMillis'> {
  const idle = parseCount(parameters, 'keepalives_idle', source)
  return {
    keepAlive: keepsAlive(parameters, source),
    ...(idle !== undefined && { keepAliveInitialDelayMillis: 1000 * idle }),
  }
}

/** As in libpq, zero and less mean the default, and `keepalives=0` turns the interval
 * and the count off. */
function parseSocketOptions(parameters: Parameters, source: string): SocketOptions | undefined {
  const interval = parseCount(parameters, 'keepalives_interval', source)
  const options = {
    ...(keepsAlive(parameters, source) && {
      keepAliveIntervalMs: interval && 1000 * interval,
      keepAliveCount: parseCount(parameters, 'keepalives_count', source),
    }),
    userTimeoutMs: parseCount(parameters, 'tcp_user_timeout', source),
  }
  return Object.values(options).some(Boolean) ? options : undefined
}

function keepsAlive({ keepalives }: Parameters, source: string): boolean {
  return parseNumber(keepalives || '1', { name: 'keepalives', ...anyNumber, source }) !== 0
}

function parseCount(
  parameters: Parameters,
  name: 'keepalives_idle' | 'keepalives_interval' | 'keepalives_count' | 'tcp_user_timeout',
  source: string,
): number | undefined {
  const text = parameters[name]
  return text ? Math.max(parseNumber(text, { name, ...anyNumber, source }), 0) : undefined
}

const anyNumber = { from: -1_000_000, to: 1_000_000 }
