import type { Knex } from 'knex'
import { TicketsError } from '../../shared/errors.js'
import { escapeControls, quote } from '../../shared/quote.js'
import { sqlState } from '../failures.js'
import type { Database } from '../knex-pool.js'
import { type RetryOptions, withRetry } from '../retry.js'
import { query } from '../sql.js'
import { change, changeInDoubt } from '../transaction.js'
import { grantBoxOffice } from './grants.js'

const UNDEFINED_TABLE = '42P01'

/**
 * Every migration, in order. The names have no extension, so that `.ts` and `.js` files share a
 * history.
 */
const migrations: Record<string, () => Promise<Knex.Migration>> = {
  '0001_shows_and_bookings': () => import('../../../migrations/0001_shows_and_bookings.js'),
  '0002_life_of_a_booking': () => import('../../../migrations/0002_life_of_a_booking.js'),
  '0003_api_tokens': () => import('../../../migrations/0003_api_tokens.js'),
  '0004_keys_of_those_who_have_one': () =>
    import('../../../migrations/0004_keys_of_those_who_have_one.js'),
  '0005_words_in_the_order_of_shows': () =>
    import('../../../migrations/0005_words_in_the_order_of_shows.js'),
  '0006_sales_in_place': () => import('../../../migrations/0006_sales_in_place.js'),
  '0007_words_of_shows': () => import('../../../migrations/0007_words_of_shows.js'),
  '0008_records_beside_the_lock': () =>
    import('../../../migrations/0008_records_beside_the_lock.js'),
  '0009_safe_triggers_and_logins': () =>
    import('../../../migrations/0009_safe_triggers_and_logins.js'),
  '0010_text_as_typed': () => import('../../../migrations/0010_text_as_typed.js'),
  '0011_keys_of_each_token': () => import('../../../migrations/0011_keys_of_each_token.js'),
  '0012_house_plans': () => import('../../../migrations/0012_house_plans.js'),
  '0013_seats_of_former_plans': () => import('../../../migrations/0013_seats_of_former_plans.js'),
}

/** The migrations, for the program and for the knex tool. */
export const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (name) => name,
  getMigration: (name) => migrations[name]!(),
}

/** The state of a database's schema: names of migrations, oldest first. */
export interface SchemaStatus {
  applied: string[]
  pending: string[]
  /** Applied, but unknown to this program, because the schema is newer. */
  unknown: string[]
}

/** Reads the state of the schema; changes nothing, even in an empty database. */
export async function schemaStatus(knex: Knex): Promise<SchemaStatus> {
  const applied = await appliedMigrations(knex)
  const known = Object.keys(migrations)
  return {
    applied: known.filter((name) => applied.includes(name)),
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  }
}

export interface MigrateOptions {
  /** A role to grant a box office's privileges to afterwards; see `grantBoxOffice`. */
  grant?: string | undefined
  /**
   * Receives a sentence if every role, or the role of `grant`, may create objects in the schema.
   */
  onWarning?: ((sentence: string) => void) | undefined
}

/**
 * Applies the missing migrations and returns their names, oldest first. Any number of processes may
 * call this at once: one migrates, and the others find nothing left to do.
 *
 * Throws SCHEMA_TOO_NEW; DB_AUTH unless this login has the rights of the tables' owner;
 * NOT_MIGRATED if the tables cannot be created (another program uses their names, or the encoding
 * is not UTF8); IN_DOUBT; and what `grantBoxOffice` throws. After any other error, nothing has been
 * migrated.
 */
export async function migrate(
  db: Database,
  { grant, onWarning }: MigrateOptions = {},
): Promise<string[]> {
  return exclusively(db, async (trx) => {
    await requireUnicode(trx)
    const ran = await withCause(trx, () => trx.migrate.latest({ migrationSource })).catch(
      refuseTakenName,
    )
    if (grant !== undefined) await grantBoxOffice(trx, grant)
    if (onWarning) await warnOfCreators(trx, grant ?? null, onWarning)
    return ran
  })
}

