import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CONSTRAINTS, NOT_VALIDATED, TRIGGERS } from '../../src/database/schema/guards.js'
import { migrationSource } from '../../src/database/schema/migrate.js'
import { openTickets, type Show, type Tickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { migrateBefore } from '../support/migrate-before.js'
import { insertShow } from '../support/shows.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let tickets: Tickets
let show: Show
/** Seats 1-3 are Ada's, 4 is Ben's. */
let ada: string
let ben: string

const open = ({ url }: TestDatabase) =>
  openTickets({ database: url, env: {}, cwd: '/nowhere', connections: 2 })

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = open(db)
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

beforeEach(async () => {
  const startTime = new Date('2030-01-01T19:00:00Z')
  show = await tickets.createShow({ name: 'Cats', startTime, totalSeats: 10 })
  const book = async (seats: number[], customer: string) =>
    (await tickets.book(show.id, { seats, customer })).booking.reference
  ada = await book([1, 2, 3], 'Ada')
  ben = await book([4], 'Ben')
})

/** As the owner of the tables can: no event of the history records it. */
async function withoutTriggers(...statements: string[]): Promise<void> {
  const tables = ['bookings', 'shows', 'history']
  const all = (action: string) =>
    tables.map((table) => `alter table ${table} ${action} trigger user;`).join('\n')
  await db.sql(`${all('disable')} ${statements.join(';')}; ${all('enable')}`)
}

const stored = (reference: string) => `'${reference.replace('-', '')}'`
const ofBooking = (reference: string) =>
  `booking_id = (select id from bookings where reference = ${stored(reference)})`

async function findings() {
  const { violations } = await tickets.verify({ show: show.id })
  return violations.map(({ code, bookings }) => [code, ...(bookings ?? [])])
}

describe('a change that the history does not record is found', () => {
  const change = (columns: string) =>
    withoutTriggers(`update bookings set ${columns} where reference = ${stored(ben)}`)
  const changeShow = (columns: string) =>
    withoutTriggers(`update shows set ${columns} where id = '${show.id}'`)

  test('a booking that was cancelled together with the seats in the house', async () => {
    await withoutTriggers(
      `update bookings set status = 'CANCELLED' where reference = ${stored(ada)}`,
      `update shows set booked_seats = '\\x0800', confirmed_seats_count = 1 where id = '${show.id}'`,
    )
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED', ada]])
    const { violations } = await tickets.verify({ show: show.id })
    expect(violations[0]!.message).toEqual(withFacts('"Cats"', show.id.slice(0, 8), ada))
  })

  test('another customer', async () => {
    await change(`customer = 'Mallory'`)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED', ben]])
  })

  test('seats that two bookings exchanged', async () => {
    await withoutTriggers(
      `update bookings set seats = '{1,2,4}' where reference = ${stored(ada)}`,
      `update bookings set seats = '{3}' where reference = ${stored(ben)}`,
    )
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED', ada, ben]])
  })

  test('a deleted event, the latest or all', async () => {
    await tickets.cancelBooking(ben)
    await withoutTriggers(`delete from history where ${ofBooking(ben)} and action = 'cancelled'`)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED', ben]])
    await withoutTriggers(`delete from history where ${ofBooking(ada)}`)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED', ada, ben]])
    const { message } = (await tickets.verify({ show: show.id })).violations[0]!
    expect(message).toEqual(withFacts('"Cats"', ada, ben))
  })

  test.each([
    ['name', `name = 'Rats'`],
    ['size', 'total_seats = 9'],
    ['rows', 'seats_per_row = 5'],
    ['time zone', `time_zone = 'Asia/Tokyo'`],
    ['cancellation', 'cancelled_at = now()'],
  ])('another %s of the show', async (_, columns) => {
    await changeShow(columns)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED']])
  })

  test('another plan of the same size', async () => {
    const [one, other] = ['A 1-10', 'B 1-10']
    const startTime = new Date('2030-01-01T19:00:00Z')
    const create = (plan: string) => tickets.createShow({ name: 'Planned', startTime, plan })
    show = await create(one!)
    await create(other!)
    expect(await findings()).toEqual([])
    await changeShow(`plan_id = (select id from plans where id <> plan_id limit 1)`)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED']])
  })

  test('a show whose events are deleted', async () => {
    await withoutTriggers(`delete from history where show_id = '${show.id}' and booking_id is null`)
    expect(await findings()).toEqual([['HISTORY_CONTRADICTED']])
  })

  test('a former seat without its label', async () => {
    await tickets.cancelBooking(ben)
    await db.sql(
      `update bookings set seats = '{100001}', former_seats = '{Old 4}' where reference = ${stored(ben)}`,
    )
    expect(await findings()).toEqual([])
    await db.sql(`update bookings set seats = '{100002}' where reference = ${stored(ben)}`)
    expect(await findings()).toEqual([['INCOHERENT_BOOKING', ben]])
  })
})

describe('no violation is reported', () => {
  let own: TestDatabase
  afterEach(() => own.drop())

  async function verified(): Promise<unknown> {
    const { exitCode, json } = await run('verify', '--json')
    return exitCode === 0 || json()
  }
  const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: own.url })

  test('for shows and bookings that are older than the history', async () => {
    own = await cloneDatabase({ empty: true })
    const core = openCore(own)
    await core.knex.transaction((trx) => migrateBefore(trx, '0002'))
    const old = await insertShow(own, { name: 'Old' })
    await own.sql(
      `insert into bookings (id, reference, show_id, status, seats)
       values (gen_random_uuid(), 'AAAA2222', $1, 'HELD', '{1}')`,
      [old],
    )
    await core.close()
    expect(await run('migrate')).toMatchObject({ exitCode: 0 })
    expect(await verified()).toBe(true)
    expect(await run('book', 'Old', '--seats', '2')).toMatchObject({ exitCode: 0 })
    expect(await run('booking', 'confirm', 'AAAA2222')).toMatchObject({ exitCode: 0 })
    expect(await verified()).toBe(true)
  })

  test('after every change of bookings, and a rollback of the schema', async () => {
    own = await cloneDatabase()
    const box = open(own)
    const startTime = new Date('2030-01-01T19:00:00Z')
    const { id } = await box.createShow({ name: 'Cats', startTime, plan: 'A 1-9\nB 1-9' })
    const other = await box.createShow({ name: 'Rats', startTime, totalSeats: 18 })
    const book = async (seats: string[], request = {}) =>
      (await box.book(id, { seats: seats.join(), ...request })).booking.reference
    const [held, cancelled, split, moved] = [
      await book(['A1', 'A2'], { hold: 60_000, customer: 'Zoë "😀"' }),
      await book(['A3', 'A4']),
      await book(['A5', 'A6', 'A7'], { hold: 'forever' }),
      await book(['B1', 'B2'], { note: 'aisle' }),
    ]
    await box.confirmBooking(held!)
    await box.confirmBooking(split!, { seats: 'A5' })
    await box.cancelBooking(cancelled!, { reason: 'ill' })
    await box.cancelBooking(moved!, { seats: 'B2' })
    await box.moveBooking(moved!, { to: 'B5' })
    await box.checkIn(moved!)
    await expect(box.book(id, { seats: 'A1' })).rejects.toMatchObject({ code: 'SEATS_TAKEN' })
    await box.editShow(id, { plan: 'Z 1\nA 1-2 5-9\nB 1-9' })
    await box.moveBooking(split!, { to: '5,6', toShow: other.id })
    await box.editShow(id, { name: 'Cats II', startTime: new Date('2031-07-01T19:00:00Z') })
    const { confirmedBookings, heldBookings } = await box.previewCancellation(other.id)
    await box.cancelShow(other.id, confirmedBookings + heldBookings)
    await box.close()
    expect(await verified()).toBe(true)

    const core = openCore(own)
    await core.knex.transaction(async (trx) => {
      for (let n = 0; n < 2; n++) await trx.migrate.down({ migrationSource })
      await trx.migrate.latest({ migrationSource })
    })
    await core.close()
    expect(await verified()).toBe(true)
  })
})

