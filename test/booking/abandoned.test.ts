import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newReference } from '../../src/booking/references.js'
import { openTickets, type Show, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { holdBack, isStatement, openProxy } from '../support/proxy.js'
import { until } from '../support/until.js'

let db: TestDatabase
let tickets: Tickets
let show: Show

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere', connections: 4 })
  // A booking with the note 'late' is past its bound from the start. Two gates, which a test can
  // close, hold an attempt after it has read its record, and after it has written its verdict.
  await db.sql(`
    create function be_late() returns trigger language plpgsql as $$
      begin new.pending_until = clock_timestamp() - interval '1 second'; return new; end $$;
    create trigger late before insert on bookings for each row when (new.note = 'late')
      execute function be_late();
    create function pass_gate() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock(tg_argv[0]::bigint); return new; end $$;
    create trigger gate_1 before update of booked_seats on shows for each row
      execute function pass_gate('1');
    create trigger gate_2 after update of status on bookings for each row
      when (new.status = 'CONFIRMED') execute function pass_gate('2')`)
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

beforeEach(async () => {
  show = await tickets.createShow({ name: 'Cats', startTime: new Date(), totalSeats: 10 })
})
afterEach(() => db.sql('truncate shows, bookings cascade'))

/** Leaves a record behind, like a process that is killed before the verdict. */
async function abandon(seat: number, bound = 'clock_timestamp()', key: string | null = null) {
  const [row] = await db.sql<{ reference: string }>(
    `insert into bookings (id, reference, show_id, status, seats, key, key_request, pending_until)
     values (gen_random_uuid(), $1, $2, 'PENDING', array[$3::int], $4, $4, ${bound})
     returning left(reference, 4) || '-' || right(reference, 4) as reference`,
    [newReference(), show.id, seat, key],
  )
  return row!.reference
}

describe('repair', () => {
  test('makes abandoned records FAILED, frees their keys, and changes nothing else', async () => {
    await tickets.book(show.id, { seats: [1] })
    const others = 'select * from bookings where failure is null order by id'
    const houses = 'select * from shows'
    const before = [await db.sql(others), await db.sql(houses)]
    const reference = await abandon(2, undefined, 'key')

    expect(await tickets.repair({ dryRun: true })).toEqual([reference])
    expect((await tickets.verify()).violations).toMatchObject([
      { code: 'STALE_PENDING', bookings: [reference] },
    ])
    expect(await tickets.repair()).toEqual([reference])
    expect(await tickets.repair()).toEqual([])

    expect(
      await db.sql(`select status, seats, failure ->> 'code' as code, key, pending_until
                    from bookings where failure is not null`),
    ).toEqual([{ status: 'FAILED', seats: [2], code: 'ABANDONED', key: null, pending_until: null }])
    expect([await db.sql(others), await db.sql(houses)]).toEqual(before)
    expect(await tickets.verify()).toMatchObject({ ok: true, bookings: 2 })
    const again = await tickets.book(show.id, { seats: [2], key: 'key' })
    expect(again).toMatchObject({ replayed: false, booking: { status: 'CONFIRMED' } })
  })

  test('reports the records in the order in which they were made', async () => {
    const made = [await abandon(3), await abandon(1), await abandon(2)]
    // The newest comes first in the table, and by its id.
    for (const [i, reference] of made.entries()) {
      await db.sql(
        `update bookings set created_at = now() - make_interval(mins => $2),
                id = overlay(id::text placing $3 from 1 for 8)::uuid
         where reference = $1`,
        [reference.replace('-', ''), i, `0000000${i}`],
      )
    }
    const oldestFirst = made.toReversed()
    expect(await tickets.repair({ dryRun: true })).toEqual(oldestFirst)
    expect(await tickets.repair()).toEqual(oldestFirst)
  })

  test('leaves alone attempts within their bound, and other shows', async () => {
    await abandon(1, `clock_timestamp() + '1 hour'`)
    const reference = await abandon(2)
    const other = await tickets.createShow({ name: 'Evita', startTime: new Date(), totalSeats: 1 })
    expect(await tickets.repair({ show: other.id })).toEqual([])
    expect(await tickets.repair({ show: show.id })).toEqual([reference])
  })
})

test('the records of one batch are all given up, even if the last one needed three inserts', async () => {
  const { booking } = await tickets.book(show.id, { seats: [10] })
  // Gives it the reference of another booking, in the first insert and in the one that looks for
  // conflicts.
  await db.sql(`
    create sequence tries;
    create function be_unlucky() returns trigger language plpgsql as $$ begin
      if nextval('tries') <= 2 then new.reference = '${booking.reference.replace('-', '')}'; end if;
      return new;
    end $$;
    create trigger unlucky before insert on bookings for each row when (new.note = 'unlucky')
      execute function be_unlucky()`)
  const proxy = await openProxy(db.url)
  const box = openTickets({ database: proxy.url, env: {}, waitMs: 0 })
  const reached = holdBack(proxy, (message) => isStatement(message, 'for update'))
  const requests = ['lucky', 'lucky', 'unlucky'].map((note, i) => ({ seats: [i + 1], note }))
  const lost = Promise.allSettled(requests.map((request) => box.book(show.id, request)))
  await reached
  await db.sql(
    `update bookings set pending_until = clock_timestamp() - interval '1 second'
     where status = 'PENDING'`,
  )
  await proxy.close()
  await lost
  await box.close()
  expect(await db.sql('select last_value::int as tries from tries')).toEqual([{ tries: 3 }])

  await tickets.book(show.id, { seats: [9] })
  const statuses = await db.sql(
    `select note, status from bookings where note is not null order by id`,
  )
  expect(statuses).toEqual(requests.map(({ note }) => ({ note, status: 'FAILED' })))
})

describe('an attempt that finishes after its bound', () => {
  test('fails if a repair comes after it has read its record, and sells nothing', async () => {
    const gate = await closeGate(1)
    const late = settled(tickets.book(show.id, { seats: [5], note: 'late' }))
    await gate.someoneWaits()
    expect(await tickets.repair()).toHaveLength(1)
    await gate.open()

    expect(await late).toMatchObject({
      reason: { code: 'ABANDONED', outcome: { booking: { status: 'FAILED' } } },
    })
    expect(await tickets.viewShow(show.id)).toMatchObject({ confirmedSeats: 0 })
    expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 1 })
    const next = await tickets.book(show.id, { seats: [5] })
    expect(next.booking.status).toBe('CONFIRMED')
  })

  test('succeeds if a repair comes after its verdict; the repair leaves it alone', async () => {
    const gate = await closeGate(2)
    const late = settled(tickets.book(show.id, { seats: [5], note: 'late' }))
    await gate.someoneWaits()
    const repair = tickets.repair()
    await untilOne(`locktype = 'transactionid' and not granted`)
    await gate.open()

    expect(await repair).toEqual([])
    expect(await late).toMatchObject({ value: { booking: { status: 'CONFIRMED', seats: [5] } } })
    expect(await tickets.verify()).toMatchObject({ violations: [], bookings: 1 })
  })
})

/** Closes a gate: an attempt that reaches it waits until the gate is opened. */
async function closeGate(number: number) {
  const keeper = new pg.Client(db.url)
  await keeper.connect()
  await keeper.query('select pg_advisory_lock($1)', [number])
  return {
    someoneWaits: () => untilOne(`locktype = 'advisory' and objid = ${number} and not granted`),
    open: () => keeper.end(),
  }
}

async function untilOne(lock: string): Promise<void> {
  const locks = `select from pg_locks join pg_stat_activity using (pid)
    where ${lock} and datname = current_database()`
  await until(async () => (await db.sql(locks)).length > 0)
}

/** Prevents an unhandled rejection if the promise fails before it is awaited. */
async function settled<T>(promise: Promise<T>) {
  const [result] = await Promise.allSettled([promise])
  return result
}
