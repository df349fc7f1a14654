import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ConflictError } from '../../src/database/failures.js'
import { type Database, type KnexPoolOptions, openKnexPool } from '../../src/database/knex-pool.js'
import { withRetry } from '../../src/database/retry.js'
import { findDatabase } from '../../src/database/settings/settings.js'
import type { DatabaseTarget } from '../../src/database/settings/target.js'
import { change, changeInDoubt } from '../../src/database/transaction.js'
import { freePort, type OwnServer, startOwnServer } from '../support/own-server.js'
import { openProxy, shutDown } from '../support/proxy.js'

let server: OwnServer
beforeAll(async () => {
  server = await startOwnServer({
    settings: {
      max_connections: '8',
      superuser_reserved_connections: '3',
      deadlock_timeout: '20ms',
    },
  })
  await server.run('CREATE ROLE clerk LOGIN')
  await server.run('CREATE TABLE seats (id int primary key, holder text)')
  await server.run('GRANT ALL ON seats TO clerk')
  await server.run('INSERT INTO seats VALUES (1), (2)')
})
afterAll(() => server?.remove())

const opened: Database[] = []
afterEach(() => Promise.all(opened.splice(0).map((db) => db.close())))

const urlOf = ({ socketDir, port }: OwnServer) =>
  `postgres://owner@${encodeURIComponent(socketDir)}:${port}/owner`

function targetOf(db: string): DatabaseTarget {
  const target = findDatabase({ db, env: {}, cwd: '/nowhere', homeDir: '/nowhere' })
  if (target.kind === 'embedded') throw new Error('embedded')
  return target
}

function open(
  options: Partial<KnexPoolOptions> = {},
  changes: Partial<DatabaseTarget> = {},
): Database {
  const target = { ...targetOf(urlOf(server)), ...changes }
  const database = openKnexPool(target, { waitMs: 10_000, ...options })
  opened.push(database)
  return database
}

/** Begins a transaction that holds seat 1 until it is released. */
async function holdSeat(id = 1): Promise<() => Promise<unknown>> {
  const trx = await open().knex.transaction()
  await trx('seats').where({ id }).forUpdate()
  return () => trx.rollback()
}

/** Waits until a statement of some client matches, and returns the id of its process. */
async function backend(sql: string): Promise<number> {
  const query = `select pid from pg_stat_activity where pid <> pg_backend_pid() and query like '%${sql}%'`
  for (;;) {
    const { rows } = await server.run(query)
    if (rows[0]) return rows[0].pid
  }
}

describe('connecting', () => {
  test('a given database that refuses connections is not waited for', async () => {
    const port = await freePort()
    const db = open({}, { connection: { host: 'localhost', port, user: 'u', database: 'x' } })
    let attempts = 0
    const failure = withRetry(db, (n) => {
      attempts = n
      return db.knex.raw('select 1')
    })
    await expect(failure).rejects.toMatchObject({ code: 'DB_UNREACHABLE' })
    expect(attempts).toBe(1)
  }, 2000)

  test('an embedded server that is down is started, even with no wait at all', async () => {
    await server.stop()
    let revivals = 0
    const revive = async () => {
      revivals++
      await server.start()
    }
    const db = open({ waitMs: 0 }, { kind: 'embedded', revive })
    const { rows } = await withRetry(db, () => db.knex.raw('select count(*)::int from seats'))
    expect([rows[0].count, revivals]).toEqual([2, 1])
  })

  test('an embedded server that does not start is given up', async () => {
    const port = await freePort()
    const dead = { host: '127.0.0.1', port, user: 'u', database: 'x' }
    let revivals = 0
    const revive = async () => void revivals++
    // On a busy machine, one attempt may take a tenth of a second.
    const db = open({ waitMs: 1000 }, { kind: 'embedded', revive, connection: dead })
    const failure = withRetry(db, () => db.knex.raw('select 1'))
    await expect(failure).rejects.toMatchObject({ code: 'DB_UNREACHABLE' })
    expect(revivals).toBeGreaterThan(1)
  })

  test('a full server is waited for, and is BUSY if it stays full', async () => {
    const asClerk = { host: 'localhost', port: server.port, user: 'clerk', database: 'owner' }
    await server.run("ALTER ROLE clerk PASSWORD 'pw'")
    const connection = { ...asClerk, password: 'pw' }
    const crowd = Array.from({ length: 5 }, () => open({}, { connection }))
    await Promise.all(crowd.map(({ knex }) => knex.raw('select 1')))

    const late = open({ waitMs: 200 }, { connection })
    const failure = withRetry(late, () => late.knex.raw('select 1'))
    await expect(failure).rejects.toMatchObject({ code: 'BUSY', isRetryable: true })

    let isLeaving = false
    const retried = withRetry(late, () => late.knex.raw('select 2 as two'), {
      waitMs: 10_000,
      onRetry(cause) {
        expect(cause).toBe('connect')
        if (!isLeaving) void crowd[0]?.close()
        isLeaving = true
      },
    })
    expect((await retried).rows).toEqual([{ two: 2 }])
    expect(isLeaving).toBe(true)
  })
})

