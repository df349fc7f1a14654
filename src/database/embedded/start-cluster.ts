import type { Account } from './account.js'
import { assertUsable, createCluster, writeSettings } from './cluster.js'
import { prepareSocketDir } from './directories.js'
import type { Layout } from './layout.js'
import { startPostmaster } from './postmaster.js'
import { withPlainName } from './programs.js'

export interface StartOptions {
  /** The directory of the programs: their `bin`. */
  programs: string
  /** The major version of the programs. */
  major: string
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

/** Starts the server of a cluster. Call it under the lock. Throws DB_UNREACHABLE. */
export async function startCluster(
  layout: Layout,
  { programs, major, account, deadline }: StartOptions,
): Promise<void> {
  await assertUsable(layout, account, major)
  await prepareSocketDir(layout, account)
  await writeSettings(layout, account)
  await startPostmaster(layout, programs, account, deadline)
}
