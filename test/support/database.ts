import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of a test's own, migrated and empty. */
export interface TestDatabase {
  name: string
  /** For `--db`, DATABASE_URL and node-postgres. */
  url: string
  /** Runs SQL behind the program's back; its rows. */
  sql<Row = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<Row[]>
  /** Ends whoever is connected, unless told not to. */
  drop(options?: { force?: boolean }): Promise<void>
}

export interface CloneOptions {
  /** Without the schema. */
  empty?: boolean
  /** A copy of this one, which nothing may use any more, instead of the migrated template. */
  of?: TestDatabase
  /** Of an empty database: `encoding 'UTF8' locale 'C'`, and whatever else CREATE DATABASE takes. */
  locale?: string
}

/** Clones the migrated template: a few milliseconds, and nobody else's rows. */
export async function cloneDatabase(options: CloneOptions = {}): Promise<TestDatabase> {
  const server = inject('server')
  const { empty = false, of, locale = '' } = options
  const original = of?.name ?? server.database
  // Its own pool keeps some for a while.
  if (of) await asAdmin(`select ${END_CONNECTIONS} where datname = '${original}'`)
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = empty ? 'template0' : original
  // Half of the CPU time of the other strategy, which writes the whole database to the log as well.
  await asAdmin(`create database ${name} template ${template} strategy file_copy ${locale}`)
  const { host, port, user } = server
  const pool = new pg.Pool({ host, port, user, database: name, max: 4 })
  pool.on('error', () => {}) // A test may cut every connection, this one's too.
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
  // The test file's process ends while it is idle.
  const once = { max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true }
  if (admin === undefined) {
    admin = new pg.Pool({ ...inject('server'), database: 'postgres', ...once })
    admin.on('error', () => {}) // A test may cut every connection, this one's too.
  }
  await admin.query(statement)
}
