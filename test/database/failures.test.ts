import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { retryCause, translateFailure } from '../../src/database/failures.js'
import { type Database, openKnexPool } from '../../src/database/knex-pool.js'
import { withRetry } from '../../src/database/retry.js'
import { findDatabase } from '../../src/database/settings/settings.js'
import type { DatabaseTarget } from '../../src/database/settings/target.js'
import { TicketsError } from '../../src/shared/errors.js'
import { certificatePath, freePort, type OwnServer, startOwnServer } from '../support/own-server.js'
import { until } from '../support/until.js'
import { expectWording, withFacts } from '../support/wording.js'

const secret = 'pa55w0rd!'
const noHome = '/nowhere'

let plain: OwnServer
let secure: OwnServer
beforeAll(async () => {
  ;[plain, secure] = await Promise.all([
    startOwnServer(),
    startOwnServer({
      tls: true,
      hba: 'hostssl all clerk localhost scram-sha-256\nhostnossl all clerk localhost reject',
    }),
  ])
  for (const server of [plain, secure]) {
    await server.run(`CREATE ROLE clerk LOGIN PASSWORD '${secret}'`)
    await server.run('CREATE TABLE private ()')
  }
  await plain.run(`CREATE ROLE opinionated LOGIN PASSWORD '${secret}'`)
  for (const [name, value] of Object.entries(ofRole)) {
    await plain.run(`ALTER ROLE opinionated SET ${name} = '${value}'`)
  }
  await plain.run('CREATE DATABASE closed ALLOW_CONNECTIONS false')
  await plain.run('CREATE DATABASE guarded')
  await plain.run(
    `CREATE FUNCTION object() RETURNS event_trigger LANGUAGE plpgsql AS
     $$ begin raise exception 'closed on Sundays'; end $$;
     CREATE EVENT TRIGGER object ON login EXECUTE FUNCTION object()`,
    'guarded',
  )
})
afterAll(() => Promise.all([plain?.remove(), secure?.remove()]))

const opened: Database[] = []
afterEach(() => Promise.all(opened.splice(0).map((db) => db.close())))

function given(db: string): DatabaseTarget {
  const found = findDatabase({ db, env: {}, cwd: noHome, homeDir: noHome })
  if (found.kind === 'embedded') throw new Error('embedded')
  return found
}

const trace: string[] = []

function open(url: string, waitMs = 1000): Database {
  const db = openKnexPool(given(url), { waitMs, trace: (line) => trace.push(line) })
  opened.push(db)
  return db
}

/** What a user sees when this statement fails on this database. */
async function failure(url: string, sql = 'select 1'): Promise<TicketsError> {
  const db = open(url)
  const error = await db.knex.raw(sql).then(
    () => {
      throw new Error('it succeeded')
    },
    (thrown) => translateFailure(thrown, db.target),
  )
  if (error instanceof TicketsError) return error
  throw error
}

const clerk = (server: OwnServer, rest = '', password = secret) =>
  `postgres://clerk:${encodeURIComponent(password)}@localhost:${server.port}/owner${rest}`
const asOwner = (server: OwnServer) =>
  `postgres://owner@${encodeURIComponent(server.socketDir)}:${server.port}/owner`

/** These messages end in a text of the operating system, which differs between systems. */
const ofTheSystem = new Set([
  'the host is unknown',
  'a library is missing',
  'the certificate is for another name',
])

/** What failed, and its message. */
const said: [title: string, sentence: string][] = []

