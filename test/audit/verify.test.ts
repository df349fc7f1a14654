import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTickets, type Show, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { isWaitingForLock } from '../support/shows.js'
import { until } from '../support/until.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let tickets: Tickets
let show: Show
/** Seats 1-3 are Ada's, 4 is Ben's, 6 is held, 7 was held, 8 was cancelled. */
let ada: string
let ben: string
let hold: string

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere', connections: 4 })
  // The tests drop the constraints that would prevent the damage.
  for (const { table, name } of await db.sql<{ table: string; name: string }>(
    `select conrelid::regclass::text as table, conname as name from pg_constraint
     where contype in ('c', 'f') and conrelid in ('shows'::regclass, 'bookings'::regclass, 'admissions'::regclass)`,
  )) {
    await db.sql(
      `alter table ${table} drop constraint ${name}, add constraint ${name} check (true)`,
    )
  }
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

beforeEach(async () => {
  show = await tickets.createShow({
    name: 'Cats',
    startTime: new Date('2030-01-01T19:00:00Z'),
    totalSeats: 10,
  })
  const book = async (seats: number[], request = {}) =>
    (await tickets.book(show.id, { seats, ...request })).booking.reference
  ada = await book([1, 2, 3])
  ben = await book([4])
  hold = await book([6], { hold: 'forever' })
})
afterEach(() => db.sql('truncate shows, bookings, admissions cascade'))

/** Damages a booking, named by its reference. */
async function damage(reference: string, change: string): Promise<void> {
  await db.sql(`update bookings set ${change} where reference = $1`, [reference.replace('-', '')])
}

async function findings() {
  const report = await tickets.verify({ show: show.id })
  expect(report.ok).toBe(report.violations.length === 0)
  return report.violations.map(({ code, seats, bookings }) => ({
    code,
    ...(seats && { seats }),
    ...(bookings && { bookings }),
  }))
}

test('a house without damage passes', async () => {
  expect(await tickets.verify()).toEqual({
    ok: true,
    shows: 1,
    bookings: 3,
    violations: [],
    unlisted: 0,
  })
})

