import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { bareEnvironment, type Ran, tickets } from '../../../support/cli.js'
import { openDaemon } from '../../../support/daemon.js'
import { runInProcess } from '../../../support/in-process.js'
import { certificatePath, type OwnServer, startOwnServer } from '../../../support/own-server.js'
import { holdLock } from '../../../support/shows.js'
import { until } from '../../../support/until.js'
import { expectWording, withFacts } from '../../../support/wording.js'

/** A password that may appear only where a test puts it. */
const SECRET = 'Zauberfloete'

let server: OwnServer
let directory: string
beforeAll(async () => {
  server = await startOwnServer({
    tls: true,
    settings: { listen_addresses: '*', max_connections: '30', fsync: 'on' },
    hba: 'local replication owner trust\nhost all all 0.0.0.0/0 scram-sha-256',
  })
  await server.run(`create role clerk login password '${SECRET}'`)
  await server.run(`create database latin encoding 'LATIN1' template template0`)
  await server.run('create database empty')
  await tickets(['migrate', '--grant', 'clerk'], { db: ownerUrl() })
  // If root runs the tests, the server runs as another user, who must be able to enter the
  // directory.
  directory = await mkdtemp(join(tmpdir(), 'tickets-doctor-'))
  await chmod(directory, 0o755)
})
afterAll(async () => {
  await server.remove()
  await rm(directory, { recursive: true, force: true })
})

const clerkUrl = ({ host = 'localhost', database = 'owner', parameters = '' } = {}) =>
  `postgres://clerk:${SECRET}@${host}:${server.port}/${database}?${parameters}`
const ownerUrl = (database = 'owner') =>
  `postgres://owner@/${database}?host=${encodeURIComponent(server.socketDir)}&port=${server.port}`

interface Report {
  exitCode: number | undefined
  ok: boolean
  checks: { name: string; status: string; message: string; advice: string | null }[]
}

async function doctor(
  { db, env }: { db?: string; env?: Record<string, string> },
  ...args: string[]
) {
  const own = { ...bareEnvironment, ...(db && { DATABASE_URL: db }), ...env }
  return reportOf(await runInProcess(['doctor', '--json', ...args], own))
}

/** The same by a process of its own. */
async function doctorAsProcess(options: Parameters<typeof tickets>[1] = {}, ...args: string[]) {
  return reportOf(await tickets(['doctor', '--json', ...args], options))
}

function reportOf(ran: Pick<Ran, 'exitCode' | 'stderr' | 'json'>): Report {
  expect(ran.stderr).toBe('')
  const report: Report = { exitCode: ran.exitCode, ...ran.json() }
  expect(report.ok).toBe(report.checks.every(({ status }) => status !== 'wrong'))
  expect(report.exitCode).toBe(report.ok ? 0 : 7)
  for (const { status, advice, message } of report.checks) {
    expect(['ok', 'warning', 'wrong', 'skipped']).toContain(status)
    if (status === 'warning') expect(advice, message).toEqual(expect.any(String))
    if (status === 'skipped') expect(message).toMatch(/: ./)
  }
  return report
}

const found = ({ checks }: Report, name: string) => checks.find((check) => check.name === name)
const statuses = ({ checks }: Report, status: string) =>
  checks.filter((check) => check.status === status).map(({ name }) => name)

