import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * One code cache for all processes of the run, as in a user's home: without it, each process
 * compiles the whole program again and takes more than twice as long.
 */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-cache-'))
  // If root runs the tests, the servers run as another user, who must be able to read
  // `runDirectory`.
  await chmod(directory, 0o755)
  process.env.XDG_CACHE_HOME = directory
  return () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

/** Copies the code cache to another cache directory, for a test that needs its own. */
export async function copyCodeCache(to: string): Promise<void> {
  const [from, own] = [join(process.env.XDG_CACHE_HOME!, 'tickets'), join(to, 'tickets')]
  await mkdir(own, { mode: 0o700 })
  // There is no cache before the first process of the run.
  const all = await readdir(from).catch(() => [])
  const names = all.filter((name) => /\.cjs-[^.]*\.[^.]*\.[^.]*$/.test(name))
  await Promise.all(names.map((name) => copyFile(join(from, name), join(own, name))))
}

/**
 * A directory for what is made once in a run and used by all its tests. It is removed after the
 * run.
 */
export function runDirectory(name: string): string {
  return join(process.env.XDG_CACHE_HOME!, name)
}
