import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import { TicketsError } from '../../shared/errors.js'
import type { Parameters } from './parameters.js'

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** How much TLS is wanted, in libpq's words. */
export type SslMode = (typeof sslModes)[number]

/** Reads `sslmode`; `prefer` unless told, and `verify-full` with the system's root certificates. */
export function parseSslMode({ sslmode, sslrootcert }: Parameters, source: string): SslMode {
  const mode = sslmode || (sslrootcert === 'system' ? 'verify-full' : 'prefer')
  if (!(sslModes as readonly string[]).includes(mode)) {
    throw invalid(source, `has an sslmode other than ${sslModes.join(', ')}`)
  }
  if (sslrootcert === 'system' && mode !== 'verify-full') {
    throw invalid(source, 'has sslrootcert=system, which needs sslmode=verify-full')
  }
  return mode as SslMode
}

/**
 * What node-postgres calls `ssl`, for the tries that use TLS; false if none does.
 *
 * As in libpq, `require` checks no certificate unless there is a root certificate to check it
 * against, `verify-ca` checks who signed it, `verify-full` the host name too. Where libpq would
 * refuse for want of a root certificate, the ones that Node brings along are used.
 */
export function tlsOptions(context: {
  mode: SslMode | undefined
  parameters: Parameters
  host: string
  homeDir: string
  source: string
}): ConnectionOptions | false {
  const { mode, parameters, host, homeDir, source } = context
  if (mode === undefined || mode === 'disable') return false
  const read = (name: 'sslrootcert' | 'sslcert' | 'sslkey', usual: string) =>
    readCertificate(parameters[name], join(homeDir, '.postgresql', usual), { name, source })
  const ca = parameters.sslrootcert === 'system' ? undefined : read('sslrootcert', 'root.crt')
  const cert = read('sslcert', 'postgresql.crt')
  const key = cert && read('sslkey', 'postgresql.key')
  const isVerified = mode.startsWith('verify-') || (mode === 'require' && ca !== undefined)
  return {
    rejectUnauthorized: isVerified,
    // Both go by the name, for with hostaddr node-postgres knows only the address.
    ...(!isIP(host) && { servername: host }),
    checkServerIdentity: (_host, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
}

/** A file that is named must be there; the usual one is used if it is. */
function readCertificate(
  named: string | undefined,
  usual: string,
  { name, source }: { name: string; source: string },
): string | undefined {
  if (!named && !existsSync(usual)) return undefined
  try {
    return readFileSync(named || usual, 'utf8')
  } catch (cause) {
    throw invalid(source, `has an ${name} that cannot be read`, cause)
  }
}

function invalid(source: string, what: string, cause?: unknown): TicketsError {
  return new TicketsError('INVALID_INPUT', `The database setting (${source}) ${what}.`, { cause })
}
