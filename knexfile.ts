import type { Knex } from 'knex'
import { targetOf } from './src/client/target.js'
import { knexSettings } from './src/database/knex-pool.js'
import { migrationSource } from './src/database/schema/migrate.js'
import { DOT_ENV } from './src/database/settings/target.js'

/**
 * The program's own database and migrations, for the knex tool: `npm run knex -- migrate:status`.
 * (The knex command by itself cannot read TypeScript; the npm script can.) The environment and `.env`
 * say which database; the embedded server is started if it is that one.
 */
export default async function settings(): Promise<Knex.Config> {
  const { env } = process
  const target = targetOf({ env, cwd: process.cwd() })
  // Starts the embedded server, if it is that one.
  await target.revive?.()
  if (target.source === DOT_ENV) process.stderr.write(`Database: ${target.name} (${DOT_ENV})\n`)
  return {
    ...knexSettings(target, { waitMs: 30_000, schema: env.TICKETS_SCHEMA || undefined }),
    migrations: { migrationSource: listable },
  }
}

/** The same migrations as objects: the tool lists what is pending by `file`. */
const listable: Knex.MigrationSource<{ file: string }> = {
  getMigrations: async (extensions) =>
    (await migrationSource.getMigrations(extensions)).map((file) => ({ file })),
  getMigrationName: ({ file }) => migrationSource.getMigrationName(file),
  getMigration: ({ file }) => migrationSource.getMigration(file),
}
