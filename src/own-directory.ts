import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory for this user alone, and the one around it if need be: `~/.cache/tickets`. A home
 * that is not there is not made. Throws the system's errors.
 */
export function makeOwnDirectory(directory: string): void {
  statSync(dirname(dirname(directory)))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}