describe('each failure has its code and its own message', () => {
  type Failing = [string, () => string | Promise<string>, string, ...facts: string[]]
  test.each<Failing>([
    [
      'nothing listens on localhost',
      async () => `postgres://u:${secret}@localhost:${await freePort()}`,
      'DB_UNREACHABLE',
      'localhost',
    ],
    [
      'nothing listens on an address',
      async () => `postgres://u:${secret}@127.0.0.1:${await freePort()}`,
      'DB_UNREACHABLE',
      '127.0.0.1',
    ],
    [
      'the host is unknown',
      () => `postgres://u:${secret}@host.invalid`,
      'DB_UNREACHABLE',
      'host.invalid',
    ],
    ['the socket is missing', () => 'postgres://u@%2Fnowhere', 'DB_UNREACHABLE', '/nowhere'],
    ['the password is wrong', () => clerk(plain, '', 'wr0ng-one'), 'DB_AUTH', 'clerk'],
    [
      'the password is missing',
      () => `postgres://clerk@localhost:${plain.port}/owner`,
      'DB_AUTH',
      'clerk',
      'PGPASSWORD',
    ],
    [
      'the role is missing',
      () => `postgres://nobody:x@localhost:${plain.port}/owner`,
      'DB_AUTH',
      'nobody',
    ],
    ['pg_hba.conf has no line', () => `${asOwner(plain)}?user=clerk`, 'DB_AUTH', 'pg_hba.conf'],
    ['the database is missing', () => `${asOwner(plain)}?dbname=nosuch`, 'DB_MISSING', '"nosuch"'],
    [
      'a setting is misspelt',
      () => `${asOwner(plain)}?options=-c%20lock_timeot%3D5s`,
      'DB_UNREACHABLE',
      'unrecognized configuration parameter "lock_timeot"',
    ],
    [
      'a setting is out of range',
      () => `${asOwner(plain)}?options=-c%20work_mem%3D1`,
      'DB_UNREACHABLE',
      '"work_mem"',
    ],
    [
      'the options are for another service',
      () => `${asOwner(plain)}?options=endpoint%3Dx`,
      'DB_UNREACHABLE',
      'invalid command-line argument',
      'endpoint=x',
    ],
    [
      'a library is missing',
      () => `${asOwner(plain)}?options=-c%20local_preload_libraries%3Dnone`,
      'DB_UNREACHABLE',
      'none"',
    ],
    [
      'the database allows no connections',
      () => `${asOwner(plain)}?dbname=closed`,
      'DB_UNREACHABLE',
      'not currently accepting connections',
    ],
    [
      'a login trigger objects',
      () => `${asOwner(plain)}?dbname=guarded`,
      'DB_UNREACHABLE',
      'closed on Sundays',
    ],
    [
      'the server has no TLS',
      () => clerk(plain, '?sslmode=require'),
      'DB_TLS',
      'TLS',
      'sslmode=require',
    ],
    [
      'the server requires TLS',
      () => clerk(secure, '?sslmode=disable'),
      'DB_TLS',
      'TLS',
      'sslmode=require',
    ],
    [
      'the certificate is self-signed',
      () => clerk(secure, '?sslmode=verify-full'),
      'DB_TLS',
      'self-signed certificate',
    ],
    [
      'the certificate is for another name',
      () =>
        clerk(secure, `?sslmode=verify-full&sslrootcert=${certificatePath}`).replace(
          'localhost',
          '127.0.0.1',
        ),
      'DB_TLS',
      'IP: 127.0.0.1',
    ],
    [
      'channel binding is required of a server without TLS',
      () => clerk(plain, '?channel_binding=require'),
      'DB_TLS',
      'channel_binding=require',
    ],
  ])('%s', async (title, url, code, ...facts) => {
    const error = await failure(await url())
    if (!ofTheSystem.has(title)) said.push([title, error.message])
    expect([error.code, error.message]).toEqual([code, withFacts(...facts)])
    expect(error.message).not.toMatch(/undefined|\[object/)
  })

  test.each([
    ['select * from shows', 'NOT_MIGRATED'],
    ['select * from nowhere.shows', 'NOT_MIGRATED'],
    ['select rolled_back from private', 'NOT_MIGRATED'],
    [`select convert('\\xe282ac', 'UTF8', 'LATIN1')`, 'INVALID_INPUT'],
    ['set statement_timeout = 20; select pg_sleep(10)', 'BUSY'],
    ['set transaction_read_only = on; create table t ()', 'DB_UNREACHABLE'],
  ])('%s: %s', async (sql, code) => {
    expect(await failure(asOwner(plain), sql)).toMatchObject({ code })
  })

  test('a missing grant and a missing table have different errors', async () => {
    const error = await failure(clerk(plain), 'select * from private')
    expect([error.code, error.message]).toEqual([
      'DB_AUTH',
      withFacts('clerk', '`tickets migrate --grant`'),
    ])
  })

  test('a bug is not reported as a failure of the database', async () => {
    const db = open(asOwner(plain))
    const bug = await db.knex.raw('selec 1').catch((error) => error)
    expect(translateFailure(bug, db.target)).toBe(bug)
    const other = Object.assign(new Error('no file'), { code: 'ENOENT', syscall: 'open' })
    expect(translateFailure(other, db.target)).toBe(other)
  })
})

describe('sslmode', () => {
  const query = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
  const usesTls = async (url: string) => (await open(url).knex.raw(query)).rows[0].ssl

  test.each<[string, () => OwnServer, boolean]>([
    ['', () => secure, true],
    ['', () => plain, false],
    ['?sslmode=allow', () => plain, false],
    ['?sslmode=allow', () => secure, true],
    ['?sslmode=require', () => secure, true],
    [`?sslmode=verify-ca&sslrootcert=${certificatePath}`, () => secure, true],
    [`?sslmode=verify-full&sslrootcert=${certificatePath}`, () => secure, true],
    [`?sslmode=require&channel_binding=require`, () => secure, true],
    [`?sslmode=verify-full&hostaddr=127.0.0.1&sslrootcert=${certificatePath}`, () => secure, true],
  ])('"%s" connects, and with TLS where libpq would', async (rest, server, tls) => {
    expect(await usesTls(clerk(server(), rest))).toBe(tls)
  })
})

/** The last message of a server or a pooler to a client. */
function fatal(state: string, text: string): Buffer {
  const fields = `SFATAL\0VFATAL\0C${state}\0M${text}\0\0`
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + fields.length)
  return Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)])
}

