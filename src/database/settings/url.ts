import { invalidInput, type TicketsError } from '../../shared/errors.js'
import { addParameter, type Parameters } from './parameters.js'

/**
 * Parses `postgres://user:password@host:port/database?parameter=value` as libpq does. Every part is
 * optional. The host may be `%2Fvar%2Frun%2Fpostgresql`, `[::1]`, a list (`h1:5432,h2:5433`) or a
 * parameter; parameters take precedence. `source` says where the URL came from.
 *
 * Throws INVALID_INPUT. The message repeats no part of the URL, because any part may contain a
 * piece of a password.
 */
export function parseDatabaseUrl(url: string, source: string): Parameters {
  // The URL class refuses `postgres://user@/db` and several hosts, and cuts passwords at a "#".
  const match = urlShape.exec(url)
  if (!match) {
    throw invalid(source, 'is neither "embedded" nor a URL that begins with "postgres://"')
  }
  const { login, hostspec = '', path = '', query = '' } = match.groups!
  if (/@/.test(hostspec + path + query)) {
    throw invalid(
      source,
      'has an "@" after the host: special characters in a user, password or name must be percent-encoded, such as "@" as %40',
    )
  }
  const decode = (text: string) => decodePart(text, source)
  const parameters: Parameters = {}
  addLogin(parameters, login, decode)
  addHosts(parameters, hostspec, source, decode)
  if (path) parameters.dbname = decode(path)
  for (const pair of query.split('&').filter(Boolean)) {
    const [name = '', ...value] = pair.split('=')
    addParameter(parameters, decode(name), decode(value.join('=')), source)
  }
  return parameters
}

const urlShape =
  /^postgres(?:ql)?:\/\/(?:(?<login>[^/?]*)@)?(?<hostspec>[^/?]*)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/s

const hostShape = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>[0-9]*))?$/

type Decode = (text: string) => string

function addLogin(parameters: Parameters, login: string | undefined, decode: Decode): void {
  if (login === undefined) return
  const colon = login.indexOf(':')
  const user = colon < 0 ? login : login.slice(0, colon)
  if (user) parameters.user = decode(user)
  if (colon >= 0 && colon < login.length - 1) parameters.password = decode(login.slice(colon + 1))
}

/** Several hosts become comma-separated lists, as in PGHOST and PGPORT. */
function addHosts(parameters: Parameters, hostspec: string, source: string, decode: Decode): void {
  const hosts: string[] = []
  const ports: string[] = []
  for (const each of hostspec.split(',')) {
    const match = hostShape.exec(each)
    if (!match) {
      throw invalid(
        source,
        'has a port that is not a number; special characters in a password must be percent-encoded',
      )
    }
    const { host = '', port = '' } = match.groups!
    hosts.push(decode(host.replace(/^\[(.*)\]$/, '$1')))
    ports.push(port)
  }
  if (hosts.length > 1 || hosts[0]) parameters.host = hosts.join()
  // Hosts without any port leave the ports to PGPORT.
  if (ports.some(Boolean)) parameters.port = ports.join()
}

function decodePart(text: string, source: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid(source, 'has a "%" that encodes no character: write it as %25', cause)
  }
}

function invalid(source: string, what: string, cause?: unknown): TicketsError {
  return invalidInput(`The database URL (${source}) ${what}.`, { cause })
}
