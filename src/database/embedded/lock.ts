import { codeOf } from './failures.js'
import type { Layout } from './layout.js'

/**
 * Runs `work` if no other process is at it, and gives its outcome; else says so at once. The lock
 * saves double work and is no safeguard: a holder that was stopped for long loses it, and then the
 * renames decide.
 */
export async function whenAlone<T>(
  layout: Layout,
  work: () => Promise<T>,
): Promise<T | 'occupied'> {
  const release = await acquire(layout)
  if (release === null) return 'occupied'
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}

async function acquire(layout: Layout): Promise<(() => Promise<void>) | null> {
  // Late, as it listens for signals from the moment it is imported.
  const { default: lockfile } = await import('proper-lockfile')
  return lockfile
    .lock(layout.root, {
      lockfilePath: layout.lock,
      stale: 5000,
      update: 1000,
      onCompromised: () => {},
    })
    .catch((error) => {
      // A holder's end and our attempt may cross; but where no lock can be made, none will ever be.
      const isCrossed = codeOf(error) === 'ENOENT' && error.syscall !== 'mkdir'
      if (codeOf(error) === 'ELOCKED' || isCrossed) return null
      throw error
    })
}
