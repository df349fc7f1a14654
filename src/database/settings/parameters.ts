import { invalidInput } from '../../shared/errors.js'

/** Environment variables by name. An empty variable counts as unset. */
export type Variables = Record<string, string | undefined>

/** The connection parameters that this program supports, by libpq's names. */
export type Parameters = Partial<Record<Supported, string | undefined>>

type Supported = (typeof honoured)[number] | (typeof withoutEffect)[number]

const honoured = [
  'service',
  'host',
  'hostaddr',
  'port',
  'target_session_attrs',
  'load_balance_hosts',
  'dbname',
  'user',
  'password',
  'passfile',
  'connect_timeout',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'options',
  'application_name',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'channel_binding',
] as const

/** The libpq variables that choose a database; `PGPASSWORD` or `PGAPPNAME` alone do not. */
export const choosingVariables = [
  'PGSERVICE',
  'PGHOST',
  'PGHOSTADDR',
  'PGPORT',
  'PGDATABASE',
  'PGUSER',
] as const

/** Parameters of libpq that have no effect here and are safe to ignore; the program lists them. */
const withoutEffect = [
  'client_encoding',
  'fallback_application_name',
  'gssdelegation',
  'gsslib',
  'krbsrvname',
  'sslcompression',
  'sslsni',
] as const

/** Values that ask for what this program does anyway. Other unknown parameters are refused. */
const redundantValues = new Map([
  ['client_encoding', ['utf8', 'UTF8', 'utf-8', 'UTF-8']],
  ['gssencmode', ['disable', 'prefer']],
  ['max_protocol_version', ['3.0', '3.2', 'latest']],
  ['min_protocol_version', ['3.0']],
  ['requiressl', ['0']],
  ['ssl_max_protocol_version', ['TLSv1.3']],
  ['ssl_min_protocol_version', ['TLSv1', 'TLSv1.1', 'TLSv1.2']],
  ['sslcertmode', ['allow']],
  ['sslcompression', ['0']],
  ['sslnegotiation', ['postgres']],
  ['sslsni', ['1']],
])

/**
 * Adds one parameter from a URL or a service file.
 *
 * Throws INVALID_INPUT for an unsupported parameter, because ignoring `sslmod=require` would be
 * unsafe. `where` says where the parameter comes from; the message never includes the value.
 */
export function addParameter(
  parameters: Parameters,
  name: string,
  value: string,
  where: string,
): void {
  if (addIfSupported(parameters, name, value)) return
  // Repeats the name only if it looks like one, because it may be part of a password.
  const shown = /^[a-z_]{1,40}$/.test(name) ? ` "${name}"` : ''
  throw invalidInput(
    `${where} has a parameter${shown} that is not supported. Remove it; special characters in a password must be percent-encoded.`,
  )
}

/**
 * Adds the parameter, unless its value asks for nothing. Returns whether it is supported with this
 * value.
 */
function addIfSupported(parameters: Parameters, name: string, value: string): boolean {
  if (redundantValues.get(name)?.includes(value)) return true
  // `ssl=true` is JDBC's spelling, which libpq also accepts; `requiressl=1` is that of old versions
  // of libpq.
  const isOldSpelling = `${name}=${value}` === 'ssl=true' || `${name}=${value}` === 'requiressl=1'
  if (isOldSpelling) parameters.sslmode = 'require'
  else if (isSupported(name)) parameters[name] = value
  else return false
  return true
}

/** The names of the given parameters and variables that have no effect here. */
export function namesWithoutEffect(
  parameters: Parameters,
  origins: Readonly<Record<string, string>>,
  env: Variables,
): string[] {
  const names = withoutEffect.filter((name) => parameters[name])
  return [
    ...names.map((name) => (origins[name]?.startsWith('PG') ? origins[name] : name)),
    ...sessionVariables.filter((name) => env[name]),
  ]
}

/** Reads the libpq variables of an environment. Throws INVALID_INPUT for unsupported ones. */
export function parametersFromVariables(env: Variables): Parameters {
  const parameters: Parameters = {}
  for (const [variable, name] of Object.entries(variables)) {
    const value = env[variable]
    if (!value || addIfSupported(parameters, name, value)) continue
    throw invalidInput(`${variable} has a value that is not supported. Remove the variable.`)
  }
  return parameters
}

/** The variable of a parameter that was read from one. */
export function variableOf(name: string, env: Variables): string {
  const found = Object.entries(variables).find(([each, of]) => of === name && env[each])
  // No variable gives `name` itself, so PGREQUIRESSL gave it: it sets sslmode.
  return found ? found[0] : 'PGREQUIRESSL'
}

const variables: Record<string, string> = {
  PGSERVICE: 'service',
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGOPTIONS: 'options',
  PGAPPNAME: 'application_name',
  PGCLIENTENCODING: 'client_encoding',
  // Before PGSSLMODE, which replaced it.
  PGREQUIRESSL: 'requiressl',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLCOMPRESSION: 'sslcompression',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLSNI: 'sslsni',
  PGCHANNELBINDING: 'channel_binding',
  PGREQUIREAUTH: 'require_auth',
  PGREQUIREPEER: 'requirepeer',
  PGGSSENCMODE: 'gssencmode',
  PGGSSLIB: 'gsslib',
  PGGSSDELEGATION: 'gssdelegation',
  PGKRBSRVNAME: 'krbsrvname',
  PGMINPROTOCOLVERSION: 'min_protocol_version',
  PGMAXPROTOCOLVERSION: 'max_protocol_version',
}

/** Variables of libpq without a parameter. The program sets its sessions itself. */
const sessionVariables = ['PGDATESTYLE', 'PGGEQO', 'PGLOCALEDIR', 'PGOAUTHDEBUG', 'PGTZ']

function isSupported(name: string): name is Supported {
  return [...honoured, ...withoutEffect].some((each) => each === name)
}
