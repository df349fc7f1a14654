import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import envPaths from 'env-paths'

export const daemonDirectory = () => resolve(envPaths('tickets', { suffix: '' }).cache)
export const PREFIX = 'daemon-'

/** Whether this user has any daemon. Cheap to ask, as most have none. */
export function hasAnyDaemon(): boolean {
  try {
    return readdirSync(daemonDirectory()).some((name) => name.startsWith(PREFIX))
  } catch {
    return false
  }
}