/** Runs the program with this module loaded first. */
const preloaded = (source: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(source)}`,
})

describe('a sound server', () => {
  test('is found sound by a clerk: every check is made, and none complains', async () => {
    const report = await doctorAsProcess({ db: clerkUrl() })
    expect([statuses(report, 'wrong'), statuses(report, 'warning')]).toEqual([[], []])
    // Its disk and its files are not visible to the clerk.
    expect(statuses(report, 'skipped')).toEqual(['data directory', 'disk'])
    expect(found(report, 'fsync')!.message).toMatch(/ [\d.]+ ms$/)
    expect(report.checks.map(({ name }) => name)).toEqual([
      ...['program', 'settings', 'host', 'version', 'primary', 'replication', 'durability', 'tls'],
      ...['encoding', 'time-outs', 'schema', 'rights', 'connections', 'clock'],
      ...['data directory', 'disk', 'fsync', 'daemon'],
    ])
  })

  test('has the same in its lines for people, and a sum below them', async () => {
    const inLines = (db: string) =>
      runInProcess(['doctor'], { ...bareEnvironment, DATABASE_URL: db })
    const ran = await inLines(clerkUrl())
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^✓ encoding +UTF8$/m)
    expect(ran.stdout).toMatch(/^· disk +\S/m)
    expect(ran.stdout).toMatch(/\n\n✓ 0 .*, 0 .*, 16 .*, 2 [^\n]*\n$/)
    const wrong = await inLines(clerkUrl({ database: 'empty' }))
    expect(wrong.stdout).toMatch(/^✗ schema +\S.*\n +→ .*`tickets migrate`/m)
    expect(wrong.stdout).toMatch(/\n\n✗ 1 [^\n]*\n$/)
  })
})

interface Fault {
  check: string
  status: 'warning' | 'wrong'
  /** Facts in its message, or where they are in it. */
  facts: string[] | RegExp
  set?: string[]
  reset?: string[]
  /** A setting that is in force when `set` has taken effect. */
  inForce?: [name: string, value: string]
  url?: () => string
}

const system = (name: string, value: string) => ({
  set: [`alter system set ${name} = ${value}`, 'select pg_reload_conf()'],
  reset: [`alter system reset ${name}`, 'select pg_reload_conf()'],
  inForce: [name, value] as [string, string],
})
const role = (setting: string, value: string) => ({
  set: [`alter role clerk set ${setting} = ${value}`],
  reset: [`alter role clerk reset ${setting}`],
})

const faults: Record<string, Fault> = {
  'full_page_writes is off': {
    ...{ check: 'durability', status: 'wrong', facts: ['full_page_writes'] },
    ...system('full_page_writes', 'off'),
  },
  'synchronous_commit of the role is off': {
    ...{ check: 'durability', status: 'wrong', facts: ['synchronous_commit'] },
    ...role('synchronous_commit', 'off'),
  },
  'the transactions of the role are read-only': {
    ...{ check: 'primary', status: 'wrong', facts: ['read-only'] },
    ...role('default_transaction_read_only', 'on'),
  },
  'no synchronous standby is connected': {
    ...{ check: 'replication', status: 'wrong', facts: ['"elsewhere"'] },
    ...system('synchronous_standby_names', 'elsewhere'),
  },
  'the role does not wait for the synchronous standby': {
    ...{ check: 'replication', status: 'warning', facts: ['synchronous_commit=local'] },
    // First, as a commit waits for the standby after that.
    set: [
      ...role('synchronous_commit', 'local').set,
      ...system('synchronous_standby_names', 'elsewhere').set,
    ],
    reset: [
      ...system('synchronous_standby_names', '').reset,
      ...role('synchronous_commit', '').reset,
    ],
    inForce: ['synchronous_standby_names', 'elsewhere'],
  },
  'the disk is slow': {
    ...{ check: 'fsync', status: 'warning', facts: ['ms'] },
    set: [...role('commit_delay', '40000').set, ...role('commit_siblings', '0').set],
    reset: [...role('commit_delay', '').reset, ...role('commit_siblings', '').reset],
  },
  'a time-out of the role ends transactions': {
    ...{ check: 'time-outs', status: 'warning', facts: ['transaction_timeout', '20000 ms'] },
    ...role('transaction_timeout', `'20s'`),
  },
  'the role lacks a right': {
    ...{ check: 'rights', status: 'wrong', facts: ['"clerk"', 'INSERT on bookings'] },
    set: ['revoke insert on bookings from clerk'],
    reset: ['grant insert on bookings to clerk'],
  },
  'the login is a superuser': {
    ...{ check: 'rights', status: 'warning', facts: ['"owner"'] },
    url: () => ownerUrl(),
  },
  'there is no schema': {
    ...{ check: 'schema', status: 'wrong', facts: [] },
    url: () => clerkUrl({ database: 'empty' }),
  },
  'the schema is newer': {
    ...{ check: 'schema', status: 'wrong', facts: ['"9999_of_tomorrow"'] },
    set: [`insert into knex_migrations (name, batch) values ('9999_of_tomorrow', 99)`],
    reset: [`delete from knex_migrations where name = '9999_of_tomorrow'`],
  },
  'the schema is old': {
    ...{
      check: 'schema',
      status: 'wrong',
      facts: ['0013_seats_of_former_plans'],
    },
    set: [`update knex_migrations set name = '0012_house_plans' where name like '0013%'`],
    reset: [
      `update knex_migrations set name = '0013_seats_of_former_plans'
       where id = (select max(id) from knex_migrations)`,
    ],
  },
  'the encoding is not UTF8': {
    ...{ check: 'encoding', status: 'wrong', facts: ['LATIN1'] },
    url: () => clerkUrl({ database: 'latin' }),
  },
  'few connections are left for the role': {
    ...{ check: 'connections', status: 'warning', facts: /^[1-4] \S+ 27 / },
    set: ['alter role clerk connection limit 5'],
    reset: ['alter role clerk connection limit -1'],
  },
  'few connections are left for the database': {
    ...{ check: 'connections', status: 'warning', facts: /^[1-3] \S+ 27 / },
    set: ['alter database owner connection limit 4'],
    reset: ['alter database owner connection limit -1'],
  },
  'no connection is left': {
    ...{ check: 'connections', status: 'wrong', facts: /^0 \S+ 27 / },
    set: ['alter role clerk connection limit 1'],
    reset: ['alter role clerk connection limit -1'],
  },
  'nothing is encrypted': {
    ...{ check: 'tls', status: 'warning', facts: [] },
    url: () => clerkUrl({ host: '0.0.0.0', parameters: 'sslmode=disable' }),
  },
  'nothing proves the identity of the server': {
    ...{ check: 'tls', status: 'warning', facts: ['TLSv1'] },
    url: () => clerkUrl({ host: '0.0.0.0', parameters: 'sslmode=require' }),
  },
  'one of several hosts is down': {
    ...{
      check: 'host',
      status: 'warning',
      facts: ['localhost:1'],
    },
    url: () => clerkUrl({ host: 'localhost:1,localhost' }),
  },
  'a parameter has no effect': {
    ...{ check: 'settings', status: 'warning', facts: ['krbsrvname'] },
    url: () => clerkUrl({ parameters: 'krbsrvname=postgres' }),
  },
  'there is no server': {
    ...{ check: 'host', status: 'wrong', facts: ['localhost:1'] },
    url: () => `postgres://clerk:${SECRET}@localhost:1/owner`,
  },
  'there is no such host': {
    ...{ check: 'host', status: 'wrong', facts: ['box-office.invalid'] },
    url: () => `postgres://clerk:${SECRET}@box-office.invalid/owner`,
  },
  'the password is wrong': {
    ...{ check: 'host', status: 'wrong', facts: ['clerk'] },
    url: () => clerkUrl().replace(SECRET, `${SECRET}x`),
  },
  'there is no such database': {
    ...{ check: 'host', status: 'wrong', facts: ['"nothing"'] },
    url: () => clerkUrl({ database: 'nothing' }),
  },
  'the URL has a mistake': {
    ...{ check: 'settings', status: 'wrong', facts: ['DATABASE_URL'] },
    url: () => `postgres://clerk:${SECRET}@localhost:12:34/owner`,
  },
}

