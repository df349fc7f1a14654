import { verifyShows } from '../audit/verify.js'
import { backUp } from '../database/backup/back-up.js'
import { migrateTo, restore } from '../database/backup/restore.js'
import { type Upgrade, upgradeEmbedded } from '../database/embedded/upgrade.js'
import { type Database, openKnexPool } from '../database/knex-pool.js'
import { schemaStatus } from '../database/schema/migrate.js'
import { TicketsError } from '../shared/errors.js'

export interface CopyOptions {
  /** The version of this program. */
  program: string
  signal?: AbortSignal | undefined
  onProgress?: ((sentence: string) => void) | undefined
}

/** See `embeddedServer`. */
export function upgradeServer(
  dataDir: string,
  { program, signal, onProgress }: CopyOptions,
): Promise<Upgrade | null> {
  return upgradeEmbedded(dataDir, {
    onProgress,
    async copy(source, target, compare) {
      const [from, to] = [source, target].map((connection) =>
        openKnexPool(
          {
            kind: 'embedded',
            connection,
            name: `embedded database in ${dataDir}`,
            source: 'embedded',
            sslMode: 'disable',
          },
          { waitMs: 30_000, signal, command: 'db upgrade' },
        ),
      ) as [Database, Database]
      try {
        const { applied } = await schemaStatus(from.knex)
        // Without a schema there is nothing to copy, and `backUp` says so.
        if (applied.length > 0) await migrateTo(to, applied)
        await compare()
        await backUp(from, program, (chunks) => restore(to, chunks))
        const { ok, violations } = await verifyShows(to)
        if (!ok) throw notClean(violations[0]!.message)
      } finally {
        await Promise.all([from.close(), to.close()])
      }
    },
  })
}

function notClean(violation: string): TicketsError {
  return new TicketsError(
    'CHECK_FAILED',
    `The copy does not verify: ${violation} Nothing was changed. Run \`tickets verify\` with the version of tickets that made the data.`,
  )
}
