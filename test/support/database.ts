import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database for one test: migrated and empty. */
export interface TestDatabase {
  name: string
  /** For `--db`, DATABASE_URL and node-postgres. */
  url: string
  /** Runs SQL directly, not through the program, and returns the rows. */
  sql<Row = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<Row[]>
  /** Drops the database. Disconnects its clients first, unless `force` is false. */
  drop(options?: { force?: boolean }): Promise<void>
}

export interface CloneOptions {
  /** Do not migrate it. */
  empty?: boolean
  /**
   * Copy this database instead of the migrated template. Nothing may be connected to it any more.
   */
  of?: TestDatabase
  /** Options of CREATE DATABASE for an empty database, such as `encoding 'UTF8' locale 'C'`. */
  locale?: string
}

/**
 * Clones the migrated template. This takes a few milliseconds, and the rows of other tests are not
 * in it.
 */
export async function cloneDatabase(options: CloneOptions = {}): Promise<TestDatabase> {
  const server = inject('server')
  const { empty = false, of, locale = '' } = options
  const original = of?.name ?? server.database
  // The pool of that database keeps its connections open for a while.
  if (of) await asAdmin(`select ${END_CONNECTIONS} where datname = '${original}'`)
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = empty ? 'template0' : original
  // The other strategy writes the whole database to the log as well, and takes twice the CPU time.
  await asAdmin(`create database ${name} template ${template} strategy file_copy ${locale}`)
  const { host, port, user } = server
  const pool = new pg.Pool({ host, port, user, database: name, max: 4 })
  pool.on('error', () => {}) // A test may cut all connections, including this one.
  return {
    name,
    url: `postgresql://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`,
    sql: async (statement, values) => (await pool.query(statement, values)).rows,
    async drop({ force = true } = {}) {
      await pool.end()
      await asAdmin(`drop database ${name}${force ? ' with (force)' : ''}`)
    },
  }
}

const END_CONNECTIONS = 'pg_terminate_backend(pid) from pg_stat_activity'

/** One connection for all databases of a test file. */
let admin: pg.Pool | undefined

async function asAdmin(statement: string): Promise<void> {
  // Let the process of the test file exit while this connection is idle.
  const once = { max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true }
  if (admin === undefined) {
    admin = new pg.Pool({ ...inject('server'), database: 'postgres', ...once })
    admin.on('error', () => {}) // A test may cut all connections, including this one.
  }
  await admin.query(statement)
}
