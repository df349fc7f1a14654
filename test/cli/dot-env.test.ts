import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execaNode } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { openDaemon, type TestDaemon } from '../support/daemon.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { withFacts } from '../support/wording.js'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tickets-cli-dot-env-'))
})
afterAll(() => rm(scratch, { recursive: true }))

/** A new directory with this `.env`. */
async function project(text: string): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'project-'))
  await writeFile(join(directory, '.env'), text)
  return directory
}

/** A new directory where `.env` is a pipe that nothing is written to. */
async function withPipe(): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'pipe-'))
  execFileSync('mkfifo', [join(directory, '.env')])
  return directory
}

describe('a database that a .env names', () => {
  let db: TestDatabase
  let show: string
  let cwd: string
  let daemon: TestDaemon
  beforeAll(async () => {
    db = await cloneDatabase()
    show = await insertShow(db, { name: 'Cats', seats: 500 })
    cwd = await project(`DATABASE_URL=${db.url}\n`)
    daemon = await openDaemon({ cwd })
  })
  afterAll(async () => {
    await daemon.remove()
    await db.drop()
  })

  const name = /^.* "test_\w+" .*\(\.env\)$/gm
  const timesNamed = (stderr: string) => stderr.match(name)?.length ?? 0

  it.each([
    [['show', 'list']],
    [['show', 'list', '--json']],
    [['book', 'Cats', '--count', '1']],
    [['book', 'Cats', '--count', '1', '--json']],
    [['book', 'Cats', '--count', '501', '--json']],
    [['book', '--file', '/dev/null', 'Cats']],
    [['migrate']],
    [['migrate', '--check', '--json']],
    [['verify']],
    [['history']],
    [['token', 'list']],
    [['stress', '--bookings', '3', '--processes', '3', '--json']],
    [['stress', '--bookings', '3', '--in-process']],
    // `demo` has a separate test.
  ])('is named on stderr, once: %j', async (args) => {
    // A real process if a daemon or other processes take part.
    const ran = /--count|--processes/.test(args.join(' '))
      ? await tickets(args, { cwd })
      : await runInProcess(args, bareEnvironment, { cwd })
    expect([args, timesNamed(ran.stderr), ran.stdout]).toEqual([
      args,
      1,
      expect.not.stringContaining('(.env)'),
    ])
  })

  it('is named by `serve`, once for all its connections', async () => {
    const serving = execaNode(program, ['serve', '--port', '0', '--json'], {
      ...{ cwd, env: bareEnvironment, extendEnv: false, reject: false },
    })
    await once(serving.stdout, 'data')
    serving.kill('SIGTERM')
    const { exitCode, stderr } = await serving
    expect([exitCode, timesNamed(stderr)]).toEqual([0, 1])
  })

  it('is named by a command that the daemon runs, if the .env is in the directory of the command', async () => {
    const { served = 0 } = await daemon.status()
    const args = ['book', 'Cats', '--count', '1', '--json']
    for (const env of [{}, { TICKETS_STATS: '1' }]) {
      const ran = await tickets(args, { cwd, env })
      expect([ran.exitCode, ran.json().show_id, timesNamed(ran.stderr)]).toEqual([0, show, 1])
    }
    const ran = await tickets(args, { cwd: await withPipe() })
    expect([ran.exitCode, ran.json().error.code, ran.stderr]).toEqual([6, 'DB_MISSING', ''])
    expect((await daemon.status()).served).toBe(served + 1)
  })

  it('is not named with --quiet, nor if another setting chooses the database', async () => {
    const runs = [
      runInProcess(['show', 'list', '--quiet'], bareEnvironment, { cwd }),
      runInProcess(['show', 'list', '--db', db.url], bareEnvironment, { cwd }),
      runInProcess(['show', 'list'], { ...bareEnvironment, DATABASE_URL: db.url }, { cwd }),
      runInProcess(['show', 'list', '--help'], bareEnvironment, { cwd }),
    ]
    for (const { exitCode, stderr } of await Promise.all(runs)) {
      expect([exitCode, stderr]).toEqual([0, ''])
    }
  })

  it('is named if it is the embedded server as well', async () => {
    const env = { ...bareEnvironment, TICKETS_DATA_DIR: '/proc/none' }
    const cwd = await project('DATABASE_URL=embedded\n')
    const ran = await runInProcess(['show', 'list'], env, { cwd })
    expect(ran.stderr).toMatch(/^.* \/proc\/none \(\.env\)\n/m)
  })
})

