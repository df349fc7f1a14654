import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { getKeepAliveInterval, getKeepAliveProbes, getUserTimeout } from 'net-keepalive'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readRetryLines, STATS_VARIABLE } from '../../../src/cli/retry-lines.js'
import { pgConnect } from '../../../src/database/connection/pg-connect.js'
import { translateFailure } from '../../../src/database/failures.js'
import {
  type Database,
  type KnexPoolOptions,
  openKnexPool,
} from '../../../src/database/knex-pool.js'
import { withRetry } from '../../../src/database/retry.js'
import { findDatabase } from '../../../src/database/settings/settings.js'
import type { DatabaseTarget } from '../../../src/database/settings/target.js'
import { openTickets } from '../../../src/index.js'
import { startBooking } from '../../support/booking-process.js'
import { tickets as ticketsProcess } from '../../support/cli.js'
import { ask, serveProcess } from '../../support/http.js'
import { runInProcess } from '../../support/in-process.js'
import { freePort, type OwnServer, startOwnServer } from '../../support/own-server.js'
import { until } from '../../support/until.js'
import { expectWording, withFacts } from '../../support/wording.js'

/** A primary and its streaming standby; nothing listens at `dead`. */
let primary: OwnServer
let standby: OwnServer
let dead: number
beforeAll(async () => {
  dead = await freePort()
  primary = await startOwnServer({ tls: true, hba: 'host all all all trust' })
  await primary.run('create role reader login in role pg_read_all_data')
  await primary.run('alter role reader set default_transaction_read_only = on')
  const ran = await tickets(['migrate'], { db: `postgres://owner@localhost:${primary.port}/owner` })
  expect(ran.exitCode).toBe(0)
  standby = await startOwnServer({ standbyOf: primary, hba: 'host all all all trust' })
})
afterAll(async () => {
  await standby?.remove()
  await primary?.remove()
})

/** Runs one command line in this process, where the test does not need a separate one. */
function tickets(argv: readonly string[], { db, env }: { db?: string; env?: NodeJS.ProcessEnv }) {
  return runInProcess(argv, { ...(db && { DATABASE_URL: db }), ...env })
}

type Host = 'primary' | 'standby' | 'dead'

/** A URL with several hosts, on TCP. */
function urlOf(hosts: readonly Host[], query = '', user = 'owner'): string {
  const ports = { primary: primary.port, standby: standby.port, dead }
  const places = hosts.map((host) => `127.0.0.1:${ports[host]}`)
  return `postgres://${user}@${places.join()}/owner${query && `?${query}`}`
}

function given(db: string): DatabaseTarget {
  const target = findDatabase({ db, env: {}, cwd: '/nowhere', homeDir: '/nowhere' })
  if (target.kind === 'embedded') throw new Error('embedded')
  return target
}

const opened: Database[] = []
afterEach(() => Promise.all(opened.splice(0).map((db) => db.close())))

function open(url: string, options: Partial<KnexPoolOptions> = {}): Database {
  const db = openKnexPool(given(url), { waitMs: 10_000, ...options })
  opened.push(db)
  return db
}

/** The server that a connection leads to, or the error message. */
async function reached(url: string): Promise<string> {
  const db = open(url)
  try {
    const { rows } = await db.knex.raw(`select current_setting('port')::int as port`)
    return rows[0].port === primary.port ? 'primary' : 'standby'
  } catch (error) {
    return (translateFailure(error, db.target) as Error).message
  }
}

/** Why a server does not fit; the messages are in test/wording/hosts.txt. */
const said = new Map<string, string>()

