import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import type { Tickets } from '../../src/index.js'
import { signalAndWait } from '../support/booking-process.js'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { openDaemon } from '../support/daemon.js'
import { ask, serveHere } from '../support/http.js'
import { until } from '../support/until.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

/**
 * A server whose synchronous standby is gone: COMMIT waits for it without limit, keeps its locks,
 * and ignores every time-out of the server.
 */

interface Office extends BoxOffice {
  own: Tickets
  /** Stays connected: a new connection for each look would take most of the server's time. */
  observer: pg.Client
}

/** The tests mostly wait, so some run at the same time, each with its own server. */
const offices: Office[] = []
const free: Office[] = []
afterAll(() =>
  Promise.all(
    offices.map(async (office) => {
      await office.observer.end()
      await office.remove()
    }),
  ),
)

async function withOffice(work: (office: Office) => Promise<void>): Promise<void> {
  const office = free.pop() ?? (await openOffice())
  try {
    await work(office)
  } finally {
    // Also after a failure: otherwise all later tests would wait for its standby.
    await bringStandbyBack(office)
    free.push(office)
  }
}

async function openOffice(): Promise<Office> {
  // An autovacuum worker commits as well, and would wait like a client.
  const office = await openBoxOffice({ fsync: 'off', autovacuum: 'off' })
  await office.server.run('create table probe (i int)')
  const observer = new pg.Client({ connectionString: office.url })
  await observer.connect()
  const opened = { ...office, own: office.open(), observer }
  offices.push(opened)
  return opened
}

async function setStandby({ server }: Office, name: string): Promise<void> {
  await server.run(`alter system set synchronous_standby_names = '${name}'`)
  await server.run('select pg_reload_conf()')
}

/** The processes of the server whose COMMIT waits for the standby. */
async function waiting({ observer }: Office): Promise<number[]> {
  const { rows } = await observer.query(
    `select pid from pg_stat_activity where wait_event = 'SyncRep'`,
  )
  return rows.map(({ pid }) => pid)
}

async function loseStandby(office: Office): Promise<void> {
  await setStandby(office, 'nobody')
  // COMMIT waits only after the checkpointer has read the setting; until then, each of these
  // returns at once.
  const client = new pg.Client({ connectionString: office.url })
  client.on('error', () => {})
  await client.connect()
  let isLost = false
  const commits = async () => {
    while (!isLost) await client.query('insert into probe values (1)')
    await client.end()
  }
  void commits().catch(() => {})
  await until(async () => (await waiting(office)).length > 0)
  isLost = true
}

async function bringStandbyBack(office: Office): Promise<void> {
  await setStandby(office, '')
  await until(async () => (await waiting(office)).length === 0)
}

/**
 * Returns when a COMMIT waits that is not waiting now. Only one at a time does: a COMMIT that
 * notifies listeners holds a lock of the whole server until it returns.
 */
async function nextWait(office: Office): Promise<() => Promise<number>> {
  const known = new Set(await waiting(office))
  return async () => {
    let next: number | undefined
    await until(async () => {
      next = (await waiting(office)).find((pid) => !known.has(pid))
      return next !== undefined
    })
    return next!
  }
}

const WAIT_MS = 500
const WAIT = ['--wait', `${WAIT_MS}ms`]
/** The documented limit: `--wait` and five seconds. */
const PROMISED_MS = WAIT_MS + 5000
/** Allows for the start of a process on a machine where others start as well. */
const START_MS = 5000

const book = ({ own }: Office, show: string, request: object) =>
  own.book(show, { ...request }).then(({ booking }) => booking.reference)

interface Case {
  /** Runs while the standby is there. Returns the command line to test. */
  args: (show: string, office: Office) => string[] | Promise<string[]>
  /** The command as the message names it, which shows whether the change was made. */
  lookUp: RegExp
  /** The state of the change in the database afterwards. */
  done: (show: string) => string
  /** Whether the command can be repeated without doing anything twice (default: true). */
  isRepeatable?: boolean
}

const viewBooking = /`tickets booking view ([2-9A-Z]{4}-[2-9A-Z]{4}|[0-9a-f-]{36})`/
const viewShow = /`tickets show view [0-9a-f-]{36}`/
const count = (what: string) => (show: string) => `${what} and show_id = '${show}'`
const startTime = '2031-05-05T19:00Z'

