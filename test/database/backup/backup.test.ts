import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { execa, execaNode } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TABLES } from '../../../src/database/backup/format.js'
import { openTickets } from '../../../src/index.js'
import { bareEnvironment, program, tickets } from '../../support/cli.js'
import { openCore } from '../../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { diceFor } from '../../support/dice.js'
import { runInProcess } from '../../support/in-process.js'
import { migrateBefore } from '../../support/migrate-before.js'
import { holdBack, isStatement, type Message, openProxy } from '../../support/proxy.js'
import { insertShow } from '../../support/shows.js'
import { openTerminal } from '../../support/terminal.js'
import { until } from '../../support/until.js'
import { withFacts } from '../../support/wording.js'
import { ALL_TABLES, everyRow, fillDatabase } from './rows.js'

let directory: string
let source: TestDatabase
/** A backup of `source`. */
let file: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tickets-backup-'))
  source = await cloneDatabase()
  await fillDatabase(source)
  file = await backUp(source, 'source.gz')
})
afterAll(async () => {
  await source.drop()
  await rm(directory, { recursive: true })
})

/** An empty database, replaced by a new one after each test that has filled it. */
let target: TestDatabase
beforeAll(async () => {
  target = await cloneDatabase({ empty: true })
})
afterAll(() => target.drop())
afterEach(async () => {
  const [objects] = await target.sql(OBJECTS)
  if (objects!.n === 0) return
  await target.drop()
  target = await cloneDatabase({ empty: true })
})

/** The relations and schemas, without those of PostgreSQL. */
const OBJECTS = `select count(*)::integer as n
  from (select oid from pg_class union all select oid from pg_namespace) where oid >= 16384`

const on = ({ url }: { url: string }, ...argv: string[]) =>
  runInProcess(argv, { DATABASE_URL: url })
const restore = (path = file, to: { url: string } = target) =>
  on(to, 'db', 'restore', path, '-y', '--json')

async function backUp(db: { url: string }, name: string): Promise<string> {
  const path = join(directory, name)
  expect(await on(db, 'db', 'backup', path)).toMatchObject({ exitCode: 0, stdout: `${path}\n` })
  return path
}

/** The connections of the program to this database. */
const OTHERS = `select count(*)::integer as n from pg_stat_activity
  where datname = current_database() and application_name = 'tickets'`

/** Every row of the target, or why there are none. */
async function found() {
  // After a restore was cut off, the server may still be about to end its transaction.
  await until(async () => (await target.sql(OTHERS))[0]!.n === 0)
  const [shows] = await target.sql(`select to_regclass('shows') is not null as "exist"`)
  if (!shows!.exist) return 'no schema'
  const rows = await everyRow(target.sql)
  return Object.values(rows).every((all) => all.length === 0) ? 'no rows' : rows
}

