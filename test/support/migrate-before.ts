import type { Knex } from 'knex'
import { migrationSource } from '../../src/database/schema/migrate.js'

/** Runs the migrations before this one, with the search path of the login. */
export async function migrateBefore(trx: Knex.Transaction, name: string): Promise<void> {
  const getMigrations = async () =>
    (await migrationSource.getMigrations([])).filter((other) => other < name)
  await trx.migrate.latest({ migrationSource: { ...migrationSource, getMigrations } })
}