const cases: [command: string, Case][] = [
  [
    'book',
    {
      args: (show) => ['book', show, '--seats', '3'],
      lookUp: viewBooking,
      done: count(`select from bookings where status = 'CONFIRMED'`),
      isRepeatable: false,
    },
  ],
  [
    'hold with a key',
    {
      args: (show) => ['book', show, '--count', '1', '--hold', '1h', '--key', show],
      lookUp: viewBooking,
      done: count(`select from bookings where status = 'HELD'`),
    },
  ],
  [
    'booking confirm',
    {
      args: async (show, office) => [
        'booking',
        'confirm',
        await book(office, show, { seats: '1', hold: 60_000 }),
      ],
      lookUp: viewBooking,
      done: count(`select from bookings where status = 'CONFIRMED'`),
    },
  ],
  [
    'booking move',
    {
      args: async (show, office) => [
        'booking',
        'move',
        await book(office, show, { seats: '1' }),
        '--to',
        '8',
      ],
      lookUp: viewBooking,
      done: count(`select from bookings where seats = '{8}'`),
    },
  ],
  [
    'booking cancel',
    {
      args: async (show, office) => [
        'booking',
        'cancel',
        await book(office, show, { seats: '1' }),
        '--yes',
      ],
      lookUp: viewBooking,
      done: count(`select from bookings where status = 'CANCELLED'`),
    },
  ],
  [
    'booking check-in',
    {
      args: async (show, office) => [
        'booking',
        'check-in',
        await book(office, show, { seats: '1' }),
      ],
      lookUp: viewBooking,
      done: count('select from admissions where true'),
    },
  ],
  [
    'show create',
    {
      args: (show) => [
        ...['show', 'create', '--name', `After ${show}`, '--start-time', startTime],
        ...['--total-seats', '9'],
      ],
      lookUp: viewShow,
      done: (show) => `select from shows where name = 'After ${show}'`,
      isRepeatable: false,
    },
  ],
  [
    'show edit',
    {
      args: (show) => ['show', 'edit', show, '--name', 'Edited'],
      lookUp: viewShow,
      done: (show) => `select from shows where id = '${show}' and name = 'Edited'`,
    },
  ],
  [
    'show copy',
    {
      args: (show) => ['show', 'copy', show, '--start-time', startTime, '--name', `Of ${show}`],
      lookUp: viewShow,
      done: (show) => `select from shows where name = 'Of ${show}'`,
      isRepeatable: false,
    },
  ],
  [
    'show cancel',
    {
      args: (show) => ['show', 'cancel', show, '--yes', '--expect-bookings', '0'],
      lookUp: viewShow,
      done: (show) => `select from shows where id = '${show}' and cancelled_at is not null`,
    },
  ],
  [
    'token create',
    {
      args: (show) => ['token', 'create', '--name', show, '--role', 'read'],
      lookUp: /`tickets token list`/,
      done: (show) => `select from api_tokens where name = '${show}'`,
      isRepeatable: false,
    },
  ],
  [
    'token revoke',
    {
      args: async (show, { own }) => {
        const { token } = await own.createToken({ name: show, role: 'read' })
        return ['token', 'revoke', token.id]
      },
      lookUp: /`tickets token list`/,
      done: (show) => `select from api_tokens where name = '${show}' and revoked_at is not null`,
    },
  ],
]

