import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'
const OLDEST = 14
const EMBEDDED = 18

/** An installed PostgreSQL. */
export interface OlderServer {
  version: number
  /** The directory of its programs, as `startOwnServer` takes it. */
  programs: string
}

/** The older versions that the program claims to work with. */
export function olderServers(): OlderServer[] {
  return installedServers().filter(({ version }) => version >= OLDEST && version < EMBEDDED)
}

/** The versions that are too old for the program. */
export function tooOldServers(): OlderServer[] {
  return installedServers().filter(({ version }) => version < OLDEST)
}

/**
 * The installed servers, one of each version: those where Debian installs them, and those in
 * POSTGRES_PROGRAMS, a list of directories of programs separated as in PATH.
 */
function installedServers(): OlderServer[] {
  const named = (process.env.POSTGRES_PROGRAMS ?? '').split(delimiter).filter(Boolean)
  const servers = [...inDebian(), ...named].map(
    (programs) => [versionOf(programs), programs] as const,
  )
  return Array.from(new Map(servers), ([version, programs]) => ({ version, programs }))
}

/** Which servers are looked for, and where. */
export const serversLookedFor = `PostgreSQL ${OLDEST} to ${EMBEDDED - 1} in ${DEBIAN} and POSTGRES_PROGRAMS`

function inDebian(): string[] {
  try {
    return readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'))
  } catch {
    return []
  }
}

/** The major version. */
function versionOf(programs: string): number {
  const text = execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' })
  return Number(/\d+/.exec(text)?.[0])
}
