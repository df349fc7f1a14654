import type { Account } from './account.js'
import { createCluster, writeSettings } from './cluster.js'
import { prepareSocketDir } from './directories.js'
import type { Layout } from './layout.js'
import { startPostmaster } from './postmaster.js'
import { withPlainName } from './programs.js'

export interface StartOptions {
  /** The directory of the programs: their `bin`. */
  programs: string
  account: Account
  /** When the start is given up, by the system's clock. */
  deadline: number
}

/** Creates a cluster. `deadline` as for `startCluster`. */
export async function createNew(
  layout: Layout,
  programs: string,
  account: Account,
  deadline: number,
): Promise<void> {
  const signal = AbortSignal.timeout(Math.max(deadline - Date.now(), 0))
  await withPlainName(programs, (plain) => createCluster(layout, plain, account, signal))
}

/**
 * Starts the server of a cluster that is usable (`assertUsable`). Call it under the lock. Throws
 * DB_UNREACHABLE.
 */
export async function startCluster(
  layout: Layout,
  { programs, account, deadline }: StartOptions,
): Promise<void> {
  await prepareSocketDir(layout, account)
  await writeSettings(layout, account)
  await startPostmaster(layout, programs, account, deadline)
}
