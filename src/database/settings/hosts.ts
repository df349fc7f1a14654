import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatCount } from '../../shared/numbers.js'
import type { Parameters } from './parameters.js'
import { invalidSetting, parseNumber } from './values.js'

/** Where one server is. */
export interface Host {
  /** A host name, an address, or the directory of a Unix socket. */
  host: string
  /** The address to connect to instead of looking up the host name. */
  address: string | undefined
  port: number
}

/**
 * Returns the servers that `host`, `hostaddr` and `port` list, by libpq's rules: the lists are
 * separated by commas and have the same length, but one port may serve all hosts; what an entry
 * leaves out is the default. Throws INVALID_INPUT.
 */
export function parseHosts(parameters: Parameters, source: string): Host[] {
  const hosts = parameters.host?.split(',') ?? []
  const addresses = parameters.hostaddr?.split(',') ?? []
  const ports = parameters.port?.split(',') ?? []
  const count = Math.max(hosts.length, addresses.length, 1)
  if (hosts.length > 0 && addresses.length > 0 && hosts.length !== addresses.length) {
    const has = `${addresses.length} ${addresses.length === 1 ? 'address' : 'addresses'}`
    throw invalidSetting(
      source,
      `lists ${formatCount(hosts.length, 'host')}, but hostaddr has ${has}; list one address for each host`,
    )
  }
  if (ports.length > 1 && ports.length !== count) {
    throw invalidSetting(
      source,
      `lists ${ports.length} ports for ${formatCount(count, 'host')}; list one port for all hosts, or one for each`,
    )
  }
  return Array.from({ length: count }, (_, i) => {
    const text = (ports.length === 1 ? ports[0] : ports[i]) || '5432'
    const port = parseNumber(text, { name: 'port', from: 1, to: 65_535, source })
    const address = addresses[i] || undefined
    return { host: hosts[i] || address || defaultHost(port), address, port }
  })
}

/** Formats a host as in a URL. Mentions a socket's port only if it is not the default. */
export function formatHost({ host, port }: { host: string; port: number }): string {
  const isUsualSocket = host.startsWith('/') && port === 5432
  const shownHost = host.includes(':') ? `[${host}]` : host
  return `${shownHost}${isUsualSocket ? '' : `:${port}`}`
}

/** Debian's socket directory, then PostgreSQL's default, then TCP. */
function defaultHost(port: number): string {
  const directories = ['/var/run/postgresql', '/tmp']
  return directories.find((path) => existsSync(join(path, `.s.PGSQL.${port}`))) ?? 'localhost'
}