describe('in a transaction', () => {
  test('a lock that is never released is BUSY after the wait', async () => {
    const letGo = await holdSeat()
    const db = open({ waitMs: 100 })
    const failure = withRetry(db, () =>
      db.knex.transaction((trx) => trx('seats').where({ id: 1 }).forUpdate()),
    )
    await expect(failure).rejects.toMatchObject({ code: 'BUSY' })
    await letGo()
  })

  test('two that deadlock both finish, one of them at the second attempt', async () => {
    const attempts: number[] = []
    const ready: (() => void)[] = []
    // Each holds its first seat before either asks for the other's.
    const bothHaveOne = () =>
      new Promise<void>((resolve) => {
        ready.push(resolve)
        if (ready.length >= 2) for (const go of ready) go()
      })
    const take = (first: number, second: number) => {
      const db = open()
      return withRetry(db, async (n) => {
        attempts.push(n)
        await db.knex.transaction(async (trx) => {
          await trx('seats')
            .where({ id: first })
            .update({ holder: `${first}` })
          if (n === 1) await bothHaveOne()
          await trx('seats')
            .where({ id: second })
            .update({ holder: `${first}` })
        })
      })
    }
    await Promise.all([take(1, 2), take(2, 1)])
    // On a slow machine, the second attempt may also wait too long for the lock, and be followed by
    // others.
    expect(attempts.sort().slice(0, 3)).toEqual([1, 1, 2])
  })

  test('a conflict that the program detects is rolled back and retried, and BUSY at the end', async () => {
    const db = open({ waitMs: 100 })
    const holders = () => db.knex('seats').where({ id: 1 }).pluck('holder')
    const before = await holders()
    const causes: string[] = []
    const failure = change(
      db,
      async (trx) => {
        await trx('seats').where({ id: 1 }).update({ holder: 'conflict' })
        throw new ConflictError('The row is not as it was.')
      },
      changeInDoubt('tickets verify'),
      { onRetry: (cause) => void causes.push(cause) },
    )
    await expect(failure).rejects.toMatchObject({ code: 'BUSY' })
    expect(new Set(causes)).toEqual(new Set(['conflict']))
    expect(await holders()).toEqual(before)
  })

  test('a bug is thrown at once, unchanged', async () => {
    const db = open()
    const bug = new TypeError('a bug')
    let attempts = 0
    const failure = withRetry(db, async () => {
      attempts++
      throw bug
    })
    await expect(failure).rejects.toBe(bug)
    expect(attempts).toBe(1)
  })
})