describe('of several hosts, the one that is used', () => {
  test.each<[hosts: Host[], attrs: string | undefined, expected: Host | string[]]>([
    [['primary', 'standby'], undefined, 'primary'],
    [['standby', 'primary'], undefined, 'primary'],
    [['dead', 'standby', 'primary'], undefined, 'primary'],
    [['dead', 'dead'], undefined, ['"owner"', '127.0.0.1']],
    [['dead', 'standby'], undefined, ['"owner"', 'read only']],
    [['standby'], undefined, 'standby'],
    [['standby', 'primary'], 'any', 'standby'],
    [['dead', 'primary', 'standby'], 'any', 'primary'],
    [['standby', 'primary'], 'read-write', 'primary'],
    [['standby', 'dead'], 'read-write', ['read only']],
    [['standby'], 'read-write', ['target_session_attrs=read-write', 'read only']],
    [['standby', 'primary'], 'primary', 'primary'],
    [['standby'], 'primary', ['target_session_attrs=primary', 'read only']],
    [['primary', 'standby'], 'standby', 'standby'],
    [['primary'], 'standby', ['target_session_attrs=standby']],
    [['primary', 'standby'], 'read-only', 'standby'],
    [['primary', 'dead'], 'read-only', ['"owner"']],
    [['primary', 'standby'], 'prefer-standby', 'standby'],
    [['dead', 'primary'], 'prefer-standby', 'primary'],
    [['primary'], 'prefer-standby', 'primary'],
    [['dead', 'dead'], 'prefer-standby', ['"owner"', '127.0.0.1']],
  ])('%s with target_session_attrs=%s: %s', async (hosts, attrs, expected) => {
    const server = await reached(urlOf(hosts, attrs && `target_session_attrs=${attrs}`))
    if (typeof expected === 'string') return expect(server).toBe(expected)
    expect(server).toEqual(withFacts(...expected))
    said.set(`${hosts} ${attrs ?? ''}`, server)
  })

  test.each<[attrs: string, expected: Host | string[]]>([
    ['read-write', ['target_session_attrs=read-write']],
    ['read-only', 'primary'],
    ['primary', 'primary'],
    ['any', 'primary'],
  ])('with a read-only role and target_session_attrs=%s: %s', async (attrs, expected) => {
    const server = await reached(urlOf(['primary'], `target_session_attrs=${attrs}`, 'reader'))
    if (typeof expected === 'string') return expect(server).toBe(expected)
    expect(server).toEqual(withFacts(...expected))
    said.set(`read-only role, ${attrs}`, server)
  })

  test('a login that one host refuses is not tried at the next', async () => {
    const url = urlOf(['standby', 'primary'], 'target_session_attrs=any', 'nobody')
    const sentence = await reached(url)
    // The next host would be named in the message.
    expect(sentence).toEqual(withFacts('"owner"', 'nobody'))
    said.set('a login that is refused', sentence)
  })

  test('with load_balance_hosts=random, each host is sometimes the first', async () => {
    const query = 'load_balance_hosts=random&target_session_attrs=any'
    const servers = new Set<string>()
    await until(async () => {
      servers.add(await reached(urlOf(['primary', 'standby'], query)))
      return servers.size === 2
    })
    expect(servers).toEqual(new Set(['primary', 'standby']))
  })

  test('PGHOST and PGPORT as lists, and PGTARGETSESSIONATTRS, have the same effect as in the URL', async () => {
    const env = {
      PGHOST: '127.0.0.1,127.0.0.1',
      PGPORT: `${standby.port},${primary.port}`,
      PGUSER: 'owner',
    }
    expect(await tickets(['show', 'list', '--json'], { env })).toMatchObject({ exitCode: 0 })
    const asks = { ...env, PGPORT: `${primary.port},${dead}`, PGTARGETSESSIONATTRS: 'standby' }
    const { exitCode, stdout } = await tickets(['show', 'list', '--wait', '0s', '--json'], {
      env: asks,
    })
    expect([exitCode, stdout]).toEqual([
      6,
      expect.stringMatching(`"code":"DB_UNREACHABLE".*127.0.0.1:${primary.port}`),
    ])
  })

  test('is refused with the messages in test/wording/hosts.txt', () => expectWording('hosts', said))
})

