import { randomBytes } from 'node:crypto'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { inWaves, startBooking } from '../support/booking-process.js'
import { tickets } from '../support/cli.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { findPgbouncer, type Pooler, startPgbouncer } from '../support/pgbouncer.js'
import { lockShow, oneTo } from '../support/shows.js'

const program = await findPgbouncer()

/** Old versions of PgBouncer are often told to ignore these. */
const ignored = 'statement_timeout,lock_timeout,idle_in_transaction_session_timeout,options'

const sessions = { pool_mode: 'session' }
const transactions = { pool_mode: 'transaction', max_prepared_statements: 200 }
/** Before 1.21, what is prepared in a shared session is lost. */
const canPrepare = program !== undefined && (await versionOf(program)) >= 1.21

const modes: [title: string, settings: Record<string, string | number>][] = [
  ['in session mode', sessions],
  ['that ignores parameters', { ...sessions, ignore_startup_parameters: ignored }],
  ...(canPrepare ? [['in transaction mode', transactions] as [string, typeof transactions]] : []),
]

let server: OwnServer
let direct: Tickets
beforeAll(async () => {
  if (program === undefined) return
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

async function createShow(totalSeats = 10): Promise<string> {
  const startTime = new Date('2031-01-01T19:00Z')
  return (await direct.createShow({ name: 'Cats', startTime, totalSeats })).id
}

describe.skipIf(program === undefined).each(modes)(
  'PgBouncer %s (skipped where it is not installed)',
  (_title, settings) => {
    let pooler: Pooler
    beforeAll(async () => {
      pooler = await startPgbouncer(program!, server, settings)
    })
    afterAll(() => pooler?.stop())

    test('the history knows who booked, and with which command', async () => {
      const show = await createShow()
      const args = [show, '--seats', '1', '--operator', 'lobby']
      expect((await startBooking(pooler.urlOf('owner'), args).ended).exitCode).toBe(0)
      const { rows } = await server.run(
        `select operator, command from history where show_id = '${show}' and action = 'confirmed'`,
      )
      expect(rows).toEqual([{ operator: 'lobby', command: 'book' }])
    })

    test('--wait is kept while another session has the show locked', async () => {
      const show = await createShow()
      const lock = await lockShow({ url: directUrl('owner') }, show)
      const args = [show, '--seats', '1', '--wait', '200ms']
      const { exitCode, document } = await startBooking(pooler.urlOf('owner'), args).ended
      await lock.release()
      expect([exitCode, document.error?.code]).toEqual([5, 'BUSY'])
    })

    test.each<[by: string, schema: string, rest: string, env: NodeJS.ProcessEnv]>([
      ['TICKETS_SCHEMA', 'the "North"', '', { TICKETS_SCHEMA: 'the "North"' }],
      ['options of the URL', 'south', '&options=-c%20search_path%3Dsouth', {}],
    ])('%s names the schema, or the pooler is said to refuse it', async (by, schema, rest, env) => {
      const database = `theatre_${randomBytes(4).toString('hex')}`
      await server.run(`create database ${database}`)
      await server.run(`create schema "${schema.replaceAll('"', '""')}"`, database)
      const url = pooler.urlOf(database) + rest
      const migrated = await tickets(['migrate', '--json'], { db: url, env })
      if (by !== 'TICKETS_SCHEMA' && settings.ignore_startup_parameters === undefined) {
        expect([migrated.exitCode, migrated.json().error.code]).toEqual([6, 'DB_UNREACHABLE'])
        expect(migrated.json().error.message).toMatch(/pooler.*(options|search_path)/)
        return
      }
      expect(migrated.exitCode).toBe(0)
      const { rows } = await server.run(
        `select distinct schemaname from pg_tables where tablename in ('shows', 'knex_migrations')`,
        database,
      )
      expect(rows).toEqual([{ schemaname: schema }])
      expect((await tickets(['show', 'list', '--json'], { db: url, env })).json()).toEqual([])
    })

    test('sixty processes for forty seats: each seat is sold once', async () => {
      const show = await createShow(40)
      const book = () => startBooking(pooler.urlOf('owner'), [show, '--count', '1']).ended
      const ends = await inWaves(oneTo(60), 10, book)
      const sold = ends.flatMap(({ document }) => document.seats ?? [])
      expect(sold.sort((a, b) => a - b)).toEqual(oneTo(40))
      expect(ends.filter(({ exitCode }) => exitCode === 4)).toHaveLength(20)
      expect(await direct.verify({ show })).toMatchObject({ ok: true })
    })
  },
)

test.skipIf(program === undefined || canPrepare)(
  'PgBouncer that loses what is prepared is named as the reason (skipped from 1.21 on)',
  async () => {
    const pooler = await startPgbouncer(program!, server, { pool_mode: 'transaction' })
    const show = await createShow()
    const book = () => startBooking(pooler.urlOf('owner'), [show, '--count', '1']).ended
    const ends = await inWaves(oneTo(8), 4, book)
    await pooler.stop()
    const failed = ends.filter(({ exitCode }) => exitCode !== 0)
    expect(failed.length).toBeGreaterThan(0)
    for (const { exitCode, document } of failed) {
      expect([exitCode, document.error?.code]).toEqual([6, 'DB_UNREACHABLE'])
      expect(document.error?.message).toMatch(/session mode.*1\.21/)
    }
  },
)

async function versionOf(path: string): Promise<number> {
  const { stdout } = await execa(path, ['--version'])
  return Number(/PgBouncer (\d+\.\d+)/.exec(stdout)![1])
}
