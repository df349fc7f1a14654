import type { Knex } from 'knex'
import { invalidInput, TicketsError } from '../../shared/errors.js'
import { escapeControls } from '../../shared/quote.js'
import { sqlState } from '../failures.js'
import type { Database } from '../knex-pool.js'
import { withRetry } from '../retry.js'
import {
  exclusively,
  migrationSource,
  refuseTakenName,
  requireUnicode,
  schemaStatus,
} from '../schema/migrate.js'
import { advanceSequences } from '../schema/sequences.js'
import { query } from '../sql.js'
import {
  backupLines,
  damaged,
  type EndLine,
  isRow,
  parseHeader,
  parseLine,
  type RowCounts,
  TABLES,
  type TableLine,
} from './format.js'

/**
 * Fills an empty database from a backup, in one transaction: creates the schema as it was in the
 * backup, inserts the rows, and applies the migrations that the backup does not have. An empty
 * schema may exist already. Returns the number of rows in each table.
 *
 * Throws WRONG_STATE if the database has rows; INVALID_INPUT if the backup is not whole;
 * SCHEMA_TOO_NEW if it is newer than this program; and what `migrate` throws. Then nothing has
 * changed, but with IN_DOUBT, all may be restored or nothing.
 */
export async function restore(db: Database, chunks: AsyncIterable<Uint8Array>): Promise<RowCounts> {
  const lines = backupLines(chunks)
  const header = parseHeader((await lines.next()).value)
  // Waits for the server here, because the rest cannot be repeated.
  await requireEmpty(db)
  return exclusively(
    db,
    async (trx) => {
      // A slow source must not end the transaction.
      await trx.raw('set local idle_in_transaction_session_timeout = 0')
      await requireUnicode(trx)
      await refuseRows(trx, db, { isLocking: true })
      await applyMigrations(trx, header.migrations)
      const counts = await insertAll(trx, lines)
      await trx.migrate.latest({ migrationSource })
      await trx.raw(`analyze ${TABLES.join(', ')}`)
      return counts
    },
    { shownBy: 'tickets show list --all', isOnce: true },
  )
}

/**
 * Creates the schema as it is after these migrations, in a database without rows. Throws what
 * `migrate` throws.
 */
export async function migrateTo(db: Database, migrations: readonly string[]): Promise<void> {
  await exclusively(db, (trx) => applyMigrations(trx, migrations))
}

/** Throws WRONG_STATE if the database has rows. Changes nothing. */
async function requireEmpty(db: Database): Promise<void> {
  await withRetry(db, () => db.knex.transaction((trx) => refuseRows(trx, db)))
}

async function refuseRows(
  trx: Knex.Transaction,
  { target }: Database,
  { isLocking = false } = {},
): Promise<void> {
  const tables = await query<{ name: string }>(
    trx,
    'select name from unnest(?::text[]) as name where to_regclass(name) is not null',
    [TABLES],
  )
  for (const { name } of tables) {
    // Until the transaction ends, no other process may sell here.
    if (isLocking) await trx.raw('lock table ?? in share row exclusive mode', [name])
    const rows = await query(trx, `select from "${name}" limit 1`)
    if (rows.length === 0) continue
    throw new TicketsError(
      'WRONG_STATE',
      `The ${target.name} is not empty: its table ${name} has rows. Nothing was restored. Restore into an empty database, or set TICKETS_DATA_DIR to a new directory.`,
    )
  }
}

/** Brings the schema, which has no rows, to the migrations of the backup: up or down. */
async function applyMigrations(
  trx: Knex.Transaction,
  migrations: readonly string[],
): Promise<void> {
  const known = await migrationSource.getMigrations([])
  const isKnown = migrations.every((name, i) => name === known[i])
  if (!isKnown || migrations.length === 0) {
    throw new TicketsError(
      'SCHEMA_TOO_NEW',
      `The backup is of a schema that this program does not know (it has ${escapeControls(String(migrations.at(-1)))}). Nothing was restored. Upgrade tickets.`,
    )
  }
  await trx.migrate
    .to({ migrationSource, name: migrations.at(-1)! } as Knex.MigratorConfig)
    .catch(refuseTakenName)
  const { applied } = await schemaStatus(trx)
  for (let n = applied.length; n > migrations.length; n--)
    await trx.migrate.down({ migrationSource })
}