describe('a backup', () => {
  it('restores every row, into a new database and into a migrated one', async () => {
    const rows = await everyRow(source.sql)
    expect(rows.bookings!.length).toBe(9)
    const ran = await restore()
    expect(ran).toMatchObject({ exitCode: 0, stderr: withFacts('4 shows', '9 bookings') })
    const counts = { plans: 1, shows: 4, bookings: 9, admissions: 3, api_tokens: 1 }
    expect(ran.json()).toMatchObject({ ok: true, shows: 4, bookings: 9, rows: counts })
    expect(await found()).toEqual(rows)

    const migrated = await cloneDatabase()
    expect(await restore(file, migrated)).toMatchObject({ exitCode: 0 })
    expect(await everyRow(migrated.sql)).toEqual(rows)
    await migrated.drop()
  })

  it('continues where the original stopped: keys are replayed, seats are sold, the history goes on', async () => {
    await restore()
    const book = async (...args: string[]) => {
      const ran = await on(target, 'book', 'L’Été', '--json', ...args)
      return [ran.exitCode, ran.json().replayed ?? ran.json().error.code]
    }
    const kept = ['--seats', 'A1-A4', '--key', 'kept', '--customer', `\\. "O'Neil" \\N\u2028🎭`]
    expect(await book(...kept)).toEqual([0, true])
    expect(await book('--seats', 'A1', '--key', 'refused')).toEqual([4, 'SEATS_TAKEN'])
    expect(await book('--seats', 'E1')).toEqual([0, false])
    for (const change of ['update history set at = now()', 'delete from history']) {
      await expect(target.sql(change)).rejects.toThrow('append-only')
    }
    const last = 'select action from history order by id desc limit 1'
    expect(await target.sql(last)).toEqual([{ action: 'confirmed' }])
    expect(await on(target, 'verify')).toMatchObject({ exitCode: 0 })
  })

  it('is a snapshot: what is sold while it is written is not in it', async () => {
    const selling = await cloneDatabase()
    const show = await insertShow(selling)
    const sell = (seat: string) => on(selling, 'book', show, '--seats', seat, '--customer', 'Ada')
    await sell('1')
    const before = await everyRow(selling.sql)
    const proxy = await openProxy(selling.url)
    const reached = holdBack(proxy, (message) => isStatement(message, 'from "bookings"'))
    const path = join(directory, 'moment.gz')
    const backup = on(proxy, 'db', 'backup', path)
    const release = await reached
    expect((await sell('2')).exitCode).toBe(0)
    release()
    expect((await backup).exitCode).toBe(0)
    await proxy.close()
    expect(await restore(path)).toMatchObject({ exitCode: 0 })
    expect(await found()).toEqual(before)
    await selling.drop()
  })

  it('restores with a login that owns its database and is not a superuser, into a separate schema', async () => {
    await source.sql(
      `do $$ begin create role restorer login; exception when others then null; end $$`,
    )
    const [{ name }] = (await target.sql('select current_database() as name')) as [{ name: string }]
    await target.sql(`create schema box authorization restorer`)
    const env = {
      DATABASE_URL: target.url.replace(/\/\/[^@]*@/, '//restorer@'),
      TICKETS_SCHEMA: 'box',
    }
    const [{ method }] = (await target.sql(
      `select auth_method as method from pg_hba_file_rules limit 1`,
    )) as [{ method: string }]
    // The server accepts only its own user, who takes on the role.
    expect([name, method]).toEqual([expect.any(String), 'peer'])
    const options = `${target.url}&options=${encodeURIComponent('-c role=restorer')}`
    const ran = await runInProcess(['db', 'restore', file, '-y'], { ...env, DATABASE_URL: options })
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(await everyRow(target.sql, 'box')).toEqual(await everyRow(source.sql))
    expect(
      await target.sql(`select distinct tableowner from pg_tables where schemaname = 'box'`),
    ).toEqual([{ tableowner: 'restorer' }])
  })

  it('contains every table that no trigger fills, and disables every trigger that writes the history', async () => {
    const names = await source.sql<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    )
    expect(names.map(({ name }) => name).sort()).toEqual([...ALL_TABLES].sort())
    const writers = await source.sql<{ name: string }>(
      `select distinct proname as name from pg_proc join pg_trigger on tgfoid = pg_proc.oid
       where prosrc like '%insert into history%' order by 1`,
    )
    expect(writers.length).toBeGreaterThan(3)
    expect(writers.filter(({ name }) => !name.startsWith('record_'))).toEqual([])
  })

  it.each(['0002', '0007', '0009', '0011', '0012', '0013'])(
    'of a schema before migration %s restores into an empty and into a migrated database',
    async (migration) => {
      const old = await cloneDatabase({ empty: true })
      const core = openCore(old)
      await core.knex.transaction((trx) => migrateBefore(trx, migration))
      await core.close()
      const show = await insertShow(old, { name: 'Hamlet' })
      await old.sql(
        `insert into bookings (id, reference, show_id, status, seats, key, key_request)
         values (gen_random_uuid(), 'AAAA2222', $1, 'HELD', '{1}', 'a key', '{}')`,
        [show],
      )
      const path = await backUp(old, `${migration}.gz`)
      const migrated = await cloneDatabase()
      for (const db of [target, migrated]) {
        expect(await restore(path, db)).toMatchObject({ exitCode: 0 })
        const rows = await db.sql(
          'select name, reference, held_in from bookings join shows on shows.id = show_id',
        )
        expect(rows).toEqual([{ name: 'Hamlet', reference: 'AAAA2222', held_in: show }])
        expect((await on(db, 'migrate', '--check')).exitCode).toBe(0)
        // The later migrations have changed the rows, even if the target's schema was newer.
        expect(await db.sql('select max(batch) as batch from knex_migrations')).toEqual([
          { batch: 2 },
        ])
        expect(
          (await on(db, 'show', 'list', '--search', 'hamlet', '-o', 'json')).json(),
        ).toHaveLength(1)
      }
      await Promise.all([old.drop(), migrated.drop()])
    },
  )

  it('of 30 MB is written and restored in a heap of 20 MB', async () => {
    const large = await cloneDatabase()
    await large.sql(`
      begin;
      set local session_replication_role = replica;
      with house as (
        insert into shows (id, name, start_time, time_zone, total_seats, booked_seats, confirmed_seats_count)
        select gen_random_uuid(), 'House', now(), 'UTC', 8, '\\x00', 0
        returning id
      ), names as (insert into show_ids select id from house)
      insert into bookings (id, reference, show_id, status, seats, failure, note)
      select gen_random_uuid(), translate(lpad(n || '', 8, '0'), '01', 'AB'), id, 'FAILED', '{1}', '{"code":"SEATS_TAKEN"}', repeat('é', 1000)
      from house, generate_series(1, 15000) n;
      commit`)
    const env = { NODE_OPTIONS: '--max-old-space-size=20' }
    const path = join(directory, 'large.gz')
    const written = await tickets(['db', 'backup', path], { db: large.url, env })
    expect(written).toMatchObject({ exitCode: 0 })
    await large.drop()
    const ran = await tickets(['db', 'restore', path, '-y'], { db: target.url, env })
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.stdout).toContain('1 show, 15,000 bookings')
  })
})

