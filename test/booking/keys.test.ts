import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import * as keysOfEachToken from '../../migrations/0011_keys_of_each_token.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { startBooking } from '../support/booking-process.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import {
  type DatabaseProxy,
  holdBack,
  isCommit,
  isCommitted,
  isStatement,
  openProxy,
} from '../support/proxy.js'
import { isWaitingForLock } from '../support/shows.js'
import { until } from '../support/until.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let proxy: DatabaseProxy
let clerks: Tickets[]
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
  proxy = await openProxy(db.url)
  clerks = Array.from({ length: 8 }, () => openTickets({ database: db.url }))
})
beforeEach(async () => {
  const startTime = new Date('2031-01-01T19:00:00Z')
  const created = await clerks[0]!.createShow({ name: 'Hamlet', startTime, totalSeats: 10 })
  show = created.id
})
afterEach(() => proxy.decide(() => 'pass'))
afterAll(async () => {
  await Promise.all((clerks ?? []).map((clerk) => clerk.close()))
  await proxy?.close()
  await db?.drop()
})

test('forty calls with one key book once; the others are replays', async () => {
  const request = { count: 2, key: 'forty calls' }
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, i) => clerks[i % 8]!.book(show, request)),
  )
  const [{ booking }] = outcomes as [(typeof outcomes)[number]]
  expect(outcomes.map((outcome) => outcome.booking)).toEqual(Array(40).fill(booking))
  expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(await bookings()).toEqual([{ id: booking.id, status: 'CONFIRMED', seats: booking.seats }])
})

test('a refusal is replayed as well: the same record and the same message', async () => {
  await clerks[0]!.book(show, { seats: '3' })
  const failures = await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      clerks[i % 8]!.book(show, { seats: '3,4', key: 'refused' }).catch((error) => error),
    ),
  )
  const [{ outcome, message }] = failures
  for (const failure of failures) {
    expect(failure).toMatchObject({ code: 'SEATS_TAKEN', message, seats: [3] })
    expect(failure.outcome.booking).toEqual(outcome.booking)
  }
  expect(failures.filter((failure) => !failure.outcome.replayed)).toHaveLength(1)
  expect((await bookings()).map(({ status }) => status)).toEqual(['CONFIRMED', 'FAILED'])
})

test('a process with a used key prints the first outcome and exits with the same code', async () => {
  await clerks[0]!.book(show, { seats: '9' })
  for (const [seats, exit] of [
    ['1-2', 0],
    ['8-9', 4],
  ] as const) {
    const args = [show, '--seats', seats, '--customer', 'Ada', '--key', `process ${seats}`]
    const first = await startBooking(db.url, args).ended
    const second = await startBooking(db.url, args).ended
    expect([first.exitCode, second.exitCode]).toEqual([exit, exit])
    const recordOf = ({ document }: typeof first) => document.booking ?? document
    expect(recordOf(first)).toMatchObject({ replayed: false })
    expect(recordOf(second)).toEqual({ ...recordOf(first), replayed: true })
  }
})

test('another request with a used key is KEY_REUSED and changes nothing', async () => {
  const args = ['--seats', '1', '--customer', 'Ada', '--key', 'reused']
  const first = await startBooking(db.url, [show, ...args]).ended
  const other = await clerks[0]!.createShow({
    name: 'Othello',
    startTime: new Date('2031-01-02T19:00:00Z'),
    totalSeats: 10,
  })
  for (const changed of [
    [show, '--seats', '2', '--customer', 'Ada', '--key', 'reused'],
    [show, '--count', '1', '--customer', 'Ada', '--key', 'reused'],
    [show, '--seats', '1', '--customer', 'Bob', '--key', 'reused'],
    [show, ...args, '--hold', '5m'],
    [other.id, ...args],
  ]) {
    const { exitCode, document } = await startBooking(db.url, changed).ended
    expect([exitCode, document.error?.code]).toEqual([2, 'KEY_REUSED'])
  }
  expect(await bookings()).toMatchObject([{ id: first.document.id, seats: [1] }])
  expect((await clerks[0]!.viewShow(other.id)).confirmedSeats).toBe(0)
})