describe('a server that refuses connections, or an unknown host,', () => {
  const unknown = () => 'postgres://u@nosuch.invalid/x'
  const refuses = () => urlOf(['dead'])
  const cases: [what: string, url: () => string, args: string[], isWaitedFor: boolean][] = [
    ['a refusal, by default', refuses, [], false],
    ['a refusal, with --wait', refuses, ['--wait', '700ms'], true],
    ['a refusal, with a wait of zero', refuses, ['--wait', '0s'], false],
    ['an unknown host, by default', unknown, [], false],
    ['an unknown host, with --wait', unknown, ['--wait', '700ms'], true],
  ]
  test.each(cases)('%s: exit code 6', async (_what, url, args, isWaitedFor) => {
    const env = { [STATS_VARIABLE]: '1' }
    const argv = ['book', 'Hamlet', '--count', '1', '--json', ...args]
    const ran = await tickets(argv, { db: url(), env })
    expect([ran.exitCode, ran.json().error?.message]).toEqual([
      6,
      withFacts(url().split('@')[1]!.split(/[:/]/)[0]!),
    ])
    expect(readRetryLines(ran.stderr).retries.length > 0).toBe(isWaitedFor)
  })

  test.each<[what: string, hosts: Host[], options: object, attempts: 'one' | 'several']>([
    ['the default wait', ['dead'], {}, 'one'],
    ['a given wait', ['dead'], { waitMs: 500 }, 'several'],
    ['no wait', ['dead'], { waitMs: 0 }, 'one'],
  ])('in the library, with %s: %s is tried %s', async (_what, hosts, options, attempts) => {
    let retries = 0
    const onRetry = () => retries++
    const library = openTickets({ database: urlOf(hosts), env: {}, onRetry, ...options })
    await expect(library.findShow('x')).rejects.toMatchObject({ code: 'DB_UNREACHABLE' })
    expect(retries > 0).toBe(attempts === 'several')
    await library.close()
  })

  test('one that starts during the wait is used', async () => {
    await primary.stop()
    const ran = tickets(['migrate', '--wait', '60s', '--json'], { db: urlOf(['primary']) })
    await primary.start()
    expect((await ran).exitCode).toBe(0)
  })
})

describe('a URL parameter without effect', () => {
  const db = () => urlOf(['primary'], 'krbsrvname=x&gsslib=x')

  test('is listed on stderr, once, and not with --quiet', async () => {
    const { stderr, exitCode } = await tickets(['show', 'list'], { db: db() })
    expect(exitCode).toBe(0)
    const listed = stderr.match(/gsslib, krbsrvname/g)
    expect(listed).toHaveLength(1)
    expect((await tickets(['show', 'list', '--quiet'], { db: db() })).stderr).toBe('')
  })

  test('is refused by name if ignoring it could be unsafe', async () => {
    const ran = await tickets(['show', 'list'], { db: urlOf(['primary'], 'requirepeer=postgres') })
    expect([ran.exitCode, ran.stderr]).toEqual([2, expect.stringContaining('"requirepeer"')])
  })
})

async function createShow(db: string): Promise<string> {
  const name = `Show ${randomUUID().slice(0, 8)}`
  const args = ['show', 'create', '--name', name, '--start-time', '2031-03-01T19:30Z']
  const ran = await tickets([...args, '--total-seats', '1000', '--json'], { db })
  const { id } = ran.json()
  await until(async () => {
    const { rows } = await standby.run(`select 1 from shows where id = '${id}'`)
    return rows.length === 1
  })
  return id
}

describe('a connection', () => {
  const backendOf = async (db: Database) => {
    const { rows } = await db.knex.raw('select pg_backend_pid() as pid')
    return rows[0].pid
  }

  test('to a server that can write is kept, and one to a standby is used once', async () => {
    const [toPrimary, toStandby] = [open(urlOf(['primary'])), open(urlOf(['standby']))]
    expect(await backendOf(toPrimary)).toBe(await backendOf(toPrimary))
    expect(await backendOf(toStandby)).not.toBe(await backendOf(toStandby))
  })

  test('is closed when its server becomes read-only', async () => {
    const db = open(urlOf(['primary']))
    const before = await backendOf(db)
    await primary.run('alter system set default_transaction_read_only = on')
    await primary.run('select pg_reload_conf()')
    await until(async () => {
      const { rows } = await primary.run('show default_transaction_read_only')
      return rows[0].default_transaction_read_only === 'on'
    })
    // The change is reported with the next reply.
    await backendOf(db)
    expect(await backendOf(db)).not.toBe(before)
    await primary.run('alter system reset default_transaction_read_only')
    await primary.run('select pg_reload_conf()')
  })

  test('uses the second host within the wait if the first is silent', async () => {
    const silent = await silentServer()
    const url = urlOf(['primary']).replace('@', `@127.0.0.1:${silent.port},`)
    const { exitCode } = await tickets(['show', 'list', '--wait', '3s', '--json'], { db: url })
    expect([exitCode, silent.clients()]).toEqual([0, 1])
    silent.close()
  })

  test('that is interrupted at a silent host tries no other', async () => {
    const silent = await silentServer()
    const other = await silentServer()
    const interruption = new AbortController()
    const url = `postgres://u@127.0.0.1:${silent.port},127.0.0.1:${other.port}/x`
    const db = open(url, { waitMs: 60_000, signal: interruption.signal })
    const failure = withRetry(db, () => backendOf(db))
    await until(() => silent.clients() === 1)
    interruption.abort()
    await expect(failure).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await db.close()
    expect(other.clients()).toBe(0)
    silent.close()
    other.close()
  })

  test
    .skipIf(!existsSync('/proc/net/tcp'))
    .each<[query: string, seconds: [number, number] | 'off']>([
      ['', [1, 10]],
      ['keepalives_idle=40', [11, 40]],
      ['keepalives=0', 'off'],
    ])('that is idle is checked by the system: "%s": after %s s', async (query, seconds) => {
    const db = open(urlOf(['primary'], query))
    const { rows } = await db.knex.raw(
      'select inet_client_port() as client, inet_server_port() as server',
    )
    const { client, server } = rows[0]
    // Until the server has acknowledged everything, the timer is the one for retransmission.
    let timer = await timerOf(client, server)
    await until(async () => {
      timer = await timerOf(client, server)
      return timer.kind !== 'repetition'
    })
    if (seconds === 'off') expect(timer.kind).toBe('none')
    else {
      expect(timer.kind).toBe('keepalive')
      expect(timer.seconds).toBeGreaterThan(seconds[0] - 1)
      expect(timer.seconds).toBeLessThanOrEqual(seconds[1])
    }
  })
})