/** What is wrong, and the message of the doctor. */
const said: [what: string, message: string][] = []

describe('what is wrong', () => {
  test.each(Object.entries(faults))('%s', async (what, fault) => {
    const { check, status, facts, set = [], reset = [], url = clerkUrl, inForce } = fault
    for (const statement of set) await server.run(statement)
    await until(async () => {
      const [name, value] = inForce ?? ['server_encoding', 'UTF8']
      const { rows } = await server.run(`select current_setting('${name}') as value`)
      return rows[0].value === value
    })
    try {
      const env = { ...bareEnvironment, DATABASE_URL: url() }
      const report = reportOf(await runInProcess(['doctor', '--json'], env))
      const { message = '', advice } = found(report, check)!
      // The number of connections, the time of the disk and the hosts that do not answer vary.
      const text = message.replace(/^\d+(?= of)|[\d.]+(?= ms)/, '<number>')
      if (what !== 'there is no such host') said.push([what, `${text}\n→ ${advice}`])
      const matching = facts instanceof RegExp ? expect.stringMatching(facts) : withFacts(...facts)
      expect(found(report, check)).toEqual({
        ...{ name: check, status, message: matching },
        advice: check === 'settings' && status === 'wrong' ? null : expect.any(String),
      })
      if (
        status === 'wrong' &&
        (check === 'host' || check === 'settings') &&
        !url().includes(',')
      ) {
        // Checks that need no server are made as well.
        expect(statuses(report, 'skipped').length).toBeGreaterThan(10)
        expect(found(report, 'program')).toMatchObject({ status: 'ok' })
      } else {
        expect(statuses(report, 'wrong')).toEqual(
          status === 'wrong' ? expect.arrayContaining([check]) : [],
        )
      }
    } finally {
      for (const statement of reset) await server.run(statement)
    }
  })

  test('is reported with the messages in test/wording/doctor.txt', () =>
    expectWording('doctor', said))

  test('a standby that is not synchronous, and what would be lost with the primary', async () => {
    const standby = new pg.Client({
      ...{ host: server.socketDir, port: server.port, user: 'owner', replication: 'true' },
    } as pg.ClientConfig)
    await standby.connect()
    try {
      expect(found(await doctor({ db: clerkUrl() }), 'replication')).toMatchObject({
        status: 'warning',
        advice: expect.stringContaining('`tickets verify --against`'),
      })
    } finally {
      await standby.end()
    }
  })

  test('a server whose connections are nearly all used by others', async () => {
    const others = Array.from({ length: 20 }, () => new pg.Client(ownerUrl()))
    for (const other of others) await other.connect()
    try {
      expect(found(await doctor({ db: clerkUrl() }), 'connections')).toMatchObject({
        status: 'warning',
        message: expect.stringMatching(/^[1-6] \S+ 27 /),
      })
    } finally {
      for (const other of others) await other.end()
    }
  })

  test('a silent server that accepts connections ends the wait, and no check hangs', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    try {
      const { port } = silent.address() as AddressInfo
      const db = `postgres://clerk:${SECRET}@127.0.0.1:${port}/owner?sslmode=disable`
      const report = await doctor({ db }, '--wait', '200ms')
      expect(found(report, 'host')).toMatchObject({
        status: 'wrong',
        message: withFacts(`127.0.0.1:${port}`),
      })
    } finally {
      silent.close()
    }
  })

  test('a lock that is held for long: only that check has no result', async () => {
    const lock = await holdLock(
      { url: ownerUrl() },
      'lock table knex_migrations in access exclusive mode',
    )
    try {
      const report = await doctor({ db: clerkUrl() }, '--wait', '1s')
      expect(report.ok).toBe(true)
      expect(statuses(report, 'skipped')).toContain('schema')
    } finally {
      await lock.release()
    }
  })

  test.each([
    ['behind', 3_600_000],
    ['ahead of', -3_600_000],
  ])("a server's clock that is an hour %s this machine's", async (side, ms) => {
    const env = preloaded(`const now = Date.now; Date.now = () => now() + ${ms}`)
    expect(found(await doctorAsProcess({ db: clerkUrl(), env }), 'clock')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(
        // A busy machine may stop for seconds between the two reads.
        new RegExp(` 3(59|60)\\d s ${side} `),
      ),
    })
  })

  test('a Node that is too old', async () => {
    const env = preloaded(
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.9.0' } })`,
    )
    expect(found(await doctorAsProcess({ db: clerkUrl(), env }), 'program')).toMatchObject({
      status: 'wrong',
      advice: withFacts('20.17'),
    })
  })

  test('a daemon that hangs', async () => {
    const env = { TICKETS_OPERATOR: 'Ada' }
    const daemon = await openDaemon({ db: clerkUrl(), env })
    try {
      expect(found(await doctorAsProcess({ db: clerkUrl(), env }), 'daemon')).toMatchObject({
        status: 'ok',
        message: withFacts(`${daemon.pid}`),
      })
      daemon.kill('SIGSTOP')
      expect(
        found(await doctorAsProcess({ db: clerkUrl(), env }, '--wait', '1s'), 'daemon'),
      ).toMatchObject({
        status: 'wrong',
        advice: withFacts(`kill -9 ${daemon.pid}`),
      })
    } finally {
      await daemon.remove()
    }
  })
})

