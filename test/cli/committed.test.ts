import { open } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBooking } from '../support/booking-process.js'
import { type Ran, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { isCommitted, openProxy } from '../support/proxy.js'
import { insertShow } from '../support/shows.js'
import { withFacts } from '../support/wording.js'

/** A committed change stands, and is reported as done, even if something fails after COMMIT. */

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

/** Runs the program with a stdout that accepts nothing, as on a full disk. */
async function runOnFullDisk(args: readonly string[], input = ''): Promise<Ran> {
  const full = await open('/dev/full', 'w')
  const stdin = input === '' ? {} : { stdin: 'pipe' as const, input }
  const ran = await tickets(args, { db: db.url, stdout: full.fd as never, ...stdin })
  await full.close()
  return ran
}

async function bookTwo(show: string): Promise<string> {
  return reference(['book', show, '--seats', '1-2'])
}

async function hold(show: string): Promise<string> {
  return reference(['book', show, '--seats', '1', '--hold', '1h'])
}

async function reference(args: string[]): Promise<string> {
  return (await runInProcess([...args, '--json'], { DATABASE_URL: db.url })).json().reference
}

type Case = [
  command: string,
  args: (show: string) => string[] | Promise<string[]>,
  said: RegExp,
  /** Counts what the command should have done to the show. */
  done: string,
]

const sold = `select from bookings where show_id = $1 and status = 'CONFIRMED'`

const cases: Case[] = [
  [
    'book',
    (show) => ['book', show, '--seats', '3'],
    /^[2-9A-Z]{4}-[2-9A-Z]{4} .*CONFIRMED: 3 \(1 seat\)/,
    sold,
  ],
  [
    'hold',
    (show) => ['book', show, '--seats', '3', '--hold', '1h'],
    /HELD: 3 \(1 seat\)/,
    `select from bookings where show_id = $1 and status = 'HELD'`,
  ],
  [
    'confirm',
    async (show) => ['booking', 'confirm', await hold(show)],
    /CONFIRMED: 1 \(1 seat\)/,
    sold,
  ],
  [
    'move',
    async (show) => ['booking', 'move', await bookTwo(show), '--to', '8-9'],
    /CONFIRMED: 8, 9 \(2 seats\)/,
    `${sold} and seats = '{8,9}'`,
  ],
  [
    'cancel',
    async (show) => ['booking', 'cancel', await bookTwo(show), '--yes'],
    /CANCELLED/,
    `select from bookings where show_id = $1 and status = 'CANCELLED'`,
  ],
  [
    'check in',
    async (show) => ['booking', 'check-in', await bookTwo(show)],
    /: 1, 2\b/,
    `select from admissions where show_id = $1 and seat = 1`,
  ],
  [
    'edit',
    (show) => ['show', 'edit', show, '--name', 'Dogs'],
    /Dogs/,
    `select from shows where id = $1 and name = 'Dogs'`,
  ],
  [
    'copy',
    (show) => ['show', 'copy', show, '--start-time', '2031-05-05T19:00Z'],
    / [0-9a-f-]{36}\./,
    `select from shows where id <> $1 and start_time = '2031-05-05T19:00Z'`,
  ],
  [
    'cancel a show',
    (show) => ['show', 'cancel', show, '--yes', '--expect-bookings', '0'],
    /Cats/,
    `select from shows where id = $1 and cancelled_at is not null`,
  ],
]

test.each(cases)(
  '%s: done, and its facts are on stderr if stdout is full',
  async (_name, argsOf, said, done) => {
    for (const format of ['--json', '--no-color']) {
      const show = await insertShow(db)
      await db.sql(`delete from shows where start_time = '2031-05-05T19:00Z'`)
      const ran = await runOnFullDisk([...(await argsOf(show)), format])
      expect([ran.exitCode, ran.stderr]).toEqual([0, expect.stringMatching(said)])
      expect(ran.stderr).toMatch(/: ENOSPC/)
      expect(await db.sql(done, [show])).toHaveLength(1)
    }
  },
)

test.each([
  [
    'create',
    ['show', 'create', '--name', 'New', '--start-time', '2031-01-01T19:00Z', '--total-seats', '9'],
  ],
  ['token', ['token', 'create', '--name', 'n', '--role', 'read']],
])('%s: done, and its id is on stderr if stdout is full', async (_name, args) => {
  const ran = await runOnFullDisk(args)
  expect([ran.exitCode, ran.stderr]).toEqual([0, expect.stringMatching(/[0-9a-f-]{12,36}/)])
})

test('a list that cannot be printed has failed', async () => {
  const ran = await runOnFullDisk(['show', 'list', '--json'])
  expect([ran.exitCode, ran.stderr]).toEqual([1, expect.stringContaining('ENOSPC')])
})

test('a refusal keeps its exit code if stdout is full', async () => {
  const show = await insertShow(db)
  await bookTwo(show)
  const ran = await runOnFullDisk(['book', show, '--seats', '1', '--json'])
  expect([ran.exitCode, ran.stderr]).toEqual([4, expect.stringContaining('Seat 1 is taken')])
})

test.each(['--json', '--no-color'])(
  'a file whose results cannot be printed (%s) stops, and reports every booking on stderr',
  async (format) => {
    const show = await insertShow(db, { seats: 30_000 })
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('')
    const ran = await runOnFullDisk(['book', show, '--file', '-', format], `seats\n${rows}`)
    const [{ n }] = (await db.sql(
      `select count(*)::int as n from bookings where show_id = $1 and status = 'CONFIRMED'`,
      [show],
    )) as [{ n: number }]
    const reported = new Set(ran.stderr.match(/[2-9A-Z]{4}-[2-9A-Z]{4}(?=[^:\n]* CONFIRMED)/g))
    expect([ran.exitCode, reported.size]).toEqual([1, n])
    expect(n).toBeGreaterThan(0)
    expect(n).toBeLessThan(20_000)
  },
)

test('a booking is printed even if its show can no longer be read', async () => {
  const show = await insertShow(db)
  const proxy = await openProxy(db.url)
  let isSold = false
  proxy.decide((message) => {
    isSold ||= isCommitted(message)
    return isSold && message.type === 'Z' ? 'cut after' : 'pass'
  })
  const { exitCode, stdout } = await startBooking(proxy.url, [
    show,
    '--seats',
    '7',
    '--no-color',
    '--wait',
    '1s',
  ]).ended
  await proxy.close()
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/CONFIRMED: 7 \(1 seat\)/)])
})