describe('a connection over TCP', () => {
  const asked = 'keepalives_interval=3&keepalives_count=4&tcp_user_timeout=9000'

  test.each<[query: string, options: number[]]>([
    [asked, [3000, 4, 9000]],
    [`${asked}&sslmode=require`, [3000, 4, 9000]],
    ['', [1000, 10, 0]],
  ])('has the options of the URL, according to the system: "%s"', async (query, options) => {
    const { target } = open(urlOf(['primary'], query))
    const sockets = new Set<Socket>()
    const client = await pgConnect(target, { timeoutMs: 10_000, sockets, onLost() {} })
    try {
      const [socket] = sockets
      expect([
        getKeepAliveInterval(socket!),
        getKeepAliveProbes(socket!),
        getUserTimeout(socket!),
      ]).toEqual(options)
    } finally {
      await client.end()
    }
  })

  test('of the built program has these options', async () => {
    expect(
      (await ticketsProcess(['show', 'list', '-q'], { db: urlOf(['primary'], asked) })).exitCode,
    ).toBe(0)
  })
})

/** Accepts connections, and sends nothing. */
async function silentServer() {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    clients: () => sockets.length,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/**
 * The kernel's timer of a connection of this machine; see proc_net_tcp.txt in the kernel
 * documentation.
 */
async function timerOf(client: number, server: number): Promise<{ kind: string; seconds: number }> {
  // Connections to several servers may have the same client port.
  const [from, to] = [client, server].map(
    (n) => `:${n.toString(16).toUpperCase().padStart(4, '0')}`,
  )
  const lines = (await readFile('/proc/net/tcp', 'latin1')).split('\n')
  const [, , , , , timer = ''] = lines
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(from!) && remote?.endsWith(to!))!
  const [kind, jiffies] = timer.split(':').map((hex) => Number.parseInt(hex, 16)) as [
    number,
    number,
  ]
  const kinds = ['none', 'repetition', 'keepalive']
  return { kind: kinds[kind] ?? 'other', seconds: jiffies / 100 }
}

describe('a standby alone', () => {
  test('can be read, and refuses sales with exit code 6 after the wait', async () => {
    const show = await createShow(urlOf(['primary']))
    const alone = urlOf(['standby'])
    expect(await tickets(['show', 'view', show, '--json'], { db: alone })).toMatchObject({
      exitCode: 0,
    })
    expect(await tickets(['verify', '--json'], { db: alone })).toMatchObject({ exitCode: 0 })
    const asked = performance.now()
    const argv = ['book', show, '--count', '1', '--wait', '1s', '--json']
    const booked = await tickets(argv, { db: alone })
    expect([booked.exitCode, booked.json().error]).toEqual([
      6,
      {
        code: 'DB_UNREACHABLE',
        message: expect.stringMatching(/"owner".*read only/),
        retryable: true,
      },
    ])
    expect(performance.now() - asked).toBeGreaterThan(1000)
  })

  test('is not migrated: exit code 6', async () => {
    const ran = await tickets(['migrate', '--wait', '100ms', '--json'], { db: urlOf(['standby']) })
    expect([ran.exitCode, ran.json().error]).toEqual([
      6,
      expect.objectContaining({
        code: 'DB_UNREACHABLE',
        message: withFacts('read only'),
      }),
    ])
  })

  test('is not ready for `serve`', async () => {
    const server = await serveProcess(urlOf(['standby']), ['--port', '0', '--wait', '500ms'])
    expect((await ask(`${server.url}/readyz`)).status).toBe(503)
    expect((await ask(`${server.url}/shows`)).status).toBe(200)
    expect(await server.stop()).toBe(0)
  })
})

