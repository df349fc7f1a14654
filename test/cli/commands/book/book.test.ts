import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow, isWaitingForLock, lockShow } from '../../../support/shows.js'
import { until } from '../../../support/until.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const book = (...args: string[]) => runInProcess(['book', ...args], { DATABASE_URL: db.url })
/** The same as a separate process. */
const bookAsProcess = (...args: string[]) => tickets(['book', ...args], { db: db.url })
const bookingsOf = (show: string) =>
  db.sql('select status, seats, failure from bookings where show_id = $1 order by id', [show])

describe('book, without a terminal', () => {
  it('books the seats that were asked for, and they are in the database', async () => {
    const show = await insertShow(db, { seats: 30, seatsPerRow: 10 })
    const args = ['--seats', 'A5,1-2', '--customer', 'Ada', '--note', 'x', '--json']
    const ran = await bookAsProcess(show, ...args)
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.json()).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      reference: expect.stringMatching(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/),
      show_id: show,
      status: 'CONFIRMED',
      seats: [1, 2, 5],
      seat_labels: ['A1', 'A2', 'A5'],
      customer: 'Ada',
      note: 'x',
      held_until: null,
      failure: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      replayed: false,
    })
    expect(await bookingsOf(show)).toEqual([
      { status: 'CONFIRMED', seats: [1, 2, 5], failure: null },
    ])
    expect(
      await db.sql('select booked_seats, confirmed_seats_count from shows where id = $1', [show]),
    ).toEqual([{ booked_seats: Buffer.from([0b10011, 0, 0, 0]), confirmed_seats_count: 3 }])
  })

  it('loads no files or scripts except its own, and none of the built-in modules that are slow', async () => {
    const home = await mkdtemp(join(tmpdir(), 'tickets-home-'))
    try {
      const show = await insertShow(db, { seats: 30 })
      const hook = join(home, 'hook.cjs')
      const report = join(home, 'loaded.json')
      await writeFile(
        hook,
        `process.once('exit', () => require('fs').writeFileSync(${JSON.stringify(report)},
           JSON.stringify({ files: Object.keys(require.cache), builtins: process.moduleLoadList })))`,
      )
      // A separate cache, in which no other test has a daemon; the first run fills it.
      const env = { NODE_OPTIONS: `--require ${hook}`, XDG_CACHE_HOME: home }
      await tickets(['book', show, '--count', '1', '--json'], { db: db.url, env })
      const ran = await tickets(['book', show, '--count', '2', '--json'], {
        db: db.url,
        env,
        nodeOptions: [],
        ipc: false,
      })
      expect(ran.exitCode).toBe(0)
      const { files, builtins } = JSON.parse(await readFile(report, 'utf8'))
      expect(files.map((file: string) => basename(file))).toEqual([
        'hook.cjs',
        'tickets.js',
        'start.cjs',
      ])
      // Each script that was loaded has a cache, whose name ends in a hash.
      const scripts = (await readdir(join(home, 'tickets'))).map((name) => name.split('.cjs-')[0])
      expect(scripts.map((name) => name!.slice(0, -'-12345678'.length)).sort()).toEqual([
        'tickets',
        'tickets-rolldown-runtime',
      ])
      const slow = [
        'assert',
        'child_process',
        'crypto',
        'dns',
        'fs/promises',
        'module',
        'perf_hooks',
        'timers/promises',
        'tls',
      ]
      for (const name of slow) expect(builtins).not.toContain(`NativeModule ${name}`)
    } finally {
      await rm(home, { recursive: true })
    }
  })

  it('books again and again if no code cache can be stored', async () => {
    const show = await insertShow(db)
    for (const seats of ['1', '2']) {
      const env = { XDG_CACHE_HOME: undefined }
      const ran = await tickets(['book', show, '--seats', seats, '--json'], { db: db.url, env })
      expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
      expect(ran.json()).toMatchObject({ status: 'CONFIRMED', seats: [Number(seats)] })
    }
  })

  const inPlaceOfTheCache: [string, (path: string) => Promise<unknown>][] = [
    ['a directory', (path) => mkdir(path)],
    ['a pipe', (path) => promisify(execFile)('mkfifo', [path])],
    [
      'a file that is longer than can be read at once',
      async (path) => {
        await writeFile(path, '')
        await truncate(path, 5 * 2 ** 30) // A sparse file: it takes no disk space.
      },
    ],
  ]

  it.for(inPlaceOfTheCache)(
    'books even if %s is in the place of the code cache',
    async ([, make]) => {
      const home = await mkdtemp(join(tmpdir(), 'tickets-home-'))
      try {
        const show = await insertShow(db)
        const env = { HOME: home, XDG_CACHE_HOME: home }
        const bookNext = () =>
          tickets(['book', show, '--count', '1', '--json'], { db: db.url, env })
        await bookNext()
        const caches = await readdir(join(home, 'tickets'))
        expect(caches).not.toEqual([])
        for (const path of caches.map((name) => join(home, 'tickets', name))) {
          await rm(path)
          await make(path)
        }
        const ran = await bookNext()
        expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
        expect(ran.json()).toMatchObject({ status: 'CONFIRMED', seats: [2] })
      } finally {
        await rm(home, { recursive: true })
      }
    },
  )

  it('shows under --debug where in the source files an error was thrown', async () => {
    const booked = await bookAsProcess(randomUUID(), '--count', '1', '--debug')
    const viewed = await tickets(['booking', 'view', randomUUID(), '--debug'], { db: db.url })
    for (const ran of [booked, viewed]) {
      expect(ran.exitCode).toBe(3)
      expect(ran.stderr).toMatch(/ at .*\/src\/\w+\/[\w-]+\.ts:\d+:\d+/)
      expect(ran.stderr).not.toMatch(/tickets-[\w-]+\.cjs/)
    }
    expect(viewed.stderr).toContain('/src/cli/commands/booking/view.ts:')
  })

  it('names the missing flag, prints nothing on stdout and books nothing', async () => {
    const show = await insertShow(db)
    const [seats, both, json] = await Promise.all([book(show), book(), book(show, '--json')])
    for (const ran of [seats, both]) expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(seats.stderr).toEqual(withFacts('--seats', '--count'))
    expect(both.stderr).toEqual(withFacts('SHOW', '--seats', '--count'))
    expect(json).toMatchObject({ exitCode: 2, stderr: '' })
    expect(json.json().error).toMatchObject({ code: 'INPUT_REQUIRED', retryable: false })
    expect(json.json().error.message).toEqual(withFacts('--seats', '--count'))
    expect(await bookingsOf(show)).toEqual([])
  })

  it.each([['--section', 'Circle'], ['--accessible'], ['--include-accessible']])(
    'refuses %s without --count, the only way of booking that uses it',
    async (...flags) => {
      const show = await insertShow(db)
      for (const seats of [[], ['--seats', '1']]) {
        const argv = ['book', show, ...seats, ...flags, '--json']
        const ran = await runInProcess(argv, { DATABASE_URL: db.url })
        expect(ran.json().error).toMatchObject({
          code: 'INVALID_INPUT',
          message: `${flags[0]} requires --count.`,
        })
      }
      expect(await bookingsOf(show)).toEqual([])
    },
  )

  it('refuses wrong arguments before anything is recorded', async () => {
    const show = await insertShow(db)
    const wrong: [string[], number, string][] = [
      [['--seats', '1', '--count', '1'], 2, 'INVALID_INPUT'],
      [['--seats', '1', '--seats', '2'], 2, 'INVALID_INPUT'],
      [['--count', '1', '--count', '1'], 2, 'INVALID_INPUT'],
      [['--seats', '3,3'], 2, 'INVALID_INPUT'],
      [['--seats', ''], 2, 'INVALID_INPUT'],
      [['--seats', 'A1'], 2, 'INVALID_INPUT'],
      [['--count', '0'], 2, 'INVALID_INPUT'],
      [['--count', '1.5'], 2, 'INVALID_INPUT'],
      [['--seats', '1', '--customer', 'x'.repeat(201)], 2, 'INVALID_INPUT'],
      [['--seats', '1', '--hold', '0s'], 2, 'INVALID_INPUT'],
      [['--seats', '10-11'], 3, 'NO_SUCH_SEAT'],
    ]
    const ran = await Promise.all(wrong.map(([args]) => book(show, ...args, '--json')))
    expect(ran.map(({ exitCode, json }) => [exitCode, json().error.code])).toEqual(
      wrong.map(([, exitCode, code]) => [exitCode, code]),
    )
    expect(ran.at(-1)!.json().error.seats).toEqual([11])
    expect((await book(randomUUID(), '--seats', '1', '--json')).json().error.code).toBe(
      'SHOW_NOT_FOUND',
    )
    expect(await bookingsOf(show)).toEqual([])
  })
})

