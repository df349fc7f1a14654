import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'

/** What another role may have put into the schema before its owner, here a superuser, migrates. */

let db: TestDatabase
let clerk: string
let asClerk: pg.Client
beforeEach(async () => {
  db = await cloneDatabase()
  clerk = `clerk_${randomBytes(4).toString('hex')}`
  await db.sql(`create role ${clerk} login`)
  await db.sql(`grant create on schema public to ${clerk}`)
  asClerk = new pg.Client(db.url)
  await asClerk.connect()
  await asClerk.query(`set role ${clerk}`)
})
afterEach(async () => {
  await asClerk.end()
  await db.sql(`drop owned by ${clerk}`)
  await db.sql(`drop role ${clerk}`)
  await db.drop()
})

/** A body that makes the clerk a superuser if it is ever run with the rights to do so. */
const body = () =>
  `language plpgsql as $$ begin
     if (select rolsuper from pg_roles where rolname = current_user) then
       alter role ${clerk} superuser;
     end if;
     return null;
   end $$`

const planted: [string, () => string][] = [
  [
    'pg_advisory_xact_lock',
    () => `create function pg_advisory_xact_lock(int) returns int ${body()}`,
  ],
  [
    'has_schema_privilege',
    () => `create function has_schema_privilege(text, oid, text) returns bool ${body()}`,
  ],
  [
    'has_database_privilege',
    () => `create function has_database_privilege(text, name, text) returns bool ${body()}`,
  ],
  [
    'an operator',
    () => `create function same(text, name) returns bool ${body()};
           create operator = (leftarg = text, rightarg = name, function = same)`,
  ],
]

test.each(planted)(
  '%s of another role is not run by migrate, which refuses',
  async (_what, sql) => {
    await asClerk.query(sql())
    for (const args of [
      ['migrate', '--json'],
      ['migrate', '--grant', clerk, '--json'],
    ]) {
      const ran = await runInProcess(args, { DATABASE_URL: db.url })
      expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_AUTH'])
      expect(ran.json().error.message).toContain(clerk)
    }
    const rows = await db.sql(`select rolsuper from pg_roles where rolname = '${clerk}'`)
    expect(rows).toEqual([{ rolsuper: false }])
  },
)

test('functions of another role with other names are allowed', async () => {
  await asClerk.query(`create function opening_hours() returns int ${body()}`)
  const ran = await runInProcess(['migrate', '--grant', clerk], { DATABASE_URL: db.url })
  expect(ran.exitCode).toBe(0)
})