const whole = { seats: '1', customer: 'Ada', note: 'aisle', hold: 60_000, key: 'whole' }
test.each<[string, object]>([
  ['other seats', { seats: '2' }],
  ['one seat more', { seats: '1,2' }],
  ['a number of seats', { seats: undefined, count: 1 }],
  ['another customer', { customer: 'Bob' }],
  ['no customer', { customer: undefined }],
  ['another note', { note: 'Aisle' }],
  ['no note', { note: undefined }],
  ['a longer hold', { hold: 60_001 }],
  ['a hold without an end', { hold: 'forever' }],
  ['no hold', { hold: undefined }],
])(
  'a key belongs to the whole request: with %s, a booking and a dry run are KEY_REUSED',
  async (_, change) => {
    const clerk = clerks[0]!
    const { booking } = await clerk.book(show, whole)
    const reused = expect.objectContaining({ code: 'KEY_REUSED' })
    await expect(clerk.book(show, { ...whole, ...change })).rejects.toEqual(reused)
    await expect(clerk.startDryRun().book(show, { ...whole, ...change })).rejects.toEqual(reused)
    await expect(clerk.preview(show, { ...whole, ...change })).rejects.toEqual(reused)
    expect(await clerk.book(show, whole)).toEqual({ booking, replayed: true })
    expect(await clerk.startDryRun().book(show, whole)).toMatchObject({
      seats: [1],
      replayed: true,
    })
    expect(await clerk.preview(show, whole)).toEqual([1])
    expect(await bookings()).toHaveLength(1)
    await db.sql('update bookings set key = null where id = $1', [booking.id])
  },
)

test('a key belongs to its show: for another show, a booking and a dry run are KEY_REUSED', async () => {
  const clerk = clerks[0]!
  const request = { seats: '1', key: 'of one show' }
  await clerk.book(show, request)
  const startTime = new Date('2031-01-02T19:00:00Z')
  const other = await clerk.createShow({ name: 'Othello', startTime, totalSeats: 10 })
  const reused = expect.objectContaining({ code: 'KEY_REUSED' })
  await expect(clerk.book(other.id, request)).rejects.toEqual(reused)
  await expect(clerk.startDryRun().book(other.id, request)).rejects.toEqual(reused)
})

test('a booking that has moved to another house is replayed with its seat in that house', async () => {
  const clerk = clerks[0]!
  const startTime = new Date('2031-01-02T19:00:00Z')
  const rows = { name: 'Othello', startTime, totalSeats: 20, seatsPerRow: 4 }
  const { id: toShow } = await clerk.createShow(rows)
  const request = { seats: [9], key: 'moved' }
  const { booking } = await clerk.book(show, request)
  await clerk.moveBooking(booking.id, { to: 'C1', toShow })
  const replay = await clerk.book(show, request)
  expect(replay).toMatchObject({ replayed: true, booking: { seats: [9], seatLabels: ['C1'] } })
})

test('a booking that has moved is replayed without any read after COMMIT', async () => {
  const clerk = clerks[0]!
  const startTime = new Date('2031-01-02T19:00:00Z')
  const rows = { name: 'Othello', startTime, totalSeats: 20, seatsPerRow: 4 }
  const { id: toShow } = await clerk.createShow(rows)
  const request = { seats: [9], key: 'moved out of sight' }
  const { booking } = await clerk.book(show, request)
  await clerk.moveBooking(booking.id, { to: 'C1', toShow })
  let isDecided = false
  proxy.decide((message) => {
    isDecided ||= isCommitted(message)
    return isDecided && isStatement(message, 'select') ? 'cut before' : 'pass'
  })
  const other = openTickets({ database: proxy.url, waitMs: 0 })
  const replay = await other.book(show, request)
  await other.close()
  expect(isDecided).toBe(true)
  expect(replay).toMatchObject({ replayed: true, booking: { seats: [9], seatLabels: ['C1'] } })
})

test('a hold that has expired is replayed as expired, in each format, in a file and in a dry run', async () => {
  const clerk = clerks[0]!
  const request = { seats: '1', key: 'expired', hold: 60_000 }
  expect(await clerk.book(show, request)).not.toHaveProperty('hasExpired')
  expect(await clerk.book(show, request)).not.toHaveProperty('hasExpired')
  await db.sql(`update bookings set held_until = clock_timestamp() where key = 'expired'`)
  expect(await clerk.book(show, request)).toMatchObject({ replayed: true, hasExpired: true })
  const book = (...args: string[]) => runInProcess(['book', ...args], { DATABASE_URL: db.url })
  const args = [show, '--seats', '1', '--key', 'expired', '--hold', '60s']
  const document = await book(...args, '--json')
  expect(document.exitCode).toBe(0)
  expect(document.json()).toMatchObject({ status: 'HELD', replayed: true, expired: true })
  expect((await book(...args)).stdout).not.toContain('Holding')
  const bookRow = (...more: string[]) =>
    runInProcess(
      ['book', show, '--file', '-', ...more],
      { DATABASE_URL: db.url },
      { input: 'seats,key,hold\n1,expired,60s\n' },
    )
  for (const flags of [[], ['--dry-run']]) {
    expect((await bookRow('--json', ...flags)).json()).toMatchObject({
      ...{ status: 'HELD', replayed: true, expired: true },
    })
    const ran = await bookRow(...flags)
    expect(ran.stdout.replace('\n', '').split('\t').slice(3)).toEqual([
      ...['HELD', '2', 'true'], // the status, the line, and whether the key was used before
      ...['', 'true'], // no section; expired
    ])
    expect(ran.exitCode).toBe(0)
    expect(ran.stderr).toEqual(withFacts('✗', '0', '1 expired'))
  }
  const { reference } = document.json()
  expect((await book(...args, '--dry-run')).stdout).toEqual(withFacts(reference, '1'))
  expect((await book(...args, '--dry-run', '--json')).json()).toMatchObject({
    ...{ dry_run: true, reference, status: 'HELD', replayed: true, expired: true },
  })
})

