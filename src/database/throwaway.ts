import { randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { TicketsError } from '../shared/errors.js'
import { sqlState } from './failures.js'
import type { Database } from './knex-pool.js'
import { withRetry } from './retry.js'
import { query } from './sql.js'

const PREFIX = 'tickets_throwaway_'

/**
 * Runs `work` with the name of an empty schema of its own, and drops the schema with all that is in
 * it at the end, whatever the end is. What a killed run left behind is dropped by the next one.
 *
 * `db` needs two connections, and no signal: an interruption must not keep the schema from being
 * dropped. Throws DB_AUTH where the login may not create schemas, and what `work` throws.
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
      // The failure matters more than what is left behind, and the next run sees to that.
      await dropSchema(db, schema).catch(() => {})
      throw error
    }
    await dropSchema(db, schema)
    return result
  })
}

/** The key of the advisory lock that says: the run that made this schema still goes on. */
const OWNERSHIP = `hashtext('tickets throwaway'), hashtext(?)`

/** Keeps one connection, whose lock ends with it: a run that is killed owns nothing any more. */
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

/** The lock lasts as long as the transaction, so that two runs never drop the same schema. */
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