describe('each kind of damage is reported, and nothing else', () => {
  const setBits = (bits: string) =>
    db.sql(`update shows set booked_seats = ${bits} where id = $1`, [show.id])

  test('a seat of two confirmed bookings', async () => {
    await damage(ben, `seats = '{3,4}'`)
    expect(await findings()).toEqual([
      { code: 'SEAT_SOLD_TWICE', seats: [3], bookings: [ada, ben] },
    ])
  })

  test('a live hold on a sold seat, whichever came first', async () => {
    await damage(hold, `seats = '{2,6}'`)
    await damage(ada, `seats = '{1,2,3,6}'`)
    await setBits(`set_bit(booked_seats, 5, 1)`)
    await db.sql('update shows set confirmed_seats_count = 5')
    expect(await findings()).toEqual([
      { code: 'SEAT_HELD_AND_SOLD', seats: [2, 6], bookings: [ada, hold] },
    ])
  })

  test('a seat of two live holds', async () => {
    const other = await tickets.book(show.id, { seats: [7], hold: 60_000 })
    const { reference } = other.booking
    await damage(reference, `seats = '{6,7}'`)
    expect(await findings()).toEqual([
      { code: 'SEAT_HELD_TWICE', seats: [6], bookings: [hold, reference] },
    ])
  })

  test('an expired hold contradicts no booking', async () => {
    await damage(hold, `seats = '{1,6}', held_until = clock_timestamp()`)
    expect(await findings()).toEqual([])
  })

  test('a marked seat without a booking', async () => {
    await setBits(`set_bit(booked_seats, 8, 1)`)
    await db.sql('update shows set confirmed_seats_count = 5')
    expect(await findings()).toEqual([{ code: 'SOLD_WITHOUT_BOOKING', seats: [9] }])
  })

  test('a booking whose seat is not marked', async () => {
    await setBits(`set_bit(set_bit(booked_seats, 3, 0), 0, 0)`)
    await db.sql('update shows set confirmed_seats_count = 2')
    expect(await findings()).toEqual([
      { code: 'BOOKED_WITHOUT_BIT', seats: [1, 4], bookings: [ada, ben] },
    ])
  })

  test('a confirmed booking that is deleted', async () => {
    await db.sql(`delete from bookings where reference = $1`, [ben.replace('-', '')])
    expect(await findings()).toEqual([{ code: 'SOLD_WITHOUT_BOOKING', seats: [4] }])
  })

  test('a count that is not the number of marks', async () => {
    await db.sql('update shows set confirmed_seats_count = 3')
    expect(await findings()).toEqual([{ code: 'COUNT_MISMATCH' }])
  })

  test.each([
    ['a mark beyond the last seat', `set_bit(booked_seats, 12, 1)`, [13]],
    ['marks that are too long', `booked_seats || '\\x02'::bytea`, [18]],
    [
      'marks far longer than any house',
      `booked_seats || decode(repeat('00', 20000), 'hex') || '\\x01'::bytea`,
      [],
    ],
  ])('%s', async (_, bits, seats) => {
    await setBits(bits)
    await db.sql('update shows set confirmed_seats_count = 5')
    expect(await findings()).toEqual([{ code: 'BITS_OUTSIDE_HOUSE', seats }])
  })

  test('missing marks', async () => {
    await setBits(`''`)
    expect((await findings()).map(({ code }) => code)).toEqual([
      'BITS_OUTSIDE_HOUSE',
      'BOOKED_WITHOUT_BIT',
      'COUNT_MISMATCH',
    ])
  })

  test('a house that shrank below what it sold', async () => {
    await db.sql('update shows set total_seats = 3')
    expect(await findings()).toEqual([
      { code: 'SEAT_OUTSIDE_HOUSE', seats: [4], bookings: [ben] },
      { code: 'SEAT_OUTSIDE_HOUSE', seats: [6], bookings: [hold] },
      { code: 'BITS_OUTSIDE_HOUSE', seats: [4] },
    ])
  })

  test.each([0, -7, 2_000_000_000])('a house of %i seats', async (seats) => {
    await db.sql(`update shows set total_seats = ${seats}, seats_per_row = 0`)
    expect((await findings()).map(({ code }) => code)).toContain('IMPOSSIBLE_HOUSE')
  })

  test.each([
    ['beyond the house', `'{1,2,3,11,100000000}'`, [11, 100_000_000]],
    ['before the first', `'{-1,0,1,2,3}'`, [-1, 0]],
    ['without a number', `'{1,2,3,null}'`, []],
  ])('a booked seat %s', async (_, seats, outside) => {
    await damage(ada, `seats = ${seats}`)
    expect(await findings()).toEqual([
      { code: 'SEAT_OUTSIDE_HOUSE', seats: outside, bookings: [ada] },
    ])
  })

  test('a held seat that does not exist', async () => {
    await damage(hold, `seats = '{11}'`)
    expect(await findings()).toEqual([
      { code: 'SEAT_OUTSIDE_HOUSE', seats: [11], bookings: [hold] },
    ])
  })

  test('a seat named twice in one booking', async () => {
    await damage(ada, `seats = '{1,2,3,2}'`)
    expect(await findings()).toEqual([{ code: 'SEAT_NAMED_TWICE', seats: [2], bookings: [ada] }])
  })

  test.each([
    ['FAILED without a reason', `status = 'FAILED', failure = null`],
    ['FAILED for null', `status = 'FAILED', failure = 'null'`],
    ['HELD without seats', `seats = '{}'`],
    ['HELD with a reason for a failure', `failure = '{"code":"BUSY"}'`],
    ['CANCELLED and still expiring', `status = 'CANCELLED', held_until = now()`],
    ['CANCELLED and still being decided', `status = 'CANCELLED', pending_until = now()`],
    ['PENDING for ever', `status = 'PENDING'`],
    ['of an unknown status', `status = 'LOST'`],
    ['with a key and no request', `key = 'k', key_request = null`],
  ])('a booking %s', async (_, change) => {
    await damage(hold, change)
    expect(await findings()).toEqual([{ code: 'INCOHERENT_BOOKING', bookings: [hold] }])
  })

  test('a CONFIRMED booking without seats', async () => {
    await damage(ben, `seats = '{}'`)
    expect(await findings()).toEqual([
      { code: 'INCOHERENT_BOOKING', bookings: [ben] },
      { code: 'SOLD_WITHOUT_BOOKING', seats: [4] },
    ])
  })

  test('an abandoned booking, once it is past its bound', async () => {
    await damage(hold, `status = 'PENDING', pending_until = clock_timestamp() + '1 hour'`)
    expect(await findings()).toEqual([])
    await damage(hold, `pending_until = clock_timestamp()`)
    expect(await findings()).toEqual([{ code: 'STALE_PENDING', bookings: [hold] }])
  })

  test('a booking that has seats which it gave back', async () => {
    await damage(ada, `cancelled_seats = '{2,9}'`)
    expect(await findings()).toEqual([{ code: 'INCOHERENT_BOOKING', bookings: [ada] }])
  })

  test.each([
    ['seats that it does not have', `seats = '{1}'`, [2, 3]],
    ['seats that are no longer confirmed', `status = 'CANCELLED'`, [1, 2, 3]],
  ])('a check-in on %s', async (_, change, seats) => {
    await tickets.checkIn(ada)
    expect(await findings()).toEqual([])
    await damage(ada, change)
    expect(await findings()).toContainEqual({
      code: 'ADMITTED_WITHOUT_SEAT',
      seats,
      bookings: [ada],
    })
  })

  test('a check-in in another show than that of the booking, or without a booking', async () => {
    const other = await tickets.createShow({ name: 'Evita', startTime: new Date(), totalSeats: 9 })
    const enter = (seat: number, booking: string) =>
      db.sql('insert into admissions (show_id, seat, booking_id) values ($1, $2, $3)', [
        other.id,
        seat,
        booking,
      ])
    const { id } = await tickets.findBooking(ben)
    await enter(4, id)
    await enter(5, randomUUID())
    expect(await findings()).toEqual([])
    const { violations } = await tickets.verify({ show: other.id })
    expect(violations.map(({ code, seats, bookings }) => [code, seats, bookings]).sort()).toEqual([
      ['ADMITTED_WITHOUT_SEAT', [4], [ben]],
      ['ADMITTED_WITHOUT_SEAT', [5], []],
    ])
  })

  test('a check-in without a booking, on each of 1,001 seats: more than two pages of them', async () => {
    await db.sql(
      `insert into admissions (show_id, seat, booking_id)
       select $1, n, gen_random_uuid() from generate_series(1, 1001) n`,
      [show.id],
    )
    const { violations, unlisted } = await tickets.verify({ show: show.id })
    expect(new Set(violations.map(({ code }) => code))).toEqual(new Set(['ADMITTED_WITHOUT_SEAT']))
    expect(new Set(violations.flatMap(({ seats }) => seats)).size).toBe(1000)
    expect([violations.length, unlisted]).toEqual([1000, 1])
  })

  test.each([
    ['history', 'history_id_seq'],
    ['knex_migrations', 'knex_migrations_id_seq'],
  ])('a sequence behind the ids of %s, whichever show is verified', async (table, sequence) => {
    const [{ last }] = (await db.sql(`select last_value as last from ${sequence}`)) as [
      { last: string },
    ]
    for (const behind of [
      `setval('${sequence}', ${last} - 1)`,
      `setval('${sequence}', 1, false)`,
    ]) {
      await db.sql(`select ${behind}`)
      const { ok, violations } = await tickets.verify({ show: show.id })
      expect(ok).toBe(false)
      expect(violations).toMatchObject([{ code: 'SEQUENCE_BEHIND', showId: null }])
      expect(violations[0]!.message).toEqual(withFacts(table, last))
    }
    await db.sql(`select setval('${sequence}', ${last})`)
    expect(await findings()).toEqual([])
  })

  test('bookings of shows that do not exist', async () => {
    const [first, last] = ['0', 'f'].map((digit) => randomUUID().replace(/[0-9a-f]/g, digit))
    await damage(ada, `show_id = '${first}'`)
    await damage(ben, `show_id = '${last}'`)
    const report = await tickets.verify()
    expect(report).toMatchObject({ ok: false, shows: 1, bookings: 3 })
    const missing = report.violations.filter(({ code }) => code === 'SHOW_MISSING')
    expect(missing.map(({ showId, bookings }) => [showId, bookings])).toEqual([
      [first, [ada]],
      [last, [ben]],
    ])
  })
})

