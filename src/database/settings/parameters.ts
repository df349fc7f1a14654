import { TicketsError } from '../../shared/errors.js'

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
  // Node sets these two itself: ten probes, one second apart.
  'keepalives_count',
  'keepalives_interval',
  'krbsrvname',
  'sslcompression',
  'sslsni',
  // Node cannot set it; every statement has a time limit of its own.
  'tcp_user_timeout',
] as const

/** Values that ask for what this program does anyway. Other unknown parameters are refused. */
const anyway = new Map([
  ['client_encoding', ['utf8', 'UTF8', 'utf-8', 'UTF-8']],
  ['gssencmode', ['disable', 'prefer']],
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
  if (anyway.get(name)?.includes(value)) return
  if (isSupported(name)) parameters[name] = value
  // JDBC's spelling, which libpq also accepts.
  else if (name === 'ssl' && value === 'true') parameters.sslmode = 'require'
  else {
    // Repeats the name only if it looks like one, because it may be part of a password.
    const shown = /^[a-z_]{1,40}$/.test(name) ? ` "${name}"` : ''
    throw new TicketsError(
      'INVALID_INPUT',
      `${where} has a parameter${shown} that is not supported. Remove it; special characters in a password must be percent-encoded.`,
    )
  }
}

/** The names of the given parameters that have no effect here. */
export function namesWithoutEffect(parameters: Parameters): string[] {
  return withoutEffect.filter((name) => parameters[name])
}

/** Reads the libpq variables of an environment. Throws INVALID_INPUT for unsupported ones. */
export function parametersFromVariables(
  env: Record<string, string | undefined>,
  where: string,
): Parameters {
  const parameters: Parameters = {}
  for (const [variable, name] of Object.entries(variables)) {
    const value = env[variable]
    if (value) addParameter(parameters, name, value, `${variable} (${where})`)
  }
  return parameters
}

/** The variable of a parameter that was read from one. */
export function variableOf(name: string): string {
  return Object.entries(variables).find(([, parameter]) => parameter === name)![0]
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
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGCHANNELBINDING: 'channel_binding',
  PGGSSENCMODE: 'gssencmode',
  PGREQUIREAUTH: 'require_auth',
  PGSSLNEGOTIATION: 'sslnegotiation',
}

function isSupported(name: string): name is Supported {
  return [...honoured, ...withoutEffect].some((each) => each === name)
}