describe('a refusal', () => {
  it('exits with 4, names free seats instead, and keeps the FAILED booking with its reason', async () => {
    const show = await insertShow(db)
    await book(show, '--seats', '4-6')
    const [json, text] = [
      await book(show, '--seats', '5', '--json'),
      await book(show, '--seats', '5,6'),
    ]
    expect(json).toMatchObject({ exitCode: 4, stderr: '' })
    const { error, booking } = json.json()
    expect(error).toMatchObject({ code: 'SEATS_TAKEN', retryable: false, seats: [5] })
    expect(error.alternatives).toHaveLength(1)
    expect([1, 2, 3, 7, 8, 9, 10]).toContain(error.alternatives[0])
    expect(booking).toMatchObject({ show_id: show, status: 'FAILED', failure: 'SEATS_TAKEN' })

    expect(text).toMatchObject({ exitCode: 4, stdout: '' })
    expect(text.stderr).toMatch(/ 5-6 [\s\S]*\n {2}.*: ([1-3]-[1-3]|[7-9]-\d+)\n$/)
    expect(await bookingsOf(show)).toMatchObject([
      { status: 'CONFIRMED', seats: [4, 5, 6] },
      { status: 'FAILED', seats: [5], failure: { code: 'SEATS_TAKEN' } },
      { status: 'FAILED', seats: [5, 6], failure: { code: 'SEATS_TAKEN' } },
    ])
  })

  it('names free seats by the labels of the house, also when it is repeated', async () => {
    const show = await insertShow(db, { seats: 40, seatsPerRow: 10 })
    const { json } = await book(show, '--seats', 'B3-B4', '--json')
    await book(show, '--seats', 'A1', '--hold', 'forever')
    for (const words of [['--key', show], ['--key', show], ['--dry-run']]) {
      const { stderr } = await book(show, '--seats', 'B3-B4', ...words)
      expect(stderr).toMatch(/^✗ .*\bB3-B4\b.*\n {2}.*: B1-B2\n$/)
    }
    const moved = ['booking', 'move', json().reference, '--to', 'A1-A2']
    const move = await runInProcess(moved, { DATABASE_URL: db.url })
    expect(move.stderr).toMatch(/\n {2}.*: A2-A3\n$/)
    const refused = await book(show, '--seats', 'B3', '--json')
    const fields = ['code', 'message', 'retryable', 'seats', 'alternatives']
    expect(Object.keys(refused.json().error)).toEqual(fields)
  })

  it('for too many seats or a cancelled show has its own code', async () => {
    const show = await insertShow(db)
    const cancelled = await insertShow(db)
    await db.sql('update shows set cancelled_at = now() where id = $1', [cancelled])
    const ran = await Promise.all([
      book(show, '--count', '11', '--json'),
      book(cancelled, '--count', '1', '--json'),
    ])
    expect(ran.map(({ exitCode, json }) => [exitCode, json().error.code])).toEqual([
      [4, 'NOT_ENOUGH_SEATS'],
      [4, 'SHOW_CANCELLED'],
    ])
  })
})

