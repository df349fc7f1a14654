import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bareEnvironment } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { freePort, type OwnServer, startOwnServer } from '../../../support/own-server.js'
import { insertShow } from '../../../support/shows.js'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tickets-db-'))
})
afterAll(() => rm(scratch, { recursive: true }))

describe('the choice of the database', () => {
  let [one, two]: [TestDatabase, TestDatabase] = [] as never
  beforeAll(async () => {
    ;[one, two] = await Promise.all([cloneDatabase(), cloneDatabase()])
    await insertShow(one, { name: 'One' })
    await insertShow(two, { name: 'Two' })
  })
  afterAll(() => Promise.all([one.drop(), two.drop()]))

  it('--db has priority over DATABASE_URL, that over PGHOST and .env, and .env over the embedded server', async () => {
    const dataDir = join(scratch, 'never')
    await writeFile(join(scratch, '.env'), `DATABASE_URL=${one.url}\nPGAPPNAME=box\n`)
    const list = async (args: string[], env: Record<string, string>) => {
      const ran = await runInProcess(
        ['show', 'list', '--json', '-q', ...args],
        { ...bareEnvironment, TICKETS_DATA_DIR: dataDir, ...env },
        { cwd: scratch },
      )
      return ran.exitCode === 0 ? ran.json()[0].name : ran.json().error.code
    }
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2'
    expect(
      await Promise.all([
        list(['--db', two.url], { DATABASE_URL: one.url }),
        list(['--db', two.url], { DATABASE_URL: nowhere, PGHOST: '127.0.0.1' }),
        list([], { DATABASE_URL: two.url, PGPORT: '1' }),
        list([], { DATABASE_URL: nowhere }),
        list([], {}),
        list([], { DATABASE_URL: '' }),
        list([], { PGHOST: '127.0.0.1', PGPORT: '1' }),
      ]),
    ).toEqual(['Two', 'Two', 'Two', 'DB_UNREACHABLE', 'One', 'One', 'DB_UNREACHABLE'])
    expect(existsSync(dataDir)).toBe(false)
  })

  it('exits with 6 if the database does not answer, with one message and nothing on stdout', async () => {
    const db = `postgres://clerk@127.0.0.1:${await freePort()}/box`
    const ran = await runInProcess(['book', 'One', '--seats', '1', '--wait', '0s'], {
      ...bareEnvironment,
      DATABASE_URL: db,
    })
    expect(ran).toMatchObject({ exitCode: 6, stdout: '' })
    expect(ran.stderr).toMatch(/127\.0\.0\.1/)
    expect(ran.stderr).not.toMatch(/\n\s+at /)
  })
})

describe('a password', () => {
  const password = 'tr0ub4dor&3/x'
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwnServer()
    await server.run(`create role clerk login password '${password}'`)
    await server.run('create database box owner clerk')
  })
  afterAll(() => server.remove())

  it('is printed by no command, right or wrong, in no spelling, and not under --debug', async () => {
    const place = `localhost:${server.port}/box`
    const spelled = encodeURIComponent(password)
    const right = { DATABASE_URL: `postgres://clerk:${spelled}@${place}` }
    const runs: [args: string[], env: Record<string, string>, exitCode: number][] = [
      [['migrate'], right, 0],
      [['migrate', '--status', '--json'], right, 0],
      [
        [
          'show',
          'create',
          '--name',
          'x',
          '--start-time',
          '2030-01-01T00:00Z',
          '--total-seats',
          '9',
        ],
        {
          PGPASSWORD: password,
          PGHOST: 'localhost',
          PGPORT: `${server.port}`,
          PGUSER: 'clerk',
          PGDATABASE: 'box',
        },
        0,
      ],
      [['book', 'x', '--seats', '1', '--json'], right, 0],
      [['book', 'x', '--seats', '1'], right, 4],
      [['show', 'list'], { DATABASE_URL: `postgres://clerk:${spelled}wrong@${place}` }, 6],
      [['show', 'list', '--json'], { DATABASE_URL: `postgres://clerk:${spelled}@${place}x` }, 6],
      [['show', 'list'], { DATABASE_URL: `${right.DATABASE_URL}?sslmode=require` }, 6],
      [['show', 'list'], { DATABASE_URL: `postgres://clerk:${spelled}@nowhere.invalid/box` }, 6],
      // Not percent-encoded, as people write it.
      [['show', 'list'], { DATABASE_URL: `postgres://clerk:${password}@${place}` }, 2],
    ]
    for (const [args, env, exitCode] of runs) {
      const ran = await runInProcess([...args, '--debug', '--wait', '2s'], {
        ...bareEnvironment,
        ...env,
      })
      expect([args, env, ran.exitCode]).toEqual([args, env, exitCode])
      expect(ran.stderr).not.toBe('')
      for (const spelling of [password, spelled, 'tr0ub4dor']) {
        expect(ran.stdout + ran.stderr).not.toContain(spelling)
      }
    }
  })
})