describe('what is in force in spite of the settings of the role', () => {
  test("the program's time-outs, for any --wait", async () => {
    await server.run(`alter role clerk set statement_timeout = '1s'`)
    try {
      expect(found(await doctor({ db: clerkUrl() }, '--wait', '7s'), 'time-outs')).toMatchObject({
        status: 'ok',
        message: withFacts('lock_timeout 7000 ms', 'statement_timeout 9000 ms'),
      })
    } finally {
      await server.run('alter role clerk reset statement_timeout')
    }
  })

  test('TLS with a verified certificate', async () => {
    const ca = encodeURIComponent(certificatePath)
    const db = clerkUrl({ host: '0.0.0.0', parameters: `sslmode=verify-ca&sslrootcert=${ca}` })
    expect(found(await doctor({ db }), 'tls')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('(TLSv1'),
    })
  })
})

/** A password in each of its possible places, and what `settings` reports about it. */
const places: [string, RegExp, () => Promise<Record<string, string>>][] = [
  ['the URL', /DATABASE_URL: .*password/, async () => ({ DATABASE_URL: clerkUrl() })],
  [
    'PGPASSWORD',
    /DATABASE_URL: host, port, dbname, user; .*PGPASSWORD: password/,
    async () => ({ DATABASE_URL: clerkUrl().replace(`:${SECRET}`, ''), PGPASSWORD: SECRET }),
  ],
  [
    'a service file',
    /PGSERVICE: service; |service "sales": .*password/,
    async () => {
      const file = join(directory, 'services')
      const lines = ['host=localhost', `port=${server.port}`, 'dbname=owner', 'user=clerk']
      await writeFile(file, ['[sales]', ...lines, `password=${SECRET}`, ''].join('\n'))
      return { PGSERVICE: 'sales', PGSERVICEFILE: file }
    },
  ],
  [
    'a password file',
    /: password[,;)]/,
    async () => {
      await writeFile(join(directory, '.pgpass'), `*:*:*:*:${SECRET}\n`, { mode: 0o600 })
      return { DATABASE_URL: clerkUrl().replace(`:${SECRET}`, ''), HOME: directory }
    },
  ],
]

