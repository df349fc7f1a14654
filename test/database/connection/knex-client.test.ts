import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../../src/database/knex-pool.js'
import { openCore } from '../../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'

let db: TestDatabase
let core: Database
beforeAll(async () => {
  db = await cloneDatabase()
  core = openCore(db)
})
afterAll(async () => {
  await core.close()
  await db.drop()
})

const acquire = () => core.knex.client.acquireConnection() as Promise<pg.Client>
const release = (connection: pg.Client) => core.knex.client.releaseConnection(connection)

test('a connection whose transaction has ended is used again', async () => {
  const connection = await acquire()
  await connection.query('begin')
  await connection.query('commit')
  await release(connection)
  const next = await acquire()
  expect(next).toBe(connection)
  await release(next)
})

test.each([
  ['goes on', 'select 1'],
  ['has failed', 'select 1 / 0'],
])(
  'a connection whose transaction %s, as its COMMIT was cancelled, is not used again',
  async (_, statement) => {
    const connection = await acquire()
    await connection.query('begin')
    await connection.query(statement).catch(() => {})
    await release(connection)
    const next = await acquire()
    expect(next).not.toBe(connection)
    await release(next)
  },
)
