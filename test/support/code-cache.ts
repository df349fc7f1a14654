import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * One code cache for all processes of the run, as they have in somebody's home: without it, each
 * compiles the whole program again, at more than twice the price.
 */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-cache-'))
  process.env.XDG_CACHE_HOME = directory
  return () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
}
