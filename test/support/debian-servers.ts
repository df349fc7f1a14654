import { readdirSync } from 'node:fs'

const DEBIAN = '/usr/lib/postgresql'
const OLDEST = 14
const EMBEDDED = 18

/** A PostgreSQL that the program claims to work with, beside the embedded one. */
export interface DebianServer {
  version: number
  /** The directory of its programs, as `startOwnServer` takes it. */
  programs: string
}

/** Those that are installed on this machine, where Debian puts them. */
export function debianServers(): DebianServer[] {
  return versionsIn(DEBIAN).map((version) => ({ version, programs: `${DEBIAN}/${version}/bin` }))
}

/** Which are looked for, and where. */
export const soughtServers = `PostgreSQL ${OLDEST} to ${EMBEDDED - 1} in ${DEBIAN}`

function versionsIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map(Number)
      .filter((version) => version >= OLDEST && version < EMBEDDED)
  } catch {
    return []
  }
}