test('a violation is a sentence that names the show, the seats and the bookings', async () => {
  await db.sql(`update shows set seats_per_row = 3`)
  await damage(ben, `seats = '{1,2,3,4}'`)
  const { violations } = await tickets.verify()
  expect(violations.map(({ message }) => message)).toEqual([
    withFacts('"Cats"', show.id.slice(0, 8), 'A1-A3', ada, ben),
  ])
})

test('only the given show is verified; a show that does not exist is SHOW_NOT_FOUND', async () => {
  const other = await tickets.createShow({ name: 'Evita', startTime: new Date(), totalSeats: 1 })
  await db.sql('update shows set confirmed_seats_count = 7 where id = $1', [show.id])
  expect(await tickets.verify({ show: other.id })).toMatchObject({
    ok: true,
    shows: 1,
    bookings: 0,
  })
  expect(await tickets.verify({ show: 'Cats' })).toMatchObject({ ok: false, shows: 1, bookings: 3 })
  await expect(tickets.verify({ show: randomUUID() })).rejects.toMatchObject({
    code: 'SHOW_NOT_FOUND',
  })
})

describe('page by page', () => {
  test('every show and booking is verified once, and the progress ends at the total', async () => {
    // More shows than a page, more bookings in one show than a page, and whole houses sold at once.
    await db.sql(`
      with house as (
        insert into shows (id, name, start_time, time_zone, total_seats, booked_seats, confirmed_seats_count)
        select gen_random_uuid(), 'House ' || n, now(), 'UTC', seats, decode(repeat('ff', seats / 8), 'hex'), seats
        from generate_series(1, 205) n, lateral (select case when n % 40 = 0 then 80000 else 8 end) size (seats)
        returning id, total_seats
      )
      insert into bookings (id, reference, show_id, status, seats)
      select gen_random_uuid(), substr(md5(id::text), 1, 8), id, 'CONFIRMED',
             array(select generate_series(1, total_seats))
      from house`)
    await db.sql(
      `insert into bookings (id, reference, show_id, status, seats, failure)
       select gen_random_uuid(), lpad(n::text, 8, '0'), $1, 'FAILED', '{1}', '{"code":"SEATS_TAKEN"}'
       from generate_series(1, 4500) n`,
      [show.id],
    )
    const steps: number[][] = []
    const report = await tickets.verify({ onProgress: (done, of) => steps.push([done, of]) })
    const rows = 206 + 205 + 3 + 4500
    expect(report).toMatchObject({ ok: true, shows: 206, bookings: 4708 })
    expect(steps.at(-1)).toEqual([rows, rows])
    expect(steps.map(([done]) => done)).toEqual(steps.map(([done]) => done).sort((a, b) => a! - b!))
  })

  test('a thousand violations are listed and the rest are counted', async () => {
    await db.sql(
      `insert into bookings (id, reference, show_id, status, seats)
       select gen_random_uuid(), lpad(n::text, 8, '0'), $1, 'CONFIRMED', '{1}'
       from generate_series(1, 2500) n`,
      [show.id],
    )
    const { ok, violations, unlisted } = await tickets.verify()
    expect([ok, violations.length, unlisted]).toEqual([false, 1000, 1500])
  })
})

test('a sale during the check is seen completely or not at all', async () => {
  const clerk = new pg.Client(db.url)
  await clerk.connect()
  await clerk.query('begin')
  await clerk.query('lock table bookings in access exclusive mode')
  const proof = tickets.verify()
  // It has read the houses, and waits for the bookings.
  await until(() => isWaitingForLock(db))
  await clerk.query(`update bookings set seats = '{4,5}' where reference = $1`, [
    ben.replace('-', ''),
  ])
  await clerk.query(
    'update shows set booked_seats = set_bit(booked_seats, 4, 1), confirmed_seats_count = 5',
  )
  await clerk.query('commit')
  await clerk.end()
  expect((await proof).violations).toEqual([])
  expect((await tickets.verify()).violations).toEqual([])
})