describe.concurrent('while the standby is gone, a change is in doubt when its time is over:', () => {
  test.each(cases)('%s', (_name, { args, lookUp, done, isRepeatable = true }) =>
    withOffice(async (office) => {
      const show = await office.createShow(10)
      const commandLine = await args(show, office)
      await loseStandby(office)
      const started = performance.now()
      const ran = await tickets([...commandLine, ...WAIT, '--json'], { db: office.url })
      expect(performance.now() - started).toBeLessThan(PROMISED_MS + START_MS)
      expect([ran.exitCode, ran.json().error]).toEqual([
        5,
        { code: 'IN_DOUBT', message: expect.stringMatching(lookUp), retryable: isRepeatable },
      ])
      expect(ran.json().error.message).toMatch(/may or may not (be booked|have been made)/)
      await bringStandbyBack(office)
      expect((await office.server.run(done(show))).rowCount).toBe(1)
      if (isRepeatable) {
        const again = await tickets([...commandLine, '--json'], { db: office.url })
        // A seat that is already checked in is reported as such, with exit code 4.
        expect(again.exitCode).toBe(commandLine.includes('check-in') ? 4 : 0)
        expect((await office.server.run(done(show))).rowCount).toBe(1)
      }
      await office.expectSound(show)
    }),
  )

  test('migrate', () =>
    withOffice(async (office) => {
      const db = await emptyDatabase(office)
      await loseStandby(office)
      const ran = await tickets(['migrate', ...WAIT, '--json'], { db })
      expect([ran.exitCode, ran.json().error.code]).toEqual([5, 'IN_DOUBT'])
      expect(ran.json().error.message).toContain('`tickets migrate --status`')
      await bringStandbyBack(office)
      expect((await tickets(['migrate', '--check'], { db })).exitCode).toBe(0)
    }))

  test.each(['--all', '--atomic'])('book --file, %s of it', (mode) =>
    withOffice(async (office) => {
      const show = await office.createShow(10)
      const args = ['book', show, '--file', '-', ...(mode === '--atomic' ? [mode] : []), '--json']
      const input = `seats,key\n1,${mode} 1\n2,${mode} 2\n3,${mode} 3\n`
      const given = { db: office.url, stdin: 'pipe' as const, input }
      await loseStandby(office)
      const ran = await tickets([...args, ...WAIT], given)
      const errors = ran.stdout.split('\n').map((line) => JSON.parse(line).error)
      const reported = new Set(errors.map(({ code, retryable }) => `${code} ${retryable}`))
      expect([ran.exitCode, reported]).toEqual([5, new Set(['IN_DOUBT true'])])
      await bringStandbyBack(office)
      const again = await tickets(args, given)
      expect([again.exitCode, await office.bookings(show)]).toMatchObject([
        0,
        [{ status: 'CONFIRMED' }, { status: 'CONFIRMED' }, { status: 'CONFIRMED' }],
      ])
    }),
  )

  test('a call of the library, within its wait and the grace', () =>
    withOffice(async (office) => {
      const show = await office.createShow(10)
      const box = office.open({ waitMs: WAIT_MS })
      await box.findShow(show)
      await loseStandby(office)
      const started = performance.now()
      // One batch, in which each caller gets its own error.
      const failures = [{ seats: '1' }, { seats: '2', key: 'of the library' }].map((request) =>
        box.book(show, request).catch((error) => error),
      )
      expect(await Promise.all(failures)).toMatchObject([
        { code: 'IN_DOUBT', isRetryable: false },
        { code: 'IN_DOUBT', isRetryable: true },
      ])
      expect(performance.now() - started).toBeLessThan(PROMISED_MS)
    }))
})

test.concurrent('serve: a batch that is stuck is in doubt, the requests behind it are busy, each in its own time; then it sells again', () =>
  withOffice(async (office) => {
    const show = await office.createShow(100)
    const server = await serveHere(office.url, { waitMs: WAIT_MS, connections: 3 })
    const sell = async () => {
      const started = performance.now()
      const url = `${server.url}/shows/${show}/book`
      const { status, body } = await ask(url, { body: { seats_count: 1 } })
      return { status, code: body.error?.code, ms: performance.now() - started }
    }
    expect((await sell()).status).toBe(201)
    await loseStandby(office)
    const isStuck = await nextWait(office)
    const first = sell()
    await isStuck()
    const answers = await Promise.all([first, ...Array.from({ length: 20 }, sell)])
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [503, 'IN_DOUBT'],
      ...Array(20).fill([503, 'BUSY']),
    ])
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(PROMISED_MS + 1000)
    await bringStandbyBack(office)
    expect((await sell()).status).toBe(201)
    await server.close()
    await office.expectSound(show)
  }))

