import type { Knex } from 'knex'
import { TicketsError } from '../../shared/errors.js'
import type { Database } from '../knex-pool.js'
import { withRetry } from '../retry.js'
import { refuseNewerSchema, schemaStatus } from '../schema/migrate.js'
import { query } from '../sql.js'
import { inSnapshot } from '../transaction.js'
import { lineOf, type RowCounts, TABLES } from './format.js'

/** Bounds the memory: a row may have a whole house of 100,000 seats. */
const ROWS_A_PAGE = 100

/**
 * Reads all of the program's tables in one snapshot, while sales go on, and passes the backup,
 * unpacked, to `consume`. Also reads a schema that is older than this program. `program` is the
 * program's version, for the header. Returns the number of rows in each table.
 *
 * A PENDING record is left out: it is an attempt that is not decided yet, and the process that
 * could decide it works on this database.
 *
 * Throws NOT_MIGRATED if there is no schema, SCHEMA_TOO_NEW, INTERRUPTED, what `consume` throws and
 * the codes of `withRetry`.
 */
export async function backUp(
  db: Database,
  program: string,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<unknown>,
): Promise<RowCounts> {
  // Waits for the server here, because the rest cannot be repeated.
  const { applied, ...others } = await withRetry(db, () => schemaStatus(db.knex))
  refuseNewerSchema({ applied, ...others })
  if (applied.length === 0) {
    throw new TicketsError(
      'NOT_MIGRATED',
      `The ${db.target.name} has no tickets schema, so there is nothing to back up.`,
    )
  }
  const counts: RowCounts = {}
  await inSnapshot(db, (trx) => consume(chunksOf(trx, program, counts)), { isOnce: true })
  return counts
}

async function* chunksOf(
  trx: Knex.Transaction,
  program: string,
  counts: RowCounts,
): AsyncGenerator<Uint8Array> {
  // A slow reader must not end the transaction.
  await trx.raw('set local idle_in_transaction_session_timeout = 0')
  const [found] = await query<{ server: string; taken_at: Date; migrations: string[] }>(
    trx,
    `select current_setting('server_version') as server, now() as taken_at,
            array(select name from knex_migrations order by id) as migrations`,
  )
  const { server, taken_at, migrations } = found!
  const header = { format: 'tickets backup', version: 1, program, server, migrations } as const
  yield Buffer.from(lineOf({ ...header, taken_at: taken_at.toISOString() }))
  for (const table of TABLES) {
    const columns = await columnsOf(trx, table)
    if (columns.length === 0) continue
    yield Buffer.from(lineOf({ table, columns }))
    counts[table] = 0
    for await (const rows of pagesOf(trx, table, columns)) {
      counts[table] += rows.length
      yield Buffer.from(rows.map(({ line }) => `${line}\n`).join(''))
    }
  }
  yield Buffer.from(lineOf({ end: counts }))
}

/** The columns that are stored, and not computed from others; none if there is no such table. */
async function columnsOf(trx: Knex.Transaction, table: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    trx,
    `select attname as name from pg_attribute
     where attrelid = to_regclass(?) and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`,
    [table],
  )
  return rows.map(({ name }) => name)
}

/** A cursor of SQL, because a cursor of node-postgres cannot share a pipelined connection. */
async function* pagesOf(
  trx: Knex.Transaction,
  table: string,
  columns: string[],
): AsyncGenerator<{ line: string }[]> {
  const names = columns.map(() => '??').join(', ')
  const decided = table === 'bookings' ? `where status <> 'PENDING'` : ''
  await trx.raw(
    `declare backup no scroll cursor for
     select row_to_json(kept)::text as line from (select ${names} from ?? ${decided}) as kept`,
    [...columns, table],
  )
  for (;;) {
    const rows = await query<{ line: string }>(trx, `fetch ${ROWS_A_PAGE} from backup`)
    if (rows.length === 0) break
    yield rows
  }
  await trx.raw('close backup')
}
