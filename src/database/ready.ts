import type { Database } from './knex-pool.js'
import { requireSchema } from './schema/migrate.js'
import { query } from './sql.js'

/**
 * Checks that bookings can be made: the schema is right, and the server accepts a commit. Throws
 * what `requireSchema` and the database throw.
 */
export async function requireReady(db: Database): Promise<void> {
  await requireSchema(db)
  await query(db.knex, WRITE)
}

/**
 * A server that is read-only refuses the update, which changes no row. The message gives COMMIT
 * something to write and, where there is one, the synchronous standby something to confirm.
 */
const WRITE = `
  with changed as (update shows set booked_seats = booked_seats where false returning id)
  select pg_logical_emit_message(true, 'tickets', 'ready') from (select count(*) from changed) as none`