describe.concurrent('an interruption while COMMIT is unanswered', () => {
  test.each([
    { signals: ['SIGINT'], of: 'book' },
    { signals: ['SIGINT', 'SIGINT'], of: 'book' },
    { signals: ['SIGTERM'], of: 'book' },
    { signals: ['SIGTERM', 'SIGTERM'], of: 'book' },
    { signals: ['SIGINT'], of: 'book in the daemon' },
    { signals: ['SIGINT', 'SIGINT'], of: 'book in the daemon' },
    { signals: ['SIGINT'], of: 'book --file' },
    { signals: ['SIGINT', 'SIGINT'], of: 'book --file' },
    { signals: ['SIGINT'], of: 'show edit' },
    { signals: ['SIGINT', 'SIGINT'], of: 'show edit' },
    { signals: ['SIGINT'], of: 'migrate' },
    { signals: ['SIGINT', 'SIGINT'], of: 'migrate' },
  ] as { signals: NodeJS.Signals[]; of: string }[])(
    '$signals of $of: in doubt, and never rolled back',
    ({ signals, of }) =>
      withOffice(async (office) => {
        const show = await office.createShow(10)
        const db = of === 'migrate' ? await emptyDatabase(office) : office.url
        const args = {
          book: ['book', show, '--seats', '1'],
          'book in the daemon': ['book', show, '--seats', '1'],
          'book --file': ['book', show, '--file', '-'],
          'show edit': ['show', 'edit', show, '--name', 'Edited'],
          migrate: ['migrate'],
        }[of]!
        // A repeated booking without a key would be made twice.
        const retryable = !of.startsWith('book')
        const daemon =
          of === 'book in the daemon' ? await openDaemon({ db: office.url }) : undefined
        await loseStandby(office)
        const isStuck = await nextWait(office)
        const child = spawn(process.execPath, [program, ...args, '--wait', '1h', '--json'], {
          stdio: 'pipe',
          env: { ...bareEnvironment, DATABASE_URL: db },
        })
        child.stdin.end('seats\n1\n')
        const [stdout, ended] = [text(child.stdout), once(child, 'close')]
        await isStuck()
        const started = performance.now()
        for (const signal of signals) await signalAndWait(child, signal)
        const [exitCode] = await ended
        const ms = performance.now() - started
        await daemon?.remove()
        const { error } = JSON.parse((await stdout).trimEnd().split('\n').at(-1)!)
        expect([exitCode, error]).toEqual([
          5,
          { code: 'IN_DOUBT', message: expect.stringMatching(/may or may not/), retryable },
        ])
        // The second signal ends it at once, without the grace.
        expect(ms).toBeLessThan(signals.length === 2 ? 3500 : 6500)
      }),
  )
})

async function emptyDatabase(office: Office): Promise<string> {
  const name = `empty_${Math.random().toString(36).slice(2)}`
  await office.server.run(`create database ${name}`)
  return office.url.replace('/owner?', `/${name}?`)
}

describe.concurrent('a wait for the standby that is cancelled', () => {
  test('is in doubt for each request of the batch, and none is CONFIRMED', () =>
    withOffice(async (office) => {
      const show = await office.createShow(10)
      const box = office.open({ waitMs: 3_600_000 })
      await box.findShow(show)
      await loseStandby(office)
      const isStuck = await nextWait(office)
      const calls = ['1', '2', '3'].map((seats) =>
        box.book(show, { seats }).then(
          ({ booking }) => booking.status,
          ({ code }) => code,
        ),
      )
      await office.server.run(`select pg_cancel_backend(${await isStuck()})`)
      expect(await Promise.all(calls)).toEqual(['IN_DOUBT', 'IN_DOUBT', 'IN_DOUBT'])
    }))

  test.each([
    ['book', false],
    ['booking cancel', true],
    ['show create', false],
    ['token create', false],
    ['migrate', true],
    ['migrate --rollback --yes', false],
  ])('is in doubt for %s; it may be repeated: %s', (name, retryable) =>
    withOffice(async (office) => {
      const show = await office.createShow(10)
      const known = cases.find(([other]) => other === name)
      const args = (await known?.[1].args(show, office)) ?? name.split(' ')
      const db = known === undefined ? await emptyDatabase(office) : office.url
      if (name.includes('--rollback')) await tickets(['migrate'], { db })
      await loseStandby(office)
      const isStuck = await nextWait(office)
      const running = tickets([...args, '--wait', '1h', '--json'], { db })
      await office.server.run(`select pg_cancel_backend(${await isStuck()})`)
      const ran = await running
      expect([ran.exitCode, ran.json().error]).toMatchObject([
        5,
        { code: 'IN_DOUBT', message: expect.stringMatching(/may or may not/), retryable },
      ])
    }),
  )

  test.each(cases)(
    'and its connection closed: %s is retried, and done only when the standby has it',
    (_name, { args, done }) =>
      withOffice(async (office) => {
        const show = await office.createShow(10)
        const commandLine = await args(show, office)
        await loseStandby(office)
        const isStuck = await nextWait(office)
        const running = tickets([...commandLine, '--wait', '1h', '--json'], { db: office.url })
        const first = await isStuck()
        const isStuckAgain = await nextWait(office)
        await office.server.run(`select pg_terminate_backend(${first})`)
        // The next transaction finds the change made, and waits for the standby as well.
        await isStuckAgain()
        await bringStandbyBack(office)
        expect((await running).exitCode).toBe(0)
        expect((await office.server.run(done(show))).rowCount).toBe(1)
        await office.expectSound(show)
      }),
  )
})
