import { readlinkSync } from 'node:fs'

/** Variables that act on a process as a whole: the daemon cannot take them over for one run. */
export const PROCESS_VARIABLES = [
  ...['HOME', 'HOSTALIASES', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'LOCALDOMAIN', 'RES_OPTIONS', 'TZ'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'OPENSSL_CONF'],
  ...['SSL_CERT_DIR', 'SSL_CERT_FILE', 'XDG_DATA_HOME'],
]

/** The variables that a run request carries: those that say what to book where, and as whom. */
export function requestVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...PROCESS_VARIABLES, 'DATABASE_URL', 'LOGNAME', 'USER']
  const isCarried = (name: string) => /^(TICKETS_|PG)/.test(name) || names.includes(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => isCarried(name)))
}

/**
 * Whose files and whose network a process sees. A container may share this user's directories, and
 * there the same host name, or the same path, can be another database.
 */
export function placeOfProcess(): string {
  try {
    return readlinkSync('/proc/self/ns/mnt') + readlinkSync('/proc/self/ns/net')
  } catch {
    return process.platform
  }
}