/**
 * Rolls back the latest batch of migrations and returns their names. Throws SCHEMA_TOO_NEW, and
 * DB_AUTH unless this login has the rights of the tables' owner, and IN_DOUBT.
 */
export async function rollback(db: Database): Promise<string[]> {
  return exclusively(db, (trx) => withCause(trx, () => trx.migrate.rollback({ migrationSource })), {
    // Made again, it would roll back one more batch.
    isRepeatable: false,
  })
}

/**
 * Runs Knex's migrator and returns the names of the migrations that ran. When the migrator cannot
 * lock its table, it throws an error with the text of the database's error alone; this throws the
 * database's error.
 */
async function withCause(
  trx: Knex.Transaction,
  run: () => Promise<[batch: number, names: string[]]>,
): Promise<string[]> {
  let cause: unknown
  const keep = (error: unknown) => {
    cause = error
  }
  trx.on('query-error', keep)
  try {
    const [, names] = await run()
    return names
  } catch (error) {
    throw (error as Error).name === 'MigrationLocked' ? (cause ?? error) : error
  } finally {
    trx.off('query-error', keep)
  }
}

/** Whether a rollback would drop a show, with or without bookings, or a token. */
export async function hasData(knex: Knex): Promise<boolean> {
  for (const table of ['shows', 'api_tokens']) {
    const found = await knex.raw('select to_regclass(?) is not null as there', [table])
    if (found.rows[0].there && (await knex(table).first('id')) !== undefined) return true
  }
  return false
}

/**
 * Checks that the schema has the version that this program needs. Migrates the embedded server if
 * necessary; users migrate their own databases with `tickets migrate`.
 *
 * Throws NOT_MIGRATED, SCHEMA_TOO_NEW.
 */
export async function ensureSchema(
  db: Database,
  options: Pick<RetryOptions, 'onRetry'> = {},
): Promise<void> {
  const status = await withRetry(db, () => schemaStatus(db.knex), options)
  refuseNewerSchema(status)
  if (status.pending.length === 0) return
  if (db.target.kind === 'embedded') {
    await migrate(db)
    return
  }
  if (await withRetry(db, () => isSchemaClosed(db.knex), options)) {
    throw new TicketsError(
      'DB_AUTH',
      `The ${db.target.name} does not let that user into its schema. Ask its owner to run \`tickets migrate --grant\` for that user.`,
    )
  }
  throw new TicketsError(
    'NOT_MIGRATED',
    `The ${db.target.name} has no up-to-date tickets schema. Run \`tickets migrate\` on it first.`,
  )
}

/**
 * Checks that bookings can be made: the schema is right, and the server accepts a commit. Throws
 * what `ensureSchema` and the database throw.
 */
export async function requireReady(db: Database): Promise<void> {
  await ensureSchema(db)
  await query(db.knex, WRITE)
}

/**
 * A server that is read-only refuses the update, which changes no row. The message gives COMMIT
 * something to write and, where there is one, the synchronous standby something to confirm.
 */
const WRITE = `
  with changed as (update shows set booked_seats = booked_seats where false returning id)
  select pg_logical_emit_message(true, 'tickets', 'ready') from (select count(*) from changed) as none`

/**
 * Runs one migrator at a time. Knex's own lock table makes processes fail that race on an empty
 * database. An advisory lock makes them wait, and a single transaction leaves nothing half-done.
 * `shownBy` is the command that shows whether it was done, if that is in doubt; `isRepeatable` is as
 * for `changeInDoubt`.
 */
export async function exclusively<T>(
  db: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  { shownBy = 'tickets migrate --status', isRepeatable = true, isOnce = false } = {},
): Promise<T> {
  await withRetry(db, async () => {
    await refuseForeignCode(db.knex)
    refuseNewerSchema(await schemaStatus(db.knex))
  })
  return change(
    db,
    async (trx) => {
      await refuseForeignCode(trx)
      await stayInOneSchema(trx)
      await trx.raw(`select pg_advisory_xact_lock(hashtext('tickets migrate'))`)
      return work(trx)
    },
    changeInDoubt(shownBy, { isRepeatable }),
    { isLong: true, isOnce },
  )
}