test('a server whose synchronous standby is gone is not ready until it may commit again', async () => {
  const setNames = async (names: string) => {
    await primary.run(`alter system set synchronous_standby_names = '${names}'`)
    await primary.run('select pg_reload_conf()')
  }
  const server = await serveProcess(urlOf(['primary']), ['--port', '0', '--wait', '1s'])
  const readyz = async () => (await ask(`${server.url}/readyz`)).status
  expect(await readyz()).toBe(200)
  await setNames('gone')
  await until(async () => (await readyz()) === 503)
  await setNames('')
  await until(async () => (await readyz()) === 200)
  expect(await server.stop()).toBe(0)
})

describe('a failover', () => {
  test('to the other server: every waiting booking is made, `serve` follows, nothing is lost', async () => {
    const url = urlOf(['primary', 'standby'], 'target_session_attrs=read-write&sslmode=prefer')
    const show = await createShow(url)
    await primary.run(`alter system set synchronous_standby_names = '*'`)
    await primary.run('select pg_reload_conf()')
    const server = await serveProcess(url, ['--port', '0', '--wait', '60s', '--connections', '3'])
    const library = openTickets({ database: url, env: {}, waitMs: 60_000 })
    const viaServer = async () => {
      const body = { seats_count: 1 }
      const { status, body: booking } = await ask(`${server.url}/shows/${show}/book`, { body })
      return status === 201 ? booking.id : `status ${status}`
    }
    const viaLibrary = async () => (await library.book(show, { count: 1 })).booking.id
    const viaProcess = async () => {
      const { document } = await startBooking(url, [show, '--count', '1', '--wait', '60s']).ended
      return document.error?.code ?? document.id
    }
    const answers = await Promise.all([viaServer(), viaLibrary(), viaProcess()])
    expect((await ask(`${server.url}/readyz`)).status).toBe(200)

    await primary.stop('immediate')
    const during = [viaServer(), viaLibrary(), viaProcess(), viaServer(), viaProcess()]
    await until(async () => (await ask(`${server.url}/readyz`)).status === 503)
    await standby.promote()
    answers.push(...(await Promise.all(during)))
    await until(async () => (await ask(`${server.url}/readyz`)).status === 200)
    answers.push(await viaServer(), await viaLibrary(), await viaProcess())

    const { rows } = await standby.run(
      `select id from bookings where show_id = '${show}' and status = 'CONFIRMED'`,
    )
    expect(rows.map(({ id }) => id).sort()).toEqual(answers.sort())
    expect(await tickets(['verify', '--json'], { db: url })).toMatchObject({ exitCode: 0 })

    // The old primary comes back as a standby, first in the list.
    await primary.demote()
    expect(await viaProcess()).toMatch(/^[0-9a-f-]{36}$/)

    await library.close()
    expect(await server.stop()).toBe(0)
  })

  test('of a single address: a server that becomes a standby is left, and used again when it is the primary', async () => {
    const url = urlOf(['standby']) // It is now the primary.
    const show = await createShow(url)
    const server = await serveProcess(url, ['--port', '0', '--wait', '60s', '--connections', '3'])
    const book = () => ask(`${server.url}/shows/${show}/book`, { body: { seats_count: 1 } })
    expect((await book()).status).toBe(201)
    await standby.demote()
    await until(async () => (await ask(`${server.url}/readyz`)).status === 503)
    const waiting = book()
    const process = startBooking(url, [show, '--count', '1', '--wait', '60s']).ended
    await standby.promote()
    expect((await waiting).status).toBe(201)
    expect((await process).exitCode).toBe(0)
    await until(async () => (await ask(`${server.url}/readyz`)).status === 200)
    expect(await server.stop()).toBe(0)
  })
})