describe('--count', () => {
  it('takes seats next to each other in one row, in the first row that has them', async () => {
    const show = await insertShow(db, { seats: 20, seatsPerRow: 5 })
    await book(show, '--seats', 'A3')
    const ran = await book(show, '--count', '3', '--json')
    // Row A has only pairs left; row B is empty.
    expect(ran.json().seat_labels).toHaveLength(3)
    expect(ran.json().seat_labels.join()).toMatch(/^B\d,B\d,B\d$/)
    const [from, , to] = ran.json().seats
    expect(to - from).toBe(2)
  })

  it('splits a party rather than refusing it while enough seats are free', async () => {
    const show = await insertShow(db, { seats: 6 })
    await book(show, '--seats', '2,5')
    const ran = await book(show, '--count', '4', '--json')
    expect(ran.json()).toMatchObject({ status: 'CONFIRMED', seats: [1, 3, 4, 6] })
  })
})

it('--dry-run prints what a booking would get, and writes no row', async () => {
  const show = await insertShow(db, { seats: 4, seatsPerRow: 2 })
  await book(show, '--seats', '1')
  const before = await db.sql('select * from shows where id = $1', [show])
  const [json, text, refused] = await Promise.all([
    book(show, '--count', '2', '--dry-run', '--json'),
    book(show, '--seats', 'A2', '--dry-run'),
    book(show, '--seats', '1', '--dry-run', '--json'),
  ])
  expect(json.exitCode).toBe(0)
  expect(json.json()).toMatchObject({ dry_run: true, seats: [3, 4], seat_labels: ['B1', 'B2'] })
  expect(text.stdout).toEqual(withFacts('A2'))
  expect(refused.exitCode).toBe(4)
  expect(refused.json().error.code).toBe('SEATS_TAKEN')
  expect(refused.json().booking).toBeUndefined()
  expect(await bookingsOf(show)).toHaveLength(1)
  expect(await db.sql('select * from shows where id = $1', [show])).toEqual(before)
})