/**
 * Refuses to continue if another role has created an object in the search path that PostgreSQL may
 * prefer to its own: a function or an operator with a built-in's name and better matching types, or
 * a view in place of the list of migrations. It would run with the rights of this login, perhaps a
 * superuser's. Must run first. Throws DB_AUTH.
 */
async function refuseForeignCode(knex: Knex): Promise<void> {
  const [found] = await query<{ object: string; owner: string; schema: string }>(knex, FOREIGN_CODE)
  if (found === undefined) return
  const { object, owner, schema } = found
  throw new TicketsError(
    'DB_AUTH',
    `The role ${quote(owner)} has created ${quote(object)} in the schema ${quote(schema)}, and its code could run with the rights of this login. Nothing was changed. Find out why, drop it, and revoke the right to create objects there (REVOKE CREATE ON SCHEMA).`,
  )
}

// Uses only PostgreSQL's own functions and operators: by exact types, or qualified with their
// schema.
const FOREIGN_CODE = `
  select object, rolname as owner, nspname as schema
  from (
    select proname as object, proowner as owner, pronamespace as namespace
    from pg_catalog.pg_proc as planted
    where exists (
      select from pg_catalog.pg_proc as own, pg_catalog.pg_namespace as system
      where own.proname = planted.proname and own.pronamespace = system.oid
        and system.nspname = 'pg_catalog'::pg_catalog.name
    )
    union all
    select oprname, oprowner, oprnamespace from pg_catalog.pg_operator
    union all
    select relname, relowner, relnamespace from pg_catalog.pg_class
    where relname = 'knex_migrations'::pg_catalog.name and relkind <> 'r'::pg_catalog."char"
  ) as found
  join pg_catalog.pg_namespace on pg_namespace.oid = found.namespace
  join pg_catalog.pg_roles on pg_roles.oid = found.owner
  left join pg_catalog.pg_class as migrations
    on migrations.oid = pg_catalog.to_regclass('knex_migrations')::pg_catalog.oid
  where nspname = any (pg_catalog.current_schemas(false))
    and not rolsuper
    and rolname <> pg_catalog."current_user"()
    and (migrations.relkind = 'r'::pg_catalog."char" and migrations.relowner = found.owner) is not true
  limit 1`

/**
 * Reduces the search path to the schema that contains the tables or, if there are none yet, to the
 * first schema of the path. Otherwise an earlier schema, such as one named after this role, would
 * get the new tables, and PostgreSQL would first find what other roles create there.
 *
 * Throws DB_AUTH unless this login has the rights of the tables' owner. Without this check, Knex
 * would try to create a second lock table, because it may not read the first one.
 */
async function stayInOneSchema(trx: Knex.Transaction): Promise<void> {
  const [found] = await query<{ owner: string | null; isOwner: boolean }>(trx, STAY_IN_ONE_SCHEMA)
  if (found!.owner === null || found!.isOwner) return
  throw new TicketsError(
    'DB_AUTH',
    `The tables belong to the role ${quote(found!.owner)}, and only their owner can migrate. Log in as that role. Nothing was changed.`,
  )
}

// If another role may create objects in the schema, its operators or functions may match these
// types better than PostgreSQL's own.
const STAY_IN_ONE_SCHEMA = `
  select pg_catalog.set_config(
           'search_path',
           pg_catalog.quote_ident(coalesce(nspname, pg_catalog.current_schema())) || ', pg_temp',
           true),
         pg_catalog.pg_get_userbyid(relowner) as owner,
         pg_catalog.pg_has_role(relowner, 'usage') as "isOwner"
  from pg_catalog.to_regclass('knex_migrations') as migrations
  left join pg_catalog.pg_class on pg_class.oid operator(pg_catalog.=) migrations
  left join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace`

/**
 * Warns if every role may create objects in the schema, as in `public` before PostgreSQL 15, or if
 * the role of `--grant` may. PostgreSQL prefers a function or an operator with better matching
 * types to its own, and runs it with the rights of the caller's login.
 */