it('a restore of tokens says that tokens revoked since the backup work again', async () => {
  expect((await restore()).stderr).toEqual(withFacts('tickets token list'))
  const none = await cloneDatabase()
  const path = await backUp(none, 'no tokens.gz')
  await target.drop()
  target = await cloneDatabase({ empty: true })
  expect((await restore(path)).stderr).not.toContain('token')
  await none.drop()
})

it('restores a part that comes more than one statement before the hold it was sold from', async () => {
  const split = await cloneDatabase()
  const show = await insertShow(split)
  const clerk = openTickets({ database: split.url, env: {}, cwd: '/nowhere' })
  const { booking } = await clerk.book(show, { seats: '1-4', hold: 'forever' })
  await clerk.confirmBooking(booking.id, { seats: '1-2' })
  await clerk.close()
  await split.sql(
    `insert into bookings (id, reference, show_id, status, seats, failure)
     select gen_random_uuid(), translate(lpad(n || '', 8, '0'), '01', 'AB'), $1, 'FAILED', '{1}', '{"code":"SEATS_TAKEN"}'
     from generate_series(1, 1500) n`,
    [show],
  )
  // Fills the page of the row with its versions, so that the row moves to the last page.
  await split.sql(
    `do $$ begin for n in 1..100 loop update bookings set note = n where status = 'HELD'; end loop; end $$`,
  )
  const path = await backUp(split, 'split.gz')
  const rows = gunzipSync(await readFile(path))
    .toString()
    .split('\n')
  const placeOf = (part: string) => rows.findIndex((row) => row.includes(part))
  const [hold, part] = [`{"id":"${booking.id}"`, `"split_from":"${booking.id}"`]
  expect(placeOf(hold) - placeOf(part)).toBeGreaterThan(1000)

  expect(await restore(path)).toMatchObject({ exitCode: 0 })
  expect(await found()).toEqual(await everyRow(split.sql))
  const keys = 'select conname, pg_get_constraintdef(oid) as is from pg_constraint order by 1, 2'
  expect(await target.sql(keys)).toEqual(await split.sql(keys))
  await split.drop()
})