describe('servers that do not work', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function listen(answer: (data: Buffer) => Buffer | undefined): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => {
        const bytes = answer(data)
        if (bytes) socket.end(bytes)
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `postgres://u:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}/x?sslmode=disable`
  }

  test('one that accepts connections and never answers is unreachable after the time-out', async () => {
    const error = await failure(await listen(() => undefined))
    expect([error.code, error.message]).toEqual(['DB_UNREACHABLE', withFacts('"x"')])
  })

  test('one that is full, and then silent, is busy, not unreachable', async () => {
    let isFull = true
    const db = open(
      await listen(() => {
        const answer = isFull ? fatal('53300', 'sorry, too many clients already') : undefined
        isFull = false
        return answer
      }),
    )
    const causes: unknown[] = []
    const attempt = withRetry(db, () => db.knex.raw('select 1'), {
      onRetry: (cause) => causes.push(cause),
    })
    await expect(attempt).rejects.toMatchObject({
      code: 'BUSY',
      message: withFacts('"x"'),
    })
    expect(causes[0]).toBe('connect')
  })

  /** PgBouncer has one SQLSTATE for all of these; the texts are from versions 1.18 to 1.25. */
  test.each([
    [
      'unsupported startup parameter: options',
      'DB_UNREACHABLE',
      undefined,
      'options',
      'PGOPTIONS',
      'ignore_startup_parameters',
    ],
    [
      'unsupported startup parameter in options: work_mem',
      'DB_UNREACHABLE',
      undefined,
      'work_mem',
      'PGOPTIONS',
      'ignore_startup_parameters',
    ],
    ['no more connections allowed (max_client_conn)', 'BUSY', 'connect', '"x"'],
    ['query_wait_timeout', 'BUSY', 'connect', '"x"'],
    ['password authentication failed', 'DB_AUTH', undefined, '"x"'],
    ['SASL authentication failed', 'DB_AUTH', undefined, '"x"'],
    ['no such user: clerk', 'DB_AUTH', undefined, '"x"'],
    ['no such database: x', 'DB_MISSING', undefined, '"x"'],
    ['pgbouncer cannot connect to server', 'DB_UNREACHABLE', 'connect', 'cannot connect to server'],
    ['invalid message format', 'DB_UNREACHABLE', 'lost', '"x"'],
  ])('a pooler that says "%s" is understood', async (text, code, cause, ...facts) => {
    const db = open(await listen(() => fatal('08P01', text)))
    const thrown = await db.knex.raw('select 1').catch((error: unknown) => error)
    expect(retryCause(thrown)).toBe(cause)
    const error = translateFailure(thrown, db.target) as TicketsError
    said.push([text, error.message])
    expect([error.code, error.message]).toEqual([code, withFacts(...(facts as string[]))])
  })

  test.each([
    ['0A000', 'RDS Proxy currently does not support command-line options'],
    ['XX000', 'Tenant or user not found'],
    ['08004', 'Endpoint ID is not specified'],
  ])('any other reason that ends a login (%s) is repeated as it is', async (state, text) => {
    const error = await failure(await listen(() => fatal(state, text)))
    expect([error.code, error.message]).toEqual(['DB_UNREACHABLE', expect.stringContaining(text)])
  })
})

test('failures have the messages in test/wording/failures.txt', () =>
  expectWording('failures', said))

/**
 * Values that differ from the program's settings, as a role may have them for all of its sessions.
 */
const ofRole: Record<string, string> = {
  lock_timeout: '1min',
  statement_timeout: '1min',
  idle_in_transaction_session_timeout: '1min',
  DateStyle: 'SQL, MDY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'America/St_Johns',
  bytea_output: 'escape',
  extra_float_digits: '0',
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  client_min_messages: 'error',
  default_transaction_isolation: 'serializable',
  'tickets.operator': 'Mallory',
  'tickets.command': 'nothing',
  work_mem: '2MB',
  search_path: 'z',
}

/** The settings in force on a database with a wait of 2.5 s, by name. */
const inForce = {
  application_name: 'tickets',
  lock_timeout: '2500ms',
  statement_timeout: '4500ms',
  client_min_messages: 'warning',
  idle_in_transaction_session_timeout: '10s',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transaction_isolation: 'read committed',
  'tickets.operator': "O'Hara",
  'tickets.command': 'book',
  work_mem: '1MB',
  search_path: 'a,b',
}

const settingsOf = (names: string[]) =>
  `select ${names.map((name) => `current_setting('${name}') as "${name}"`).join(', ')}`

