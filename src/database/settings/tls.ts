import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import type { Parameters } from './parameters.js'
import { invalidSetting, parseChoice } from './values.js'

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** The TLS modes, by libpq's names. */
export type SslMode = (typeof sslModes)[number]

/** Reads `sslmode` (default: `prefer`, or `verify-full` with the system's root certificates). */
export function parseSslMode({ sslmode, sslrootcert }: Parameters, source: string): SslMode {
  const usual = sslrootcert === 'system' ? 'verify-full' : 'prefer'
  const mode = parseChoice(sslmode || usual, { name: 'sslmode', values: sslModes, source })
  if (sslrootcert === 'system' && mode !== 'verify-full') {
    throw invalidSetting(source, 'has sslrootcert=system, which needs sslmode=verify-full')
  }
  return mode
}

/**
 * Returns node-postgres's `ssl` for the tries that use TLS; false if none does.
 *
 * As in libpq, `require` verifies no certificate unless there is a root certificate, `verify-ca`
 * verifies the signer, and `verify-full` the host name too. If libpq would fail without a root
 * certificate, this uses Node's.
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
    // Both use the host name, because with hostaddr node-postgres knows only the address.
    ...(!isIP(host) && { servername: host }),
    checkServerIdentity: (_host, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
}

/** Throws if a named file is missing; the default file is optional. */
function readCertificate(
  named: string | undefined,
  usual: string,
  { name, source }: { name: string; source: string },
): string | undefined {
  if (!named && !existsSync(usual)) return undefined
  try {
    return readFileSync(named || usual, 'utf8')
  } catch (cause) {
    throw invalidSetting(source, `has an ${name} that cannot be read`, cause)
  }
}