it('a key books once: the same request gets its booking again, another one is refused', async () => {
  const show = await insertShow(db)
  const key = randomUUID()
  const both = await Promise.all(
    [1, 2].map(() => book(show, '--count', '2', '--key', key, '--json')),
  )
  const [first, second] = both.map((ran) => ran.json())
  expect(second.id).toBe(first.id)
  expect([first.replayed, second.replayed].sort()).toEqual([false, true])
  const other = await book(show, '--count', '3', '--key', key, '--json')
  expect(other.exitCode).toBe(2)
  expect(other.json().error.code).toBe('KEY_REUSED')
  const dry = await book(show, '--count', '3', '--key', key, '--dry-run', '--json')
  expect([dry.exitCode, dry.json().error.code]).toEqual([2, 'KEY_REUSED'])
  const again = await book(show, '--count', '2', '--key', key, '--dry-run', '--json')
  expect([again.exitCode, again.json().seats]).toEqual([0, first.seats])
  expect(await bookingsOf(show)).toHaveLength(1)
})

describe('--wait', () => {
  it('gives up on a locked show when its own time is over: exit code 5, retryable, and nothing stays PENDING', async () => {
    const show = await insertShow(db)
    const lock = await lockShow(db, show)
    // The other may wait longer and asks first, so it would give up first if both had the same
    // time.
    const patient = book(show, '--seats', '2', '--wait', '60s', '--json')
    await until(() => isWaitingForLock(db))
    const ran = await book(show, '--seats', '1', '--wait', '300ms', '--json')
    expect(ran.exitCode).toBe(5)
    expect(ran.json().error).toMatchObject({ code: 'BUSY', retryable: true })
    await lock.release()
    expect((await patient).json().status).toBe('CONFIRMED')
    expect((await book(show, '--seats', '1', '--json')).json().status).toBe('CONFIRMED')
  })
})

it('a hundred processes for thirty seats: each seat is sold once, and each of the others gets the reason', async () => {
  const show = await insertShow(db, { seats: 30, seatsPerRow: 10 })
  const clerks = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      // Every second process wants one particular seat that others want as well.
      bookAsProcess(
        ...[show, '--json', '--wait', '120s'],
        ...(i % 2 ? ['--count', '1'] : ['--seats', `${1 + (i % 30)}`]),
      ),
    ),
  )
  const outcomes = clerks.map((ran) => ({ exitCode: ran.exitCode, ...ran.json() }))
  const winners = outcomes.filter(({ exitCode }) => exitCode === 0)
  const losers = outcomes.filter(({ exitCode }) => exitCode === 4)
  expect(winners).toHaveLength(30)
  expect(losers).toHaveLength(70)
  expect(winners.flatMap(({ seats }) => seats).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, i) => i + 1),
  )

  const rows = await bookingsOf(show)
  expect(rows.filter(({ status }) => status === 'CONFIRMED')).toHaveLength(30)
  const failed = rows.filter(({ status }) => status === 'FAILED')
  expect(failed).toHaveLength(70)
  for (const { failure } of failed) {
    expect((failure as { code: string }).code).toMatch(/^(SEATS_TAKEN|NOT_ENOUGH_SEATS)$/)
  }
})