describe('a .env that is a pipe', () => {
  it.each([
    [['show', 'list', '--json']],
    [['book', 'Cats', '--seats', '1', '--json']],
    [['migrate', '--json']],
    [['serve', '--port', '0', '--json']],
    [['stress', '--json']],
    [['demo', '--json']],
    [['token', 'list', '--json']],
  ])('does not block a command: %j', async (args) => {
    const cwd = await withPipe()
    const dataDir = join(cwd, 'data')
    const env = { TICKETS_DATA_DIR: dataDir }
    // A scripted booking has a separate loader.
    const ran = await (args[0] === 'book'
      ? tickets(args, { cwd, env })
      : runInProcess(args, { ...bareEnvironment, ...env }, { cwd }))
    expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_MISSING'])
    expect(ran.json().error.message).toContain(join(cwd, '.env'))
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('a host that a .env names', () => {
  const secret = 'tr0ub4dor'
  let trap: Trap
  let home: string
  beforeEach(async () => {
    trap = await openTrap()
    home = await mkdtemp(join(scratch, 'home-'))
    await writeFile(join(home, '.pgpass'), `*:*:*:*:${secret}\n`, { mode: 0o600 })
    await writeFile(
      join(home, '.pg_service.conf'),
      `[box]\nhost=127.0.0.1\nport=${trap.port}\nuser=u\npassword=${secret}\n[login]\nuser=u\npassword=${secret}\n`,
    )
  })
  afterEach(() => trap.close())

  const files: [what: string, text: (port: number) => string][] = [
    ['a URL', (port) => `DATABASE_URL=postgres://u@127.0.0.1:${port}/x?sslmode=disable`],
    ['hostaddr', (port) => `DATABASE_URL=postgres://u@db.example:${port}/x?hostaddr=127.0.0.1`],
    ['libpq variables', (port) => `PGHOST=127.0.0.1\nPGPORT=${port}\nPGUSER=u`],
    ['PGHOSTADDR', (port) => `PGHOST=db.example\nPGHOSTADDR=127.0.0.1\nPGPORT=${port}`],
    ['a service of the home', () => 'PGSERVICE=box'],
    ["a service's login", (port) => `DATABASE_URL=postgres://127.0.0.1:${port}/x?service=login`],
    ['a password file', (port) => `PGHOST=127.0.0.1\nPGPORT=${port}\nPGPASSFILE=${home}/.pgpass`],
    [
      'passfile',
      (port) => `DATABASE_URL=postgres://u@127.0.0.1:${port}/x?passfile=${home}/.pgpass`,
    ],
    [
      'a service file',
      (port) => `PGSERVICEFILE=${home}/.pg_service.conf\nPGSERVICE=box\nPGPORT=${port}`,
    ],
  ]

  /** Inside this process, a service of the home directory would be one of the test's. */
  const run = (what: string, args: string[], cwd: string) => {
    const env = { HOME: home, PGPASSWORD: secret, PGPASSFILE: join(home, '.pgpass') }
    return what.includes('service')
      ? tickets(args, { cwd, env })
      : runInProcess(args, { ...bareEnvironment, ...env }, { cwd })
  }

  it.each(files)('gets no password from elsewhere: %s', async (what, text) => {
    const cwd = await project(`${text(trap.port)}\n`)
    const ran = await run(what, ['show', 'list', '--json', '--wait', '0s'], cwd)
    expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_AUTH'])
    expect(ran.json().error.message).toEqual(
      withFacts('.env', 'PGPASSWORD', '--db', 'DATABASE_URL'),
    )
    expect(trap.connections).toBeGreaterThan(0)
    expect(trap.passwords).toEqual([])
  })

  it.each(files)('gets the password in the same file: %s', async (what, text) => {
    const cwd = await project(`${text(trap.port)}\nPGPASSWORD=its own\n`)
    await run(what, ['show', 'list', '--wait', '0s'], cwd)
    expect(new Set(trap.passwords)).toEqual(new Set(['its own']))
  })

  it('is not connected to for completion', async () => {
    const cwd = await project(`DATABASE_URL=postgres://u@127.0.0.1:${trap.port}/x\n`)
    const words = ['tickets', 'show', 'view', '']
    const args = ['complete', 'bash', '3', '--', ...words]
    const env = { HOME: home, TICKETS_DATA_DIR: join(cwd, 'data') }
    const silent = { exitCode: 0, stdout: '', stderr: '' }
    expect(await tickets(args, { cwd, env })).toMatchObject(silent)
    expect(trap.connections).toBe(0)
    expect(await tickets(args, { cwd: await withPipe(), env })).toMatchObject(silent)
    // The same database is asked if the user has chosen it.
    const db = `postgres://u@127.0.0.1:${trap.port}/x`
    expect(await tickets(args, { cwd, env, db })).toMatchObject(silent)
    expect(trap.connections).toBeGreaterThan(0)
  })

  it('a password in a .env is not sent to a host that the environment names', async () => {
    const cwd = await project('PGPASSWORD=its own\nPGHOST=db.example\n')
    const env = { HOME: '/nonexistent', PGHOST: '127.0.0.1', PGPORT: String(trap.port) }
    const ran = await runInProcess(['show', 'list', '--json', '--wait', '0s'], env, { cwd })
    expect([ran.json().error.code, ran.json().error.message]).toEqual([
      'DB_AUTH',
      withFacts('PGPASSWORD'),
    ])
    expect(trap.passwords).toEqual([])
  })
})

interface Trap {
  port: number
  connections: number
  passwords: string[]
  close(): void
}

/** A server without TLS that asks each client for its password and records it. */
async function openTrap(): Promise<Trap> {
  const sockets = new Set<Socket>()
  const trap = { port: 0, connections: 0, passwords: [] as string[] }
  const server: Server = createServer((socket) => {
    trap.connections++
    sockets.add(socket.on('error', () => {}))
    socket.on('data', (data) => {
      const isTlsRequest = data.length === 8 && data.readInt32BE(4) === 80_877_103
      if (isTlsRequest) return socket.write('N')
      if (data[0] !== 'p'.charCodeAt(0)) return socket.write(Buffer.from('R\0\0\0\x08\0\0\0\x03'))
      trap.passwords.push(data.subarray(5, -1).toString())
      return socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  trap.port = (server.address() as AddressInfo).port
  return Object.assign(trap, {
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
}
