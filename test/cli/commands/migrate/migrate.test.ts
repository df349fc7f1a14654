import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrationSource } from '../../../../src/database/schema/migrate.js'
import { tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tickets-migrate-'))
  db = await cloneDatabase({ empty: true })
})
afterAll(async () => {
  await db.drop()
  await rm(scratch, { recursive: true })
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const all = await migrationSource.getMigrations([])
const lines = (state: string) => all.map((name) => `${state}${name}`).join('\n')

describe('a database other than the embedded one', () => {
  it('that is not migrated: commands say what to do, and start no embedded server', async () => {
    const dataDir = join(scratch, 'never')
    const env = { TICKETS_DATA_DIR: dataDir, XDG_DATA_HOME: dataDir }
    const [list, book, json, status, check] = await Promise.all(
      [
        ['show', 'list'],
        ['book', 'Cats', '--seats', '1'],
        ['show', 'list', '--json'],
        ['migrate', '--status'],
        ['migrate', '--check', '--json'],
      ].map((args) => runInProcess(args, { DATABASE_URL: db.url, ...env })),
    )
    for (const ran of [list, book]) {
      expect(ran).toMatchObject({ exitCode: 6, stdout: '' })
      expect(ran!.stderr.replace(/\s+/g, ' ')).toContain('Run `tickets migrate`')
    }
    expect(json!.exitCode).toBe(6)
    expect(json!.json().error).toMatchObject({ code: 'NOT_MIGRATED', retryable: false })
    expect(status).toMatchObject({ exitCode: 0, stdout: `${lines('pending\t')}\n` })
    expect(check!.exitCode).toBe(7)
    expect(check!.json()).toMatchObject({ ok: false, applied: [], pending: all })
    // None of them created a table.
    expect(await db.sql(`select 1 from pg_tables where schemaname = 'public'`)).toEqual([])
    expect(existsSync(dataDir)).toBe(false)
  })

  it('is migrated by eight processes at once: all exit with 0, one of them applied the migrations', async () => {
    const ran = await Promise.all(
      Array.from({ length: 8 }, () => tickets(['migrate', '--json'], { db: db.url })),
    )
    expect(ran.map(({ exitCode }) => exitCode)).toEqual(Array(8).fill(0))
    expect(ran.flatMap(({ json }) => json().applied)).toEqual(all)
    const [{ stderr }] = ran as [(typeof ran)[0]]
    expect(stderr).toMatch(/^.* "test_\w+" on /)
    const check = await run('migrate', '--check')
    expect(check).toMatchObject({ exitCode: 0, stdout: `${lines('applied\t')}\n` })
  })

  it('with bookings in it is rolled back only after confirmation', async () => {
    const show = await insertShow(db)
    await run('book', show, '--seats', '1')
    const refused = await run('migrate', '--rollback')
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
    expect(refused.stderr).toMatch(/--yes/)
    expect(await db.sql('select seats from bookings')).toEqual([{ seats: [1] }])

    const meant = await run('migrate', '--rollback', '--yes', '--json')
    expect(meant.json()).toEqual({ rolled_back: all.toReversed() })
    expect(await db.sql(`select to_regclass('bookings') as bookings`)).toEqual([{ bookings: null }])
    const again = await run('migrate', '--rollback')
    expect(again).toMatchObject({ exitCode: 0, stdout: '' })
    expect(again.stderr).not.toContain('0001')
    expect((await run('migrate')).stdout).toBe(`${lines('applied ')}\n`)
  })

  it('with a newer schema is changed by no command: exit code 6, upgrade tickets', async () => {
    await db.sql(`insert into knex_migrations (name, batch) values ('9999_from_the_future', 9)`)
    const ran = await Promise.all(
      [['show', 'list'], ['migrate'], ['migrate', '--rollback', '--yes']].map((args) =>
        run(...args, '--json'),
      ),
    )
    for (const { exitCode, json } of ran) {
      expect(exitCode).toBe(6)
      expect(json().error.code).toBe('SCHEMA_TOO_NEW')
      expect(json().error.message).toEqual(withFacts('9999_from_the_future'))
    }
    const check = await run('migrate', '--check', '--json')
    expect(check.exitCode).toBe(7)
    expect(check.json()).toMatchObject({ ok: false, unknown: ['9999_from_the_future'] })
    expect(await db.sql(`select to_regclass('shows')::text as shows`)).toEqual([{ shows: 'shows' }])
  })
})

describe('a database that already has such tables', () => {
  it.each([
    ['a table', 'create table bookings (guest text)', /"bookings"/],
    ['a table of a later migration', 'create table history (era text)', /"history"/],
    ['a view', 'create view shows as select 1 as id', /"shows"/],
    ['a function', 'create function show_facts(int) returns int return 1', undefined],
    [
      'migrations of its own',
      `create table knex_migrations (id serial, name text, batch int, migration_time timestamptz);
       insert into knex_migrations (name) values ('20240101_users.js')`,
      /20240101_users\.js/,
    ],
    [
      'an empty list of migrations, and a table',
      `create table knex_migrations (id serial, name text, batch int, migration_time timestamptz);
       create table bookings (guest text)`,
      /"bookings"/,
    ],
  ])('as another program has %s there', async (_what, sql, named) => {
    const taken = await cloneDatabase({ empty: true })
    await taken.sql(sql)
    const before = await tablesOf(taken)
    const ran = await runInProcess(['migrate', '--json'], { DATABASE_URL: taken.url })
    if (named === undefined) {
      // Functions of one name with different parameters can exist side by side.
      expect(ran.exitCode).toBe(0)
    } else {
      const { error } = ran.json()
      expect([ran.exitCode, error.code]).toEqual([6, 'NOT_MIGRATED'])
      expect(error.message).toMatch(named)
      expect(error.message).toEqual(withFacts('TICKETS_SCHEMA'))
      expect(await tablesOf(taken)).toEqual(before)
      const book = ['book', 'Cats', '--seats', '1', '--json']
      const sold = await runInProcess(book, { DATABASE_URL: taken.url })
      expect([sold.exitCode, sold.json().error.code]).toEqual([6, 'NOT_MIGRATED'])
      await taken.sql('create schema theatre')
      const env = { DATABASE_URL: taken.url, TICKETS_SCHEMA: 'theatre' }
      expect((await runInProcess(['migrate'], env)).exitCode).toBe(0)
    }
    await taken.drop()
  })

  it.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])('as its encoding is %s', async (encoding) => {
    const other = await cloneDatabase({ empty: true, locale: `encoding '${encoding}' locale 'C'` })
    const ran = await runInProcess(['migrate', '--json'], { DATABASE_URL: other.url })
    const { error } = ran.json()
    expect([ran.exitCode, error.code]).toEqual([6, 'NOT_MIGRATED'])
    expect(error.message).toMatch(new RegExp(`${encoding}.*UTF8`))
    expect(await tablesOf(other)).toEqual([])
    await other.drop()
  })
})

async function tablesOf({ sql }: TestDatabase) {
  return sql(
    `select schemaname, tablename from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2`,
  )
}