test('a series that fails half-way names the shows that were created', async () => {
  const own = await cloneDatabase()
  try {
    const original = await insertShow(own, { name: 'Series' })
    await own.sql(
      `create function fill_disk() returns trigger language plpgsql as $$ begin
         if (select count(*) from shows) >= 2 then raise exception 'full' using errcode = '53100'; end if;
         return new;
       end $$`,
    )
    await own.sql(
      'create trigger fill before insert on shows for each row execute function fill_disk()',
    )
    const times = ['2031-01-01T19:00Z', '2031-01-02T19:00Z', '2031-01-03T19:00Z']
    const ran = await runInProcess(['show', 'copy', original, '--start-time', ...times, '--json'], {
      DATABASE_URL: own.url,
    })
    const made = await own.sql('select id from shows where id <> $1', [original])
    expect([ran.exitCode, made.length]).toEqual([6, 1])
    expect(ran.json().error.message).toEqual(withFacts(String(made[0]!.id)))
  } finally {
    await own.drop()
  }
})

test.each([
  ['cancelled', ['cancel', '--yes', '--expect-bookings', '0'], 'cancelled_at is not null'],
  ['edited', ['edit', '--name', 'Dogs'], `name = 'Dogs'`],
])(
  'a show that is %s is reported as done although the connection ends after COMMIT',
  async (_what, [command, ...args], done) => {
    const show = await insertShow(db)
    const proxy = await openProxy(db.url)
    let isDone = false
    proxy.decide((message) => {
      isDone ||= isCommitted(message)
      return isDone && message.type === 'Z' ? 'cut after' : 'pass'
    })
    // A process: without a wait, it must not share its time with the proxy.
    const ran = await tickets(['show', command!, show, ...args, '--json', '--wait', '0s'], {
      db: proxy.url,
    })
    await proxy.close()
    expect([isDone, ran.exitCode, ran.json().id]).toEqual([true, 0, show])
    expect(await db.sql(`select from shows where id = $1 and ${done}`, [show])).toHaveLength(1)
  },
)
