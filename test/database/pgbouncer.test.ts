import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { inWaves } from '../support/booking-process.js'
import { runInProcess } from '../support/in-process.js'
import { reportMissing } from '../support/missing.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { findPgbouncers, type Pooler, type PoolMode, startPgbouncer } from '../support/pgbouncer.js'
import { lockShow, oneTo } from '../support/shows.js'

const programs = findPgbouncers()

/** Old versions of PgBouncer are often configured to ignore these. */
const ignored = 'statement_timeout,lock_timeout,idle_in_transaction_session_timeout,options'

/** One server connection for all clients, which see each other's prepared statements on it. */
const shared = { pool_mode: 'transaction', default_pool_size: '1' }
/** The same, but prepared statements are dropped after each transaction. */
const forgetful = {
  ...shared,
  server_reset_query: 'DEALLOCATE ALL',
  server_reset_query_always: '1',
}

const ways: [mode: PoolMode, how: string, settings: Record<string, string>][] = [
  ['session', 'as documented', {}],
  ['session', 'that ignores parameters', { ignore_startup_parameters: ignored }],
  ['transaction', 'as documented', {}],
  ['session', 'that mixes up prepared statements', shared],
  ['session', 'that forgets prepared statements', forgetful],
]
const cases = programs.flatMap((program) =>
  ways.map(([mode, how, settings]) => {
    const unprepared = settings.pool_mode && program.canPrepare && { max_prepared_statements: '0' }
    return [program.version, mode, how, program, { ...settings, ...unprepared }] as const
  }),
)

reportMissing('A pooler', programs.length > 0 ? [] : ['PgBouncer'])
reportMissing(
  'Transaction mode with prepared statements',
  programs.some(({ canPrepare }) => canPrepare) ? [] : ['PgBouncer 1.21 or later'],
)

let server: OwnServer
let direct: Tickets
beforeAll(async () => {
  if (programs.length === 0) return
  server = await startOwnServer()
  direct = openTickets({ database: directUrl('owner'), env: {} })
  await direct.migrate()
})
afterAll(async () => {
  await direct?.close()
  await server?.remove()
})

const directUrl = (database: string) =>
  `postgres://owner@${encodeURIComponent(server.socketDir)}:${server.port}/${database}`

const run = (db: string, argv: string[], env: NodeJS.ProcessEnv = {}) =>
  runInProcess([...argv, '--json'], { DATABASE_URL: db, ...env })

async function createShow(totalSeats = 10): Promise<string> {
  const startTime = new Date('2031-01-01T19:00Z')
  return (await direct.createShow({ name: 'Cats', startTime, totalSeats })).id
}

describe.each(cases)(
  'PgBouncer %s with the ini for %s mode, %s',
  (_version, mode, _how, program, settings) => {
    let pooler: Pooler
    beforeAll(async () => {
      pooler = await startPgbouncer(program, server, mode, settings)
    })
    afterAll(() => pooler?.stop())

    test('the history records who booked, and with which command', async () => {
      const show = await createShow()
      const args = ['book', show, '--seats', '1', '--operator', 'lobby']
      expect(await run(pooler.urlOf('owner'), args)).toMatchObject({ exitCode: 0 })
      const { rows } = await server.run(
        `select operator, command from history where show_id = '${show}' and action = 'confirmed'`,
      )
      expect(rows).toEqual([{ operator: 'lobby', command: 'book' }])
    })

    test('--wait is kept while another session has the show locked', async () => {
      const show = await createShow()
      const lock = await lockShow({ url: directUrl('owner') }, show)
      const ran = await run(pooler.urlOf('owner'), ['book', show, '--seats', '1', '--wait', '1s'])
      await lock.release()
      expect([ran.exitCode, ran.json().error?.code]).toEqual([5, 'BUSY'])
    })

    test.each<[by: string, schema: string, rest: string, env: NodeJS.ProcessEnv]>([
      ['TICKETS_SCHEMA', 'the "North"', '', { TICKETS_SCHEMA: 'the "North"' }],
      ['options of the URL', 'south', '&options=-c%20search_path%3Dsouth', {}],
    ])(
      'the schema is set by %s, or the pooler is reported to refuse it',
      async (by, schema, rest, env) => {
        const database = `theatre_${randomBytes(4).toString('hex')}`
        await server.run(`create database ${database}`)
        await server.run(`create schema "${schema.replaceAll('"', '""')}"`, database)
        const url = pooler.urlOf(database) + rest
        const migrated = await run(url, ['migrate'], env)
        if (by !== 'TICKETS_SCHEMA' && !('ignore_startup_parameters' in settings)) {
          expect([migrated.exitCode, migrated.json().error.code]).toEqual([6, 'DB_UNREACHABLE'])
          expect(migrated.json().error.message).toMatch(
            /(options|search_path).*ignore_startup_parameters/,
          )
          return
        }
        expect(migrated.exitCode).toBe(0)
        const { rows } = await server.run(
          `select distinct schemaname from pg_tables where tablename in ('shows', 'knex_migrations')`,
          database,
        )
        expect(rows).toEqual([{ schemaname: schema }])
        expect((await run(url, ['show', 'list'], env)).json()).toEqual([])
      },
    )

    test('a client that stays connected books several times', async () => {
      const show = await createShow(20)
      const client = openTickets({ database: pooler.urlOf('owner'), env: {}, connections: 2 })
      for (const seat of oneTo(5)) await client.book(show, { seats: String(seat) })
      await Promise.all(oneTo(5).map((i) => client.book(show, { seats: String(5 + i) })))
      await client.close()
      expect(await direct.verify({ show })).toMatchObject({ ok: true, bookings: 10 })
    })

    test('twenty commands for twelve seats: each seat is sold once', async () => {
      const show = await createShow(12)
      // In this process, but each with its own connection, which is all that a pooler sees.
      const book = () => run(pooler.urlOf('owner'), ['book', show, '--count', '1'])
      const ends = await inWaves(oneTo(20), 10, book)
      const sold = ends.flatMap((end): number[] => end.json().seats ?? [])
      expect(sold.sort((a, b) => a - b)).toEqual(oneTo(12))
      expect(ends.filter(({ exitCode }) => exitCode === 4)).toHaveLength(8)
      expect(await direct.verify({ show })).toMatchObject({ ok: true })
    })
  },
)
