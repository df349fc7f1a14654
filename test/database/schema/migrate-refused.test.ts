import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { runInProcess } from '../../support/in-process.js'
import { tooOldServers } from '../../support/older-servers.js'
import { startOwnServer } from '../../support/own-server.js'
import { holdLock } from '../../support/shows.js'
import { withFacts } from '../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

async function refusal(url: string, ...args: string[]) {
  const ran = await runInProcess(['migrate', ...args, '--json'], { DATABASE_URL: url })
  return [ran.exitCode, ran.json().error]
}

describe('a lock that is never released ends `migrate` with exit code 5 and a message', () => {
  const rollback = ['--rollback', '-y']
  test.each<[what: string, sql: string, args: string[]]>([
    ["Knex's own", 'select from knex_migrations_lock for update', []],
    ["Knex's own, of a rollback", 'select from knex_migrations_lock for update', rollback],
    ['the lock of the list of migrations', 'lock table knex_migrations', []],
    ['the lock of a table', 'lock table shows', rollback],
    ["another migration's", `select pg_advisory_xact_lock(hashtext('tickets migrate'))`, []],
  ])('%s', async (_what, sql, args) => {
    const lock = await holdLock(db, sql)
    expect(await refusal(db.url, '--wait', '100ms', ...args)).toEqual([
      5,
      {
        code: 'BUSY',
        message: expect.any(String),
        retryable: true,
      },
    ])
    await lock.release()
  })
})

describe('a server that is older than the program needs', () => {
  test.each(['13.22 (Debian 13.22-0+deb11u1)', '9.6.24', '8.0.2'])(
    'PostgreSQL %s: exit code 6, at once, and says which is needed',
    async (version) => {
      const server = await loginServer(version)
      await expectTooOld(`postgres://u@127.0.0.1:${server.port}/x?sslmode=disable`, version)
      server.close()
    },
  )

  const [real] = tooOldServers()
  test.skipIf(real === undefined)('a real server of that kind gives the same result', async () => {
    const server = await startOwnServer({ programs: real!.programs })
    onTestFinished(() => server.remove())
    const { rows } = await server.run('show server_version')
    const host = encodeURIComponent(server.socketDir)
    await expectTooOld(`postgres://owner@${host}:${server.port}/owner`, rows[0].server_version)
    const tables = await server.run(`select from pg_tables where schemaname = 'public'`)
    expect(tables.rowCount).toBe(0)
  })
})

async function expectTooOld(url: string, version: string): Promise<void> {
  for (const command of [['migrate'], ['show', 'list'], ['book', 'x', '--seats', '1']]) {
    const ran = await runInProcess([...command, '--json'], { DATABASE_URL: url })
    expect([ran.exitCode, ran.json().error]).toEqual([
      6,
      {
        code: 'NOT_MIGRATED',
        message: withFacts(/^[\d.]+/.exec(version)![0], '14'),
        retryable: false,
      },
    ])
  }
}

/** Accepts every client, as a server of this version. */
async function loginServer(version: string) {
  const message = (type: string, body: string) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(4 + body.length)
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body, 'latin1')])
  }
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write(message('R', '\0\0\0\0'))
        socket.write(message('S', `server_version\0${version}\0`))
        socket.write(message('Z', 'I'))
      })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