/**
 * Inserts the rows with the triggers off that write the history, as the backup has its own. The
 * other triggers fill the tables that are computed from these. A superuser could switch all
 * triggers off, but the owner of the tables need not be one.
 */
async function insertAll(trx: Knex.Transaction, lines: AsyncIterable<string>): Promise<RowCounts> {
  const triggers = await query<{ table: string; name: string }>(
    trx,
    `select relname as table, tgname as name
     from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_proc on pg_proc.oid = tgfoid
     where tgrelid in (select to_regclass(name) from unnest(?::text[]) as name)
       and not tgisinternal and proname ^@ 'record_'`,
    [TABLES],
  )
  const all = async (action: 'disable' | 'enable') => {
    for (const { table, name } of triggers) {
      await trx.raw(`alter table ?? ${action} trigger ??`, [table, name])
    }
  }
  await all('disable')
  const counts = await withoutOwnReferences(trx, () => insertRows(trx, lines)).catch(refuseBadRows)
  await all('enable')
  // The first schema has no history yet.
  if (counts.history !== undefined) await advanceSequences(trx)
  return counts
}

/**
 * Runs `work` without the foreign keys by which a table refers to itself, and adds them afterwards:
 * a part sold from a hold may come before the hold, and even in another statement, because a backup
 * has the rows as they are on disk.
 */
async function withoutOwnReferences<T>(trx: Knex.Transaction, work: () => Promise<T>): Promise<T> {
  const keys = await query<{ table: string; name: string; definition: string }>(
    trx,
    `select relname as table, conname as name, pg_get_constraintdef(c.oid) as definition
     from pg_constraint c join pg_class on pg_class.oid = conrelid
     where conrelid in (select to_regclass(name) from unnest(?::text[]) as name)
       and contype = 'f' and conrelid = confrelid`,
    [TABLES],
  )
  for (const { table, name } of keys) {
    await trx.raw('alter table ?? drop constraint ??', [table, name])
  }
  const result = await work()
  for (const { table, name, definition } of keys) {
    await trx.raw(`alter table ?? add constraint ?? ${definition}`, [table, name])
  }
  return result
}

const ROWS_A_STATEMENT = 1000
const LENGTH_OF_STATEMENT = 1_000_000

async function insertRows(trx: Knex.Transaction, lines: AsyncIterable<string>): Promise<RowCounts> {
  const counts: RowCounts = {}
  let section: TableLine | undefined
  let end: RowCounts | undefined
  let rows: string[] = []
  let length = 0
  const flush = async () => {
    if (section && rows.length > 0) await insert(trx, section, rows)
    rows = []
    length = 0
  }
  // Up to the end of the file and not of the rows, because gzip has its checksum there.
  for await (const line of lines) {
    if (end !== undefined) throw damaged()
    if (isRow(line)) {
      if (section === undefined) throw damaged()
      counts[section.table]!++
      length += line.length
      if (rows.push(line) >= ROWS_A_STATEMENT || length > LENGTH_OF_STATEMENT) await flush()
      continue
    }
    await flush()
    const next = parseLine<TableLine | EndLine>(line)
    if ('end' in next) end = next.end
    else {
      if (!(TABLES as readonly string[]).includes(next.table)) throw damaged()
      section = next
      counts[section.table] = 0
    }
  }
  if (JSON.stringify(end) !== JSON.stringify(counts)) throw damaged()
  return counts
}

async function insert(
  trx: Knex.Transaction,
  { table, columns }: TableLine,
  rows: string[],
): Promise<void> {
  const names = columns.map(() => '??').join(', ')
  await trx.raw(
    `insert into ?? (${names}) overriding system value
     select ${names} from json_populate_recordset(null::??, ?::json)`,
    [table, ...columns, ...columns, table, `[${rows.join(',')}]`],
  )
}

/** data_exception, integrity_constraint_violation, syntax_error_or_access_rule_violation */
const BAD_ROWS = ['22', '23', '42']

/** The server refuses rows that no program of ours wrote, or that were changed since. */
function refuseBadRows(error: unknown): never {
  if (!BAD_ROWS.includes((sqlState(error) ?? '').slice(0, 2))) throw error
  // Knex puts the statement before the message.
  const { message } = error as Error
  const reason = message.slice(message.indexOf(' - ') + 3)
  throw invalidInput(
    `The database refuses rows of the backup: ${escapeControls(reason)}. Nothing was restored.`,
    { cause: error },
  )
}
