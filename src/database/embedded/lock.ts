import { codeOf } from './failures.js'
import type { ServerPaths } from './paths.js'

/**
 * Runs `work` and returns its result if no other process holds the lock; otherwise returns
 * 'occupied' at once. The lock only saves duplicate work: a process that is suspended for long
 * loses it, and then the atomic renames keep the data safe.
 */
export async function whenAlone<T>(
  paths: ServerPaths,
  work: () => Promise<T>,
): Promise<T | 'occupied'> {
  const release = await acquire(paths)
  if (release === null) return 'occupied'
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}

async function acquire(paths: ServerPaths): Promise<(() => Promise<void>) | null> {
  // Imported on demand, because the module listens for signals from its import on.
  const { default: lockfile } = await import('proper-lockfile')
  return lockfile
    .lock(paths.root, {
      lockfilePath: paths.lock,
      stale: 5000,
      update: 1000,
      onCompromised: () => {},
    })
    .catch((error) => {
      // ENOENT may mean that the holder released the lock during this attempt; but if mkdir fails,
      // no process can create a lock here.
      const isCrossed = codeOf(error) === 'ENOENT' && error.syscall !== 'mkdir'
      if (codeOf(error) === 'ELOCKED' || isCrossed) return null
      throw error
    })
}