describe('an open database', () => {
  test('makes no connection before the first statement, and one at most', async () => {
    const db = open(asOwner(plain))
    expect(db.awaitsServer).toBe(false)
    const pids = await Promise.all([1, 2, 3].map(() => db.knex.raw('select pg_backend_pid() pid')))
    expect(new Set(pids.map(({ rows }) => rows[0].pid)).size).toBe(1)
    expect(db.awaitsServer).toBe(true)
  })

  test.each<[string, (db: Database, sql: string) => PromiseLike<{ rows: object[] }>]>([
    ['a statement outside a transaction', (db, sql) => db.knex.raw(sql)],
    ['a transaction', (db, sql) => db.knex.transaction((trx) => trx.raw(sql))],
    ['an eager one', (db, sql) => db.knex.transaction((trx) => trx.raw(sql), { isEager: true })],
    ['a long one', (db, sql) => db.knex.transaction((trx) => trx.raw(sql), { isLong: true })],
  ])(
    'has its settings in force in %s, not those of the role, and leaves none behind',
    async (title, run) => {
      const options = '?options=-c%20work_mem%3D1MB%20--search-path%3Da,b'
      const url = clerk(plain, options).replace('clerk', 'opinionated')
      const db = openKnexPool(given(url), { waitMs: 2500, operator: "O'Hara", command: 'book' })
      opened.push(db)
      const { rows } = await run(db, settingsOf(Object.keys(inForce)))
      const longer = title === 'a long one' ? { statement_timeout: '10min' } : {}
      expect(rows).toEqual([{ ...inForce, ...longer }])
      const connection = await db.knex.client.acquireConnection()
      const after = await connection.query(settingsOf(['lock_timeout', 'tickets.operator']))
      await db.knex.client.releaseConnection(connection)
      const left = {
        lock_timeout: ofRole.lock_timeout,
        'tickets.operator': ofRole['tickets.operator'],
      }
      expect(after.rows).toEqual([left])
    },
  )

  test('accepts a schema name of 63 bytes, and none that PostgreSQL would truncate to another name', () => {
    const openIn = (schema: string) =>
      opened.push(openKnexPool(given(asOwner(plain)), { waitMs: 1000, schema }))
    openIn('é'.repeat(31))
    for (const schema of ['é'.repeat(32), 'x'.repeat(64), 'a\0b']) {
      expect(() => openIn(schema)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    }
  })

  test('sets in no transaction what can only be set when a connection starts', async () => {
    const url = `${asOwner(plain)}?options=-c%20log_disconnections%3Doff`
    const { rows } = await open(url).knex.raw('select 7 as seven')
    expect(rows).toEqual([{ seven: 7 }])
  })

  test('closes at once, twice, during a statement, and before any', async () => {
    const db = open(asOwner(plain), 30_000)
    const stuck = db.knex.raw('select pg_sleep(60)').catch((error) => error)
    await connected(plain, 'pg_sleep(60)')
    await Promise.all([db.close(), db.close()])
    expect(translateFailure(await stuck, db.target)).toMatchObject({ code: 'DB_UNREACHABLE' })
    await open(asOwner(plain)).close()
  }, 5000)

  test('traces statements with their time, bindings shortened', async () => {
    trace.length = 0
    const db = open(asOwner(plain))
    await db.knex.transaction((trx) =>
      trx.raw('select ?::text, ?::bytea', ['x'.repeat(100), Buffer.alloc(9)]),
    )
    const bound = `["${'x'.repeat(39)}…, <9 bytes>]`
    expect(trace).toEqual([
      expect.stringMatching(/^BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL /),
      expect.stringMatching(/^\d+\.\d ms {2}select \$1::text, \$2::bytea {2}/),
      'COMMIT;',
    ])
    expect(trace[1]).toContain(bound)
  })
})

test('no message, stack, cause or trace contains the password', async () => {
  trace.length = 0
  const errors = await Promise.all([
    failure(clerk(plain, '?dbname=nosuch')),
    failure(clerk(plain, '?sslmode=require')),
    failure(clerk(secure, '?sslmode=verify-full')),
    failure(clerk(plain), 'select * from private'),
    failure(`postgres://clerk:${secret}@localhost:${await freePort()}`),
  ])
  for (const error of errors) {
    const all = inspect(error, { depth: 9, showHidden: true }) + error.stack + JSON.stringify(error)
    expect(all).not.toContain(secret)
  }
  expect(trace.length).toBeGreaterThan(0)
  expect(trace.join('\n')).not.toContain(secret)
})

/** Waits until a client of the server is running this. */
async function connected(server: OwnServer, sql: string): Promise<void> {
  const query = `select from pg_stat_activity where pid <> pg_backend_pid() and state = 'active' and query like '%${sql}%'`
  await until(async () => (await server.run(query)).rowCount !== 0)
}
