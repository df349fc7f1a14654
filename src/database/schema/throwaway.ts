import { randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { TicketsError } from '../../shared/errors.js'
import { sqlState } from '../failures.js'
import type { Database } from '../knex-pool.js'
import { withRetry } from '../retry.js'
import { query } from '../sql.js'

const PREFIX = 'tickets_throwaway_'

/**
 * Creates an empty schema, runs `work` with its name, and drops the schema with its contents, even
 * if `work` fails. The next run drops the schema of a run that was killed.
 *
 * `db` needs two connections and must have no signal, because an interruption must not prevent the
 * drop. Throws DB_AUTH if the login may not create schemas, and what `work` throws.
 */
export async function withThrowawaySchema<T>(
  db: Database,
  work: (schema: string) => Promise<T>,
): Promise<T> {
  const schema = PREFIX + randomBytes(6).toString('hex')
  return withOwnership(db, schema, async () => {
    await withRetry(db, () => dropLeftovers(db.knex))
    await withRetry(db, () => createSchema(db, schema))
    let result: T
    try {
      result = await work(schema)
    } catch (error) {
      // Reports the original failure; the next run drops the schema.
      await dropSchema(db, schema).catch(() => {})
      throw error
    }
    await dropSchema(db, schema)
    return result
  })
}

/** The key of the advisory lock that a run holds on its schema. */
const OWNERSHIP = `hashtext('tickets throwaway'), hashtext(?)`

/**
 * Holds the lock on a dedicated connection: the lock ends with the connection, even if the run is
 * killed.
 */
async function withOwnership<T>(db: Database, schema: string, work: () => Promise<T>): Promise<T> {
  const { client } = db.knex
  const keeper = await withRetry(db, async () => {
    const connection = await client.acquireConnection()
    try {
      await db.knex.raw(`select pg_advisory_lock(${OWNERSHIP})`, [schema]).connection(connection)
      return connection
    } catch (error) {
      await client.releaseConnection(connection)
      throw error
    }
  })
  try {
    return await work()
  } finally {
    await client.releaseConnection(keeper)
  }
}

async function createSchema(db: Database, schema: string): Promise<void> {
  try {
    await db.knex.raw('create schema if not exists ??', [schema])
  } catch (error) {
    if (sqlState(error) !== '42501') throw error
    throw new TicketsError(
      'DB_AUTH',
      `This login may not create a schema for a throwaway show in the ${db.target.name}. Name a show of your own instead, or ask for GRANT CREATE ON DATABASE.`,
      { cause: error },
    )
  }
}

function dropSchema(db: Database, schema: string): Promise<void> {
  return withRetry(db, async () => {
    await db.knex.raw('drop schema if exists ?? cascade', [schema])
  })
}

async function dropLeftovers(knex: Knex): Promise<void> {
  const leftovers = await query<{ nspname: string }>(
    knex,
    `select nspname from pg_namespace where nspname ^@ ? and nspowner = current_user::regrole`,
    [PREFIX],
  )
  for (const { nspname } of leftovers) await dropIfNobodyOwnsIt(knex, nspname)
}

/** Holds the lock until the transaction ends, so that two runs never drop the same schema. */
async function dropIfNobodyOwnsIt(knex: Knex, schema: string): Promise<void> {
  await knex.transaction(async (trx) => {
    const [lock] = await query<{ isFree: boolean }>(
      trx,
      `select pg_try_advisory_xact_lock(${OWNERSHIP}) as "isFree"`,
      [schema],
    )
    if (lock!.isFree) await trx.raw('drop schema if exists ?? cascade', [schema])
  })
}