test('a booking that has been cancelled is not counted as booked in a file or its dry run', async () => {
  const { booking } = await clerks[0]!.book(show, { seats: '1', key: 'cancelled' })
  await clerks[0]!.cancelBooking(booking.id)
  for (const flags of [['--dry-run'], []]) {
    const ran = await runInProcess(
      ['book', show, '--file', '-', ...flags],
      { DATABASE_URL: db.url },
      { input: 'seats,key\n1,cancelled\n2,new\n' },
    )
    expect([ran.exitCode, ran.stderr]).toEqual([0, withFacts('✗', '1 of 2', '1 cancelled')])
  }
})

test('while the first request with a key is being decided, the second waits for its outcome', async () => {
  const reached = holdBack(proxy, isCommit)
  const slow = openTickets({ database: proxy.url })
  const request = { count: 1, key: 'under way' }
  const first = slow.book(show, request)
  const release = await reached
  const second = clerks[0]!.book(show, request)
  await until(() => isWaitingForLock(db))
  release()
  const { booking } = await first
  expect(await second).toEqual({ booking, replayed: true })
  await slow.close()
  expect(await bookings()).toHaveLength(1)
})

test('killed between the record and the verdict: the same key books later', async () => {
  const args = [show, '--seats', '1-2', '--key', 'killed']
  await dieBeforeVerdict(args)
  expect(await bookings()).toMatchObject([{ status: 'PENDING' }])
  const { exitCode, document } = await startBooking(db.url, args).ended
  expect([exitCode, document.status, document.seats]).toEqual([0, 'CONFIRMED', [1, 2]])
  expect(await bookings()).toEqual([{ id: document.id, status: 'CONFIRMED', seats: [1, 2] }])
})

test('a record stays pending until the last retry within the longest wait must be over', async () => {
  await dieBeforeVerdict([show, '--seats', '1', '--wait', '10m'])
  const [record] = await db.sql(
    `select pending_until - created_at > interval '20 minutes' as outlasts
     from bookings where show_id = $1`,
    [show],
  )
  expect(record).toEqual({ outlasts: true })
})

test('a record of an attempt with no wait stays pending for a minute', async () => {
  await dieBeforeVerdict([show, '--seats', '1', '--wait', '0s'])
  const [record] = await db.sql(
    `select pending_until - created_at >= interval '1 minute' as has_minute
     from bookings where show_id = $1`,
    [show],
  )
  expect(record).toEqual({ has_minute: true })
  expect(await clerks[0]!.repair({ show })).toEqual([])
  await clerks[0]!.book(show, { seats: '2' })
  expect((await bookings()).map(({ status }) => status).sort()).toEqual(['CONFIRMED', 'PENDING'])
})

test('killed and abandoned: the next booking sweeps the record, and its key is free', async () => {
  const args = [show, '--seats', '1-2', '--key', 'given up']
  await dieBeforeVerdict(args)
  await makeStale()
  await clerks[0]!.book(show, { seats: '10' })
  expect(await bookings()).toMatchObject([{ status: 'FAILED' }, { status: 'CONFIRMED' }])
  const [swept] = await db.sql(
    `select failure, key from bookings where show_id = $1 and status = 'FAILED'`,
    [show],
  )
  expect(swept).toMatchObject({ failure: { code: 'ABANDONED' }, key: null })
  const { exitCode, document } = await startBooking(db.url, args).ended
  expect([exitCode, document.replayed, document.seats]).toEqual([0, false, [1, 2]])
})

test('given up between the record and the lock of a second attempt: the key books again, once', async () => {
  const request = { seats: '1-2', key: 'swept in between' }
  await dieBeforeVerdict([show, '--seats', '1-2', '--key', request.key])
  const second = openTickets({ database: proxy.url })
  const reached = holdBack(proxy, (message) => isStatement(message, 'for update'))
  const both = Promise.all([second.book(show, request), second.book(show, request)])
  const release = await reached
  await makeStale()
  expect(await clerks[0]!.repair({ show })).toHaveLength(1)
  release()
  const [first, again] = await both
  await second.close()
  expect(first).toMatchObject({ replayed: false, booking: { status: 'CONFIRMED', seats: [1, 2] } })
  expect(again).toEqual({ booking: first.booking, replayed: true })
  expect(await clerks[0]!.book(show, request)).toEqual(again)
  expect((await bookings()).map(({ status }) => status).sort()).toEqual(['CONFIRMED', 'FAILED'])
})