describe('the file of a backup', () => {
  it('is named for the time, readable only by its owner, and named on stdout', async () => {
    const cwd = await mkdtemp(join(directory, 'cwd-'))
    const ran = await tickets(['db', 'backup'], { db: source.url, cwd })
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.stdout).toMatch(/^tickets-\d{4}-\d\d-\d\dT\d{6}Z\.backup\.gz$/)
    expect(await readdir(cwd)).toEqual([ran.stdout])
    expect((await stat(join(cwd, ran.stdout))).mode & 0o777).toBe(0o600)
    const json = await tickets(['db', 'backup', 'x.gz', '--json'], { db: source.url, cwd })
    const { size } = await stat(join(cwd, 'x.gz'))
    expect(json.json()).toMatchObject({ file: 'x.gz', bytes: size, rows: { shows: 4 } })
  })

  it("is a stream with '-', which a pipe restores", async () => {
    const command = `'${program}' db backup - | '${program}' db restore - -y --db '${target.url}'`
    const ran = await execa('bash', ['-o', 'pipefail', '-c', command], {
      env: { ...process.env, DATABASE_URL: source.url },
    })
    expect(ran.stdout).toContain('4 shows, 9 bookings')
    expect(await found()).toEqual(await everyRow(source.sql))
  })

  it.each([
    ['an existing file', ['taken.gz'], 2, /"taken\.gz"/],
    ['a missing directory', ['no/where.gz'], 2, /"no\/where\.gz"/],
    ['JSON and the backup on one stream', ['-', '--json'], 2, /--json/],
  ])('is refused for %s, and nothing is written', async (_, args, exitCode, reason) => {
    const cwd = await mkdtemp(join(directory, 'cwd-'))
    await writeFile(join(cwd, 'taken.gz'), 'mine')
    const ran = await tickets(['db', 'backup', ...args], { db: source.url, cwd })
    expect(ran.exitCode).toBe(exitCode)
    expect(ran.stdout + ran.stderr).toMatch(reason)
    expect(await readdir(cwd)).toEqual(['taken.gz'])
    expect(await readFile(join(cwd, 'taken.gz'), 'utf8')).toBe('mine')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is removed if the backup is interrupted by %s', async (signal, exitCode) => {
    const cwd = await mkdtemp(join(directory, 'cwd-'))
    const proxy = await openProxy(source.url)
    const reached = holdBack(proxy, (message) => isStatement(message, 'close backup'))
    const backup = execaNode(program, ['db', 'backup', 'a.gz'], {
      cwd,
      env: { ...bareEnvironment, DATABASE_URL: proxy.url },
      extendEnv: false,
      reject: false,
    })
    await reached
    expect(await readdir(cwd)).toEqual([expect.stringMatching(/^a\.gz\.\d+\.part$/)])
    backup.kill(signal)
    expect((await backup).exitCode).toBe(exitCode)
    expect(await readdir(cwd)).toEqual([])
    await proxy.close()
  })

  it('is removed if the connection was lost, and not created if there is no schema', async () => {
    const cwd = await mkdtemp(join(directory, 'cwd-'))
    const proxy = await openProxy(source.url)
    proxy.decide(({ from, text }) =>
      from === 'client' && text.includes('close backup') ? 'cut before' : 'pass',
    )
    const cut = await tickets(['db', 'backup', 'a.gz'], { db: proxy.url, cwd })
    await proxy.close()
    expect(cut.exitCode).toBe(6)
    const none = await tickets(['db', 'backup', 'a.gz', '--json'], { db: target.url, cwd })
    expect([none.exitCode, none.json().error.code]).toEqual([6, 'NOT_MIGRATED'])
    expect(await readdir(cwd)).toEqual([])
  })
})

