import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * One code cache for all processes of the run, as they have in somebody's home: without it, each
 * compiles the whole program again, at more than twice the price.
 */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-cache-'))
  // Root's servers run as another user, who reads what `runDirectory` is given for.
  await chmod(directory, 0o755)
  process.env.XDG_CACHE_HOME = directory
  return () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

/** A copy of it in another cache directory, for a test that needs one of its own. */
export async function copyCodeCache(to: string): Promise<void> {
  const [from, own] = [join(process.env.XDG_CACHE_HOME!, 'tickets'), join(to, 'tickets')]
  await mkdir(own, { mode: 0o700 })
  // There is none before the first process of the run.
  const all = await readdir(from).catch(() => [])
  const names = all.filter((name) => /\.cjs-[^.]*\.[^.]*\.[^.]*$/.test(name))
  await Promise.all(names.map((name) => copyFile(join(from, name), join(own, name))))
}

/** A place for what a run makes once, for all its tests. It goes with the run. */
export function runDirectory(name: string): string {
  return join(process.env.XDG_CACHE_HOME!, name)
}