test('given up while a slow clerk is still at work: the slow clerk gets ABANDONED', async () => {
  let isSwept = false
  proxy.decide(async (message) => {
    if (isStatement(message, 'update bookings') && !isSwept) {
      isSwept = true
      await makeStale()
      await clerks[0]!.repair({ show })
    }
  })
  const late = await startBooking(proxy.url, [show, '--seats', '1-2', '--key', 'late']).ended
  expect([late.exitCode, late.document.error?.code]).toEqual([5, 'ABANDONED'])
  expect(isSwept).toBe(true)
  expect((await bookings()).map(({ status }) => status)).toEqual(['FAILED'])
  expect((await clerks[0]!.viewShow(show)).confirmedSeats).toBe(0)
  expect(await clerks[0]!.verify({ show })).toMatchObject({ violations: [] })
})

test('BUSY is not stored: the same key books once the show is unlocked', async () => {
  const args = [show, '--seats', '1', '--key', 'busy', '--wait', '100ms']
  const holder = openTickets({ database: proxy.url })
  const reached = holdBack(proxy, isCommit)
  const held = holder.book(show, { seats: '10' })
  const release = await reached
  const busy = await startBooking(db.url, args).ended
  expect([busy.exitCode, busy.document.error?.code]).toEqual([5, 'BUSY'])
  release()
  await held
  await holder.close()
  const { exitCode, document } = await startBooking(db.url, args).ended
  expect([exitCode, document.seats]).toEqual([0, [1]])
})

test('an internal error is not stored: the same key books once the cause is gone', async () => {
  const args = [show, '--seats', '1', '--key', 'bug']
  await db.sql(`alter table bookings add constraint bug check (status <> 'CONFIRMED') not valid`)
  const failed = await startBooking(db.url, args).ended
  await db.sql('alter table bookings drop constraint bug')
  expect([failed.exitCode, failed.document.error?.code]).toEqual([1, 'INTERNAL'])
  const { exitCode, document } = await startBooking(db.url, args).ended
  expect([exitCode, document.status, document.seats]).toEqual([0, 'CONFIRMED', [1]])
  expect(await bookings()).toHaveLength(1)
})

test('a key from before the migration to scopes still replays its booking; a rollback forgets scoped keys', async () => {
  const request = { count: 1, key: 'old' }
  const scoped = { ...request, keyScope: '0123456789ab' }
  const { booking } = await clerks[0]!.book(show, request)
  const other = await clerks[0]!.book(show, scoped)
  expect(other.replayed).toBe(false)
  const core = openCore(db)
  await keysOfEachToken.down(core.knex)
  await keysOfEachToken.up(core.knex)
  await core.close()
  const later = openTickets({ database: db.url })
  expect(await later.book(show, request)).toEqual({ booking, replayed: true })
  expect(await later.book(show, scoped)).toMatchObject({ replayed: false })
  await later.close()
})

test('a dry run knows only the keys of its own scope', async () => {
  const request = { count: 1, key: 'dry' }
  await clerks[0]!.book(show, { ...request, keyScope: '0123456789ab' })
  const dryRun = clerks[0]!.startDryRun()
  expect(await dryRun.book(show, request)).toMatchObject({ seats: [2], replayed: false })
  expect(await dryRun.book(show, { ...request, keyScope: '0123456789ab' })).toMatchObject({
    seats: [1],
    replayed: true,
  })
})

test('a dry run ignores an attempt that is not decided', async () => {
  const request = { seats: '1-2', key: 'undecided' }
  await dieBeforeVerdict([show, '--seats', '1-2', '--key', request.key])
  await clerks[0]!.book(show, { seats: '2' })
  await expect(clerks[0]!.startDryRun().book(show, request)).rejects.toMatchObject({
    code: 'SEATS_TAKEN',
  })
})

/** Runs a process, and kills it when its record is written and it is about to lock the show. */
async function dieBeforeVerdict(args: readonly string[]): Promise<void> {
  let isReached = false
  proxy.decide((message) => {
    if (!isStatement(message, 'for update')) return 'pass'
    isReached = true
    return new Promise(() => {})
  })
  const { child, ended } = startBooking(proxy.url, args)
  await until(() => isReached)
  child.kill('SIGKILL')
  await ended
}

async function makeStale(): Promise<void> {
  await db.sql(
    `update bookings set pending_until = now() - interval '1 second'
     where show_id = $1 and status = 'PENDING'`,
    [show],
  )
}

async function bookings() {
  return db.sql<{ id: string; status: string; seats: number[] }>(
    'select id, status, seats from bookings where show_id = $1 order by id',
    [show],
  )
}