describe('a restore is refused, and changes nothing', () => {
  let other: TestDatabase
  beforeAll(async () => {
    other = await cloneDatabase()
  })
  afterAll(() => other.drop())

  it.each(TABLES)('if the table %s has a row', async (table) => {
    const only = `
      begin; set local session_replication_role = replica;
      insert into ${table} overriding system value
      select ${table === 'bookings' ? COLUMNS_OF_BOOKINGS : '*'} from json_populate_recordset(null::${table}, $1);
      commit`
    const [row] = await source.sql<{ row: string }>(
      `select row_to_json(t)::text as row from ${table} t limit 1`,
    )
    const columns = table === 'bookings' ? `(${COLUMNS_OF_BOOKINGS})` : ''
    await other.sql(
      only
        .replace(`insert into ${table}`, `insert into ${table} ${columns}`)
        .replace('$1', `'[${row!.row.replaceAll("'", "''")}]'`),
    )
    const before = await everyRow(other.sql)
    const ran = await restore(file, other)
    expect([ran.exitCode, ran.json().error.code]).toEqual([4, 'WRONG_STATE'])
    expect(ran.json().error.message).toEqual(withFacts(table))
    expect(await everyRow(other.sql)).toEqual(before)
    await other.sql(
      `begin; set local session_replication_role = replica; delete from ${table}; commit`,
    )
  })

  const lines = (text: string) => text.split('\n')
  it.each<[string, string, (packed: Buffer, text: string) => Buffer]>([
    ['that is cut short', 'INVALID_INPUT', (packed) => packed.subarray(0, packed.length - 9)],
    ['that is cut in the middle', 'INVALID_INPUT', (packed) => packed.subarray(0, 1500)],
    ['that is empty', 'INVALID_INPUT', () => Buffer.alloc(0)],
    ['with a byte changed', 'INVALID_INPUT', (packed) => flipped(packed, packed.length >> 1)],
    ['with another checksum', 'INVALID_INPUT', (packed) => flipped(packed, packed.length - 6)],
    ['that is text', 'INVALID_INPUT', () => Buffer.from('customer,seats\nAda,A1\n')],
    ['of other text', 'INVALID_INPUT', () => gzipSync('customer,seats\nAda,A1\n')],
    ['of another JSON', 'INVALID_INPUT', () => gzipSync('{"id":1}\n')],
    [
      'without its end',
      'INVALID_INPUT',
      (_, text) => gzipSync(`${lines(text).slice(0, -2).join('\n')}\n`),
    ],
    [
      'without a row',
      'INVALID_INPUT',
      (_, text) => gzipSync(lines(text).toSpliced(2, 1).join('\n')),
    ],
    ['with a row after its end', 'INVALID_INPUT', (_, text) => gzipSync(`${text}{"id":1}\n`)],
    [
      'with a table of another program',
      'INVALID_INPUT',
      (_, text) => gzipSync(text.replace('"table":"history"', '"table":"pg_class"')),
    ],
    [
      'with rows that no table accepts',
      'INVALID_INPUT',
      (_, text) => gzipSync(text.replace('"status":"CONFIRMED"', '"status":"LOST"')),
    ],
    [
      'with a seat sold twice',
      'INVALID_INPUT',
      (_, text) => gzipSync(text.replace('"confirmed_seats_count":9', '"confirmed_seats_count":8')),
    ],
    [
      'with a part of a booking that it does not have',
      'INVALID_INPUT',
      (_, text) => gzipSync(text.replace(/"split_from":"\w{8}/, '"split_from":"00000000')),
    ],
    [
      'of a later format',
      'SCHEMA_TOO_NEW',
      (_, text) => gzipSync(text.replace('"version":1', '"version":2')),
    ],
    [
      'of a later schema',
      'SCHEMA_TOO_NEW',
      (_, text) => gzipSync(text.replace('"0001_', '"0000_')),
    ],
  ])('from a file %s', async (_, code, damage) => {
    const packed = await readFile(file)
    const path = join(directory, 'damaged.gz')
    const text = gunzipSync(packed).toString()
    const damaged = damage(packed, text)
    expect(damaged.equals(gzipSync(text))).toBe(false)
    await writeFile(path, damaged)
    const ran = await restore(path)
    expect(ran.json().error.code).toBe(code)
    expect(ran.exitCode).toBe(code === 'INVALID_INPUT' ? 2 : 6)
    expect(await found()).toBe('no schema')
  })

  it('without a terminal and -y, or if the answer is no', async () => {
    const ran = await on(target, 'db', 'restore', file)
    expect(ran.exitCode).toBe(2)
    expect(ran.stderr).toEqual(withFacts('-y'))
    const terminal = openTerminal(process.execPath, [program, 'db', 'restore', file], {
      env: { DATABASE_URL: target.url },
    })
    await terminal.waitFor('Fill the database')
    terminal.press('enter')
    expect((await terminal.exit).code).toBe(0)
    expect(terminal.screen().split('\n').at(-1)).toMatch(/^[^✓✗]+\.$/)
    await terminal.close()
    expect(await found()).toBe('no schema')
  })
})

it('a restore of damage that no constraint refuses is done, and exits with 7', async () => {
  const damaged = await cloneDatabase()
  await fillDatabase(damaged)
  await damaged.sql(
    `update bookings set seats = '{1,2,3,5}' where key = 'kept'`, // Seat 5 is not marked as sold.
  )
  const ran = await restore(await backUp(damaged, 'oversold.gz'))
  expect([ran.exitCode, ran.json().ok, ran.json().rows.bookings]).toEqual([7, false, 9])
  expect(await found()).toEqual(await everyRow(damaged.sql))
  await damaged.drop()
})

describe('a restore that is cut off or killed', () => {
  it('at any of its messages has restored nothing or all', async () => {
    const whole = await everyRow(source.sql)
    const proxy = await openProxy(target.url)
    const outcomes = new Set<string>()
    const messages: Message[] = []
    const restoreCutAt = async (n: number, decision: 'cut before' | 'cut after') => {
      messages.length = 0
      proxy.decide((message) => {
        if (message.from === 'client') messages.push(message)
        return message.from === 'client' && messages.length >= n ? decision : 'pass'
      })
      return on(proxy, 'db', 'restore', file, '-y', '--wait', '1s')
    }
    // The last COMMIT is in doubt; before it, every kind of statement has been sent.
    const step = 121
    for (let n = 1; ; n += step) {
      const { exitCode } = await restoreCutAt(n, n % 2 === 0 ? 'cut before' : 'cut after')
      const now = await found()
      if (typeof now !== 'string') expect(now).toEqual(whole)
      outcomes.add(typeof now === 'string' ? now : 'all')
      if (exitCode === 0) break
      expect([n, exitCode]).toEqual([n, 6])
      if (typeof now !== 'string') break
    }
    await proxy.close()
    expect(outcomes).toEqual(new Set(['no schema', 'all']))
  })

  it('by SIGKILL at random moments has restored nothing or all', async () => {
    const whole = await everyRow(source.sql)
    const proxy = await openProxy(target.url)
    const dice = diceFor('a killed restore')
    let isOver = false
    for (let n = dice.whole(1, 60); !isOver; n += dice.whole(60, 240)) {
      let seen = 0
      const env = { ...bareEnvironment, DATABASE_URL: proxy.url }
      const args = ['db', 'restore', file, '-y', '--json']
      const process = execaNode(program, args, { env, extendEnv: false, reject: false })
      proxy.decide(({ from }) => {
        if (from === 'client' && ++seen >= n) process.kill('SIGKILL')
        return 'pass'
      })
      const { exitCode, signal } = await process
      const now = await found()
      isOver = now !== 'no schema'
      if (isOver) expect(now).toEqual(whole)
      else expect([exitCode, signal]).toEqual([undefined, 'SIGKILL'])
    }
    await proxy.close()
  })

  it.each(['cut before', 'cut after'] as const)(
    'at its COMMIT (%s) has restored nothing or all, and reports that it is in doubt',
    async (decision) => {
      const proxy = await openProxy(target.url)
      let hasInserted = false
      proxy.decide(({ from, text }) => {
        if (from === 'client' && text.includes('json_populate_recordset')) hasInserted = true
        return hasInserted && from === 'client' && text.slice(5).startsWith('COMMIT')
          ? decision
          : 'pass'
      })
      const ran = await on(proxy, 'db', 'restore', file, '-y')
      await proxy.close()
      expect(ran.exitCode).toBe(5)
      expect(ran.stderr).toContain('tickets show list --all')
      expect(await found()).toEqual(
        decision === 'cut before' ? 'no schema' : await everyRow(source.sql),
      )
    },
  )
})

it('two restores at once: one fills the database, the other is refused', async () => {
  const both = await Promise.all([restore(), restore()])
  expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 4])
  expect(await found()).toEqual(await everyRow(source.sql))
})

it('a sale that begins during the restore into a migrated database waits for its end', async () => {
  const migrated = await cloneDatabase()
  const clerk = openTickets({ database: migrated.url, env: {}, cwd: '/nowhere' })
  const restoring = restore(file, migrated)
  const startTime = new Date('2031-01-01T19:00:00Z')
  const created = clerk.createShow({ name: 'Late', startTime, totalSeats: 1 })
  const [{ exitCode }] = await Promise.all([restoring, created])
  // Either may have come first.
  const rows = await migrated.sql('select from shows')
  expect([exitCode, rows.length]).toBeOneOf([
    [0, 4],
    [4, 1],
  ])
  await clerk.close()
  await migrated.drop()
})

const COLUMNS_OF_BOOKINGS =
  'id, reference, show_id, status, seats, customer, key, key_request, failure'

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 0xff
  return copy
}