async function warnOfCreators(
  trx: Knex.Transaction,
  role: string | null,
  onWarning: (sentence: string) => void,
): Promise<void> {
  const [creator] = await query<{ who: string; schema: string; grantee: string }>(
    trx,
    `select case when everybody then 'Every role' else 'The role ' || quote_ident(role) end as who,
            case when everybody then 'public' else quote_ident(role) end as grantee,
            quote_ident(nspname) as schema
     from (values (?::text)) as asked (role), pg_namespace,
          has_schema_privilege('public', pg_namespace.oid, 'create') as everybody
     where nspname = current_schema()
       and (everybody or has_schema_privilege(role::name, pg_namespace.oid, 'create')
                         and not pg_has_role(role::name, current_user, 'usage'))`,
    [role],
  )
  if (creator === undefined) return
  const { who, grantee, schema } = creator
  onWarning(
    `${escapeControls(who)} may create functions and operators in the schema ${escapeControls(schema)}, and code in them could run with the rights of other roles that use the schema. Revoke this right: REVOKE CREATE ON SCHEMA ${escapeControls(schema)} FROM ${escapeControls(grantee)};`,
  )
}

/** Throws NOT_MIGRATED unless the encoding is UTF8: names and customers are Unicode. */
export async function requireUnicode(trx: Knex.Transaction): Promise<void> {
  const [row] = await query<{ encoding: string }>(
    trx,
    `select pg_catalog.current_setting('server_encoding') as encoding`,
  )
  if (row!.encoding === 'UTF8') return
  throw new TicketsError(
    'NOT_MIGRATED',
    `The encoding of this database is ${row!.encoding}, and tickets needs UTF8. Nothing was changed. Create another one: CREATE DATABASE tickets ENCODING 'UTF8' TEMPLATE template0;`,
  )
}

/** duplicate_table, duplicate_function, duplicate_object */
const TAKEN_NAMES = ['42P07', '42723', '42710']

/** Throws NOT_MIGRATED if another program's table, function or type has the name of a new one. */
export function refuseTakenName(error: unknown): never {
  if (!TAKEN_NAMES.includes(sqlState(error) ?? '')) throw error
  const { message } = error as Error
  throw new TicketsError(
    'NOT_MIGRATED',
    `Another program's objects are in the way: ${escapeControls(message)}. Nothing was changed. ${ELSEWHERE}`,
    { cause: error },
  )
}

const ELSEWHERE =
  'Use another database, or create a schema for tickets and name it in TICKETS_SCHEMA.'

/** A schema without the USAGE privilege looks empty: PostgreSQL does not find its tables. */
async function isSchemaClosed(knex: Knex): Promise<boolean> {
  const closed = await query(
    knex,
    `select 1 from pg_namespace
     where not has_schema_privilege(oid, 'usage') and nspname in (
       select case part[1] when '"$user"' then current_user
                           else replace(trim(both '"' from part[1]), '""', '"') end
       from regexp_matches(current_setting('search_path'), '("([^"]|"")*"|[^", ]+)', 'g') as part
     )`,
  )
  return closed.length > 0
}

async function appliedMigrations(knex: Knex): Promise<string[]> {
  try {
    const rows = await knex('knex_migrations').select<{ name: string }[]>('name').orderBy('id')
    return rows.map((row) => row.name)
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return []
    throw error
  }
}

/** Throws SCHEMA_TOO_NEW, or NOT_MIGRATED if all of the migrations are another program's. */
export function refuseNewerSchema(status: SchemaStatus): void {
  if (status.unknown.length === 0) return
  if (status.applied.length === 0) {
    throw new TicketsError(
      'NOT_MIGRATED',
      `Another program keeps its migrations here (knex_migrations has ${quote(status.unknown.at(-1)!)}). ${ELSEWHERE}`,
    )
  }
  throw new TicketsError(
    'SCHEMA_TOO_NEW',
    `The schema is newer than this program (it has ${status.unknown.at(-1)}). Upgrade tickets.`,
  )
}
