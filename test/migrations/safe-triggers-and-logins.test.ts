import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { down, up } from '../../migrations/0009_safe_triggers_and_logins.js'
import { down as takeBackText } from '../../migrations/0010_text_as_typed.js'
import { down as takeBackPlans } from '../../migrations/0012_house_plans.js'
import { down as takeBackFormerSeats } from '../../migrations/0013_seats_of_former_plans.js'
import type { Database } from '../../src/database/knex-pool.js'
import { migrate } from '../../src/database/schema/migrate.js'
import { openTickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { migrateBefore } from '../support/migrate-before.js'
import { insertShow } from '../support/shows.js'

let db: TestDatabase
let core: Database

beforeAll(async () => {
  db = await cloneDatabase({ empty: true })
  core = openCore(db)
})
afterAll(async () => {
  await core.close()
  await db.drop()
})

test('an upgrade leaves the login of earlier events empty, and records it from then on', async () => {
  await core.knex.transaction((trx) => migrateBefore(trx, '0009'))
  const show = await insertShow(db)
  await migrate(core)
  await db.sql(`update shows set name = 'Dogs'`)
  const tickets = openTickets({ database: db.url, env: {} })
  const logins: (string | null)[] = []
  for await (const { login } of tickets.listHistory({ show })) logins.push(login)
  await tickets.close()
  expect(logins).toEqual([null, inject('server').user])
})

test('the functions keep the settings for their plans', async () => {
  const [settings] = await db.sql(
    `select proconfig from pg_proc where proname = 'record_changed_bookings'`,
  )
  expect(settings).toEqual({
    proconfig: expect.arrayContaining(['enable_nestloop=off', 'enable_hashjoin=on']),
  })
})

test('after a rollback and another run, the history is kept, and the functions are the same', async () => {
  const functions = () =>
    db.sql(
      `select pg_get_functiondef(oid) as definition, proacl::text
       from pg_proc where pronamespace = 'public'::regnamespace order by proname`,
    )
  const events = () => db.sql('select id, action, before, after from history order by id')
  // Later migrations have changed some of the functions.
  await core.knex.transaction((trx) => takeBackFormerSeats(trx))
  await core.knex.transaction((trx) => takeBackPlans(trx))
  await core.knex.transaction((trx) => takeBackText(trx))
  const [functionsBefore, eventsBefore] = [await functions(), await events()]
  await core.knex.transaction((trx) => down(trx))
  expect(await events()).toEqual(eventsBefore)
  await db.sql(`update shows set name = 'Mice'`)
  expect(await events()).toMatchObject([...eventsBefore, { action: 'edited' }])
  await core.knex.transaction((trx) => up(trx))
  await db.sql(`update shows set name = 'Cats'`)
  expect(await events()).toHaveLength(eventsBefore.length + 2)
  expect(await functions()).toEqual(functionsBefore)
})
