import { afterAll, beforeAll, expect, test } from 'vitest'
import { judgeRoom } from '../../../src/database/doctor/machine-checks.js'
import {
  readServer,
  type Server,
  serverChecks,
} from '../../../src/database/doctor/server-checks.js'
import type { Database } from '../../../src/database/knex-pool.js'
import { openCore } from '../../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'

let testDatabase: TestDatabase
let db: Database
let server: Server
beforeAll(async () => {
  testDatabase = await cloneDatabase()
  db = openCore(testDatabase)
  server = await readServer(db)
})
afterAll(async () => {
  await db.close()
  await testDatabase.drop()
})

test.each([
  ['13.22 (Debian 13.22-1)', 'wrong'],
  ['14.0', 'ok'],
  ['19beta1', 'ok'],
])('PostgreSQL %s is %s', async (version, status) => {
  const settings = { server_version: version }
  expect(await serverChecks.version!({ ...server, settings })).toMatchObject({ status })
})

test('a standby cannot book, and what it lacks is not known there', async () => {
  const standby = { ...server, isStandby: true }
  expect(await serverChecks.primary!(standby)).toMatchObject({ status: 'wrong' })
  expect(await serverChecks.replication!(standby)).toMatchObject({ status: 'skipped' })
})

test('time-outs that differ from the requested ones are wrong', async () => {
  expect(await serverChecks['time-outs']!(server)).toMatchObject({ status: 'ok' })
  const changed = { ...server, db: { ...db, waitMs: db.waitMs + 1 } }
  expect(await serverChecks['time-outs']!(changed)).toMatchObject({ status: 'wrong' })
})

test.each([
  [1.1e9, 'ok'],
  [0.9e9, 'warning'],
  [0.09e9, 'wrong'],
  [0, 'wrong'],
])('a disk with %d free bytes is %s', (bytes, status) => {
  expect(judgeRoom('/data', bytes)).toMatchObject({ status })
})