describe('a password is never printed', () => {
  test.each(places)('of %s', async (_where, origin, prepare) => {
    const env = await prepare()
    // Inside this process, the home is the test's own.
    const run = (args: string[]) =>
      env.HOME === undefined
        ? runInProcess(args, { ...bareEnvironment, ...env })
        : tickets(args, { env })
    const report = reportOf(await run(['doctor', '--json']))
    expect(found(report, 'host')).toMatchObject({ status: 'ok' })
    expect(found(report, 'settings')!.message).toMatch(origin)
    for (const args of [['doctor'], ['doctor', '--json'], ['doctor', '--debug']]) {
      const ran = await run(args)
      expect(ran.stdout + ran.stderr).not.toContain(SECRET)
    }
    // Nor if the server refuses it.
    await server.run(`alter role clerk password 'another'`)
    try {
      const ran = await run(['doctor', '--debug'])
      expect(ran).toMatchObject({
        exitCode: 7,
        stdout: withFacts('clerk'),
      })
      expect(ran.stdout + ran.stderr).not.toContain(SECRET)
    } finally {
      await server.run(`alter role clerk password '${SECRET}'`)
    }
  })

  test('and a .env file is named as the origin of its settings', async () => {
    const lines = ['PGHOST=localhost', 'PGUSER=clerk', 'PGDATABASE=owner', `PGPASSWORD=${SECRET}`]
    await writeFile(join(directory, '.env'), lines.join('\n'))
    const env = { PGAPPNAME: 'box office', PGPORT: '' }
    const report = await doctorAsProcess({ env, cwd: directory })
    await rm(join(directory, '.env'))
    expect(JSON.stringify(report)).not.toContain(SECRET)
    expect(found(report, 'settings')!.message).toMatch(
      /\(\.env: host, dbname, user, password; default: port, sslmode; PGAPPNAME: application_name\)$/,
    )
  })
})