describe('a missing or disabled part of the schema is found', () => {
  let own: TestDatabase
  let box: Tickets
  beforeAll(async () => {
    own = await cloneDatabase()
    box = open(own)
  })
  afterAll(async () => {
    await box.close()
    await own.drop()
  })

  test.each([
    ['a disabled trigger', 'bookings', 'disable trigger record_changed_bookings', 'disabled'],
    [
      'a trigger for replication only',
      'bookings',
      'enable replica trigger record_new_booking',
      'disabled',
    ],
    ['a missing constraint', 'shows', 'drop constraint shows_count_matches_bits', 'missing'],
    [
      'a constraint that is not validated',
      'bookings',
      `drop constraint bookings_status_known, add constraint bookings_status_known
       check (status <> 'LOST') not valid`,
      'validated',
    ],
  ])('%s', async (_, table, change, fault) => {
    await own.sql(`alter table ${table} ${change}`)
    const { ok, violations } = await box.verify()
    expect(ok).toBe(false)
    const name = / (\w+_\w+)/.exec(change)![1]!
    expect(violations.find(({ message }) => message.includes(name))).toEqual({
      code: 'SCHEMA_DAMAGED',
      showId: null,
      message: withFacts(table, fault),
    })
  })

  test('a missing trigger', async () => {
    await own.sql('drop trigger history_is_append_only on history')
    const { violations } = await box.verify()
    expect(violations.at(-1)!.message).toEqual(withFacts('history_is_append_only', 'missing'))
  })

  test('all triggers and constraints of the schema are in the list', async () => {
    const listed = (guards: Record<string, readonly string[]>) =>
      Object.entries(guards).flatMap(([table, names]) => names.map((name) => `${table} ${name}`))
    const names = async (statement: string) =>
      (await db.sql<{ name: string }>(statement)).map(({ name }) => name).sort()
    expect(
      await names(
        `select tgrelid::regclass || ' ' || tgname as name from pg_trigger where not tgisinternal`,
      ),
    ).toEqual(listed(TRIGGERS).sort())
    const constraints = `pg_constraint join pg_class on pg_class.oid = conrelid
      where contype in ('c', 'f', 'p', 'u') and connamespace = 'public'::regnamespace
        and not relname ^@ 'knex_'`
    expect(await names(`select relname || ' ' || conname as name from ${constraints}`)).toEqual(
      listed(CONSTRAINTS).sort(),
    )
    expect(await names(`select conname as name from ${constraints} and not convalidated`)).toEqual(
      NOT_VALIDATED,
    )
  })
})
