import type { Knex } from 'knex'
import { migrationSource } from '../../src/database/schema/migrate.js'

/** Runs the migrations that come before this one, with the search path that the login has. */
export async function migrateBefore(trx: Knex.Transaction, name: string): Promise<void> {
  const getMigrations = async () =>
    (await migrationSource.getMigrations([])).filter((other) => other < name)
  await trx.migrate.latest({ migrationSource: { ...migrationSource, getMigrations } })
}