describe('the embedded server', () => {
  const dataDir = () => join(directory, 'data')
  const env = () => ({ TICKETS_DATA_DIR: dataDir() })
  afterEach(() => tickets(['db', 'stop'], { env: env() }))

  // First, as the other tests create one.
  test('is not created by the doctor: nothing is written, and nothing runs', async () => {
    const before = await readdir(directory)
    const report = await doctor({ env: env() })
    expect(report.ok).toBe(true)
    expect(found(report, 'host')!.message).toEqual(withFacts())
    expect(found(report, 'host')!.status).toBe('ok')
    expect(await readdir(directory)).toEqual(before)
  })

  test('passes when it runs, and is not started when it does not; its files stay as they were', async () => {
    await tickets(['db', 'start'], { env: env() })
    const before = await readdir(dataDir())
    const running = await doctorAsProcess({ env: env() })
    const others = running.checks.filter(({ name }) => name !== 'fsync' && name !== 'disk')
    expect(others.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(found(running, 'fsync')!.message).toMatch(/ [\d.]+ ms/)
    await tickets(['db', 'stop'], { env: env() })
    const stopped = await doctor({ env: env() })
    expect(stopped.ok).toBe(true)
    expect(found(stopped, 'host')!.message).not.toBe(found(running, 'host')!.message)
    expect(found(stopped, 'data directory')).toMatchObject({ status: 'ok' })
    const status = await tickets(['db', 'status', '--json'], { env: env() })
    expect(status.json()).toMatchObject({ state: 'stopped' })
    expect(await readdir(dataDir())).toEqual(before)
  })

  test('fails in a directory that others may write to', async () => {
    await tickets(['db', 'start'], { env: env() })
    await tickets(['db', 'stop'], { env: env() })
    const { mode } = await stat(dataDir())
    await chmod(dataDir(), 0o777)
    const report = await doctor({ env: env() })
    await chmod(dataDir(), mode)
    for (const name of ['host', 'data directory']) {
      expect(found(report, name)).toMatchObject({
        status: 'wrong',
        message: withFacts(dataDir()),
        advice: expect.stringContaining('chmod go-w'),
      })
    }
  })

  test('on a slow disk is a warning', async () => {
    await tickets(['db', 'start'], { env: env() })
    const slow = preloaded(`
      import { open } from 'node:fs/promises'
      const file = await open('/dev/null')
      const prototype = Object.getPrototypeOf(file)
      prototype.datasync = () => new Promise((resolve) => setTimeout(resolve, 30))
      await file.close()`)
    expect(found(await doctorAsProcess({ env: { ...env(), ...slow } }), 'fsync')).toMatchObject({
      status: 'warning',
      advice: withFacts('TICKETS_DATA_DIR'),
    })
  })
})

test('the server of these tests, which does not wait for the disk, fails the durability check', async () => {
  const { host, port, user, database } = inject('server')
  const db = `postgres://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
  expect(found(await doctor({ db }), 'durability')).toMatchObject({
    status: 'wrong',
    message: withFacts('fsync', 'full_page_writes', 'synchronous_commit'),
  })
})