describe('a connection that is lost', () => {
  test.each(['in a statement', 'between two statements of a transaction', 'while idle'])(
    'terminated %s: the next attempt succeeds',
    async (when) => {
      const db = open()
      // A separate marker: the backends of the previous test may not have exited yet.
      const mark = `/*${when}*/`
      const kill = async () =>
        server.run(`select pg_terminate_backend(${await backend(mark)}, 5000)`)
      const causes: string[] = []
      if (when === 'while idle') {
        const { rows } = await db.knex.raw('select pg_backend_pid() as pid')
        await server.run(`select pg_terminate_backend(${rows[0].pid}, 5000)`)
      }
      const result = await withRetry(
        db,
        (n) =>
          db.knex.transaction(async (trx) => {
            if (n === 1 && when.startsWith('in')) {
              await Promise.all([trx.raw(`select ${mark} pg_sleep(60)`), kill()])
            }
            await trx.raw(`select ${mark} 1`)
            if (n === 1 && when.startsWith('between')) await kill()
            return (await trx.raw('select 7 as seven')).rows
          }),
        { onRetry: (cause) => causes.push(cause) },
      )
      expect(result).toEqual([{ seven: 7 }])
      if (when !== 'while idle') expect(causes).toEqual(['lost'])
    },
  )

  test('terminated during a statement: the server gives the reason, and the next attempt succeeds', async () => {
    const db = open()
    const codes: unknown[] = []
    const kill = async () =>
      server.run(`select pg_terminate_backend(${await backend('/*alone*/')}, 5000)`)
    const { rows } = await withRetry(
      db,
      async (n) => {
        if (n > 1) return db.knex.raw('select 7 as seven')
        return (await Promise.all([db.knex.raw('select /*alone*/ pg_sleep(60)'), kill()]))[0]
      },
      { onRetry: (cause, error) => codes.push(cause, (error as { code?: string }).code) },
    )
    expect(rows).toEqual([{ seven: 7 }])
    expect(codes).toEqual(['lost', '57P01'])
  })

  test('a server that shuts down right after it was ready ends no process', async () => {
    const proxy = await openProxy(urlOf(server))
    proxy.decide(({ connection, from, type }) =>
      connection === 1 && from === 'server' && type === 'Z' ? { lastWords: shutDown } : 'pass',
    )
    const db = open({}, targetOf(proxy.url))
    await expect(withRetry(db, () => db.knex.raw('select 7 as seven'))).resolves.toMatchObject({
      rows: [{ seven: 7 }],
    })
    await proxy.close()
  })

  test('a server that restarts is waited for, although it refuses connections for a while', async () => {
    const db = open()
    const causes = new Set<string>()
    let restarted: Promise<void> | undefined
    const { rows } = await withRetry(
      db,
      async (n) => {
        if (n > 1) return db.knex.raw('select count(*)::int from seats')
        await db.knex.raw('select 1')
        await server.stop()
        return db.knex.raw('select 1')
      },
      {
        onRetry(cause) {
          causes.add(cause)
          // Not before it has refused once.
          if (cause === 'connect') restarted ??= server.start()
        },
      },
    )
    await restarted
    expect(rows).toEqual([{ count: 2 }])
    expect(causes).toContain('connect')
  })

  test('a server that does not come back is DB_UNREACHABLE after the wait', async () => {
    const db = open({ waitMs: 150 })
    await db.knex.raw('select 1')
    await server.stop()
    const failure = withRetry(db, () => db.knex.raw('select 1'))
    await expect(failure).rejects.toMatchObject({ code: 'DB_UNREACHABLE' })
    await server.start()
  })
})

describe('an interrupt', () => {
  test('ends the wait for a lock at once, and the transaction leaves nothing behind', async () => {
    const letGo = await holdSeat(2)
    const controller = new AbortController()
    const db = open({ waitMs: 60_000, signal: controller.signal })
    const failure = withRetry(db, () =>
      db.knex.transaction(async (trx) => {
        await trx('seats').where({ id: 1 }).update({ holder: 'interrupted' })
        await trx.raw('select /*stuck*/ from seats where id = 2 for update')
      }),
    )
    failure.catch(() => {})
    await backend('/*stuck*/')
    controller.abort()
    await expect(failure).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await letGo()
    const { rows } = await server.run('select holder from seats where id = 1')
    expect(rows[0].holder).not.toBe('interrupted')
  }, 5000)

  test('ends a pause between two attempts, and no attempt is made after it', async () => {
    const controller = new AbortController()
    const db = open()
    let attempts = 0
    const busy = Object.assign(new Error('full'), { severity: 'FATAL', code: '53300' })
    const failure = withRetry(
      db,
      async () => {
        attempts++
        throw busy
      },
      { signal: controller.signal, onRetry: () => controller.abort() },
    )
    await expect(failure).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(attempts).toBe(1)
  })
})
