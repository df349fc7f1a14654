import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { down, up } from '../../migrations/0012_house_plans.js'
import * as formerSeats from '../../migrations/0013_seats_of_former_plans.js'
import type { Database } from '../../src/database/knex-pool.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { parsePlan } from '../../src/shows/plans.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let core: Database
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  core = openCore(db)
  tickets = openTickets({ database: db.url })
})
afterEach(() => db.sql('truncate shows, bookings, plans cascade'))
afterAll(async () => {
  await Promise.all([tickets.close(), core.close()])
  await db.drop()
})

const GLOBE = `name: Globe
section Stalls
A  1-6 . 7-10
B  w1 c2 3-6 . 7-10
section Circle
A  x1-2 3-6 r7-8
`
const startTime = new Date('2040-12-25T19:00:00Z')
const create = (plan = GLOBE, name = 'Lear') => tickets.createShow({ name, startTime, plan })
const labels = async (show: string, seats: string) =>
  (await tickets.book(show, { seats })).booking.seatLabels

describe('a show with a plan', () => {
  it('has the seats, the rows and the sections of its plan, in every call and command', async () => {
    const show = await create()
    expect(show).toMatchObject({ totalSeats: 26, seatsPerRow: null, plan: { name: 'Globe' } })
    const { booking } = await tickets.book(show.id, { seats: 'Stalls A5-A8' })
    const names = ['Stalls A5', 'Stalls A6', 'Stalls A7', 'Stalls A8']
    expect(booking).toMatchObject({ seats: [5, 6, 7, 8], seatLabels: names, section: 'Stalls' })
    const both = await tickets.book(show.id, { seats: 'Stalls B10, Circle A3' })
    expect(both.booking).toMatchObject({ seats: [20, 21], section: null })
    const facts = { seatLabels: names, section: 'Stalls' }
    expect(await tickets.findBooking(booking.id)).toMatchObject(facts)
    expect(await listed(tickets.listBookings({ seat: 5 }))).toMatchObject([facts])
    const report = await tickets.reportOnShow(show.id)
    expect(report.sections).toMatchObject([
      { section: 'Stalls', total: 20, sold: 5 },
      { section: 'Circle', total: 6, sold: 1 },
    ])
    expect(report.rows).toMatchObject([
      { row: 'A', section: 'Stalls', total: 10, sold: 4 },
      { row: 'B', section: 'Stalls', total: 10, sold: 1 },
      { row: 'A', section: 'Circle', total: 6, sold: 1 },
    ])
    expect(await tickets.verify()).toMatchObject({ ok: true, violations: [] })
  })

  it('shares its plan with its copies and with other shows of that house', async () => {
    const show = await create()
    // The same plan, written in another way.
    const other = await create(GLOBE.replaceAll('  ', ' ').replace('1-6 .', '1-3 4-6 .'))
    const copy = await tickets.copyShow(show.id, { startTime, name: 'Matinee' })
    expect(new Set([show.planId, other.planId, copy.planId]).size).toBe(1)
    expect(await db.sql('select id from plans')).toEqual([{ id: show.planId }])
    expect(await labels(copy.id, 'circle a3')).toEqual(['Circle A3'])
  })

  it('has its own plan in a list of more plans than a process caches', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `House ${i}`)
    for (const name of names) await create(`name: ${name}\nA 1-3\n`, name)
    const shows = await listed(tickets.listShows())
    expect(shows.map(({ plan }) => plan?.name).sort()).toEqual(names.sort())
  })

  it('cannot be created with a plan, or changed to it, if the plan is stored with another size', async () => {
    const { row } = await parsePlan(GLOBE)
    const insert = 'insert into plans (id, document, total_seats) values ($1, $2, $3)'
    await db.sql(insert, [row.id, row.document, row.total_seats - 1])
    const refused = { code: 'WRONG_STATE', message: withFacts(row.id, 'has 26 seats', '25') }
    await expect(create()).rejects.toMatchObject(refused)
    const { id } = await tickets.createShow({ name: 'Lear', startTime, totalSeats: 26 })
    await expect(tickets.editShow(id, { plan: GLOBE })).rejects.toMatchObject(refused)
    expect(await db.sql('select plan_id from shows')).toEqual([{ plan_id: null }])
    await db.sql('delete from plans where id = $1', [row.id])
    expect(await create()).toMatchObject({ plan: { id: row.id } })
  })

  it('records the id of its plan in its history', async () => {
    const { id, planId } = await create()
    const edited = await tickets.editShow(id, { plan: `${GLOBE}B 1-8\n` })
    const events = await listed(tickets.listHistory({ show: id }))
    expect(events).toMatchObject([
      { action: 'created', after: { plan_id: planId, total_seats: 26 } },
      {
        action: 'edited',
        before: { plan_id: planId },
        after: { plan_id: edited.planId, total_seats: 34 },
      },
    ])
  })

  it.each([
    ['an error in the plan', { plan: 'name: X\nA 1-' }, /line 2, column/],
    ['a plan and a size', { plan: GLOBE, totalSeats: 26 }, /A plan already/],
    ['a plan and a length of rows', { plan: GLOBE, seatsPerRow: 5 }, /A plan already/],
    ['neither', {}, /1 to 100,000 seats/],
  ])('is not created with %s', async (_, house, message) => {
    await expect(tickets.createShow({ name: 'Lear', startTime, ...house })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    })
    expect(await db.sql('select from plans')).toEqual([])
  })
})

describe('another plan', () => {
  it('may change everything behind and between the seats that are sold', async () => {
    const { id } = await create()
    await labels(id, 'Stalls A1-A2')
    await tickets.editShow(id, { plan: 'section Stalls\nA 1-2 . r3-9\nsection Box\nA 1' })
    expect(await labels(id, 'Stalls A3, Box A1')).toEqual(['Stalls A3', 'Box A1'])
    expect(await tickets.verify()).toMatchObject({ ok: true })
  })

  it('may write the names of its sections and rows in another case, or another form of Unicode', async () => {
    const { id } = await create(
      'section Cafe\u0301\nA 1-2\nsection Queen’s Box\nb 1-2\nsection Straße\nA 1',
    )
    await labels(id, '1-5')
    const plan = "section café\na 1-2\nsection Queen's Box\nB 1-2\nsection STRASSE\nA 1-2"
    expect(await tickets.editShow(id, { plan })).toMatchObject({ totalSeats: 6 })
    expect(await labels(id, 'Straße a2')).toEqual(['STRASSE A2'])
  })

  it('may be the first plan of a house with rows, if the seats keep their labels', async () => {
    const id = await insertShow(db, { seats: 20, seatsPerRow: 10 })
    await labels(id, 'B3')
    await tickets.editShow(id, { plan: 'A 1-10\nB 1-5' })
    expect(await tickets.findShow(id)).toMatchObject({ totalSeats: 15, seatsPerRow: null })
    expect(await labels(id, 'B5')).toEqual(['B5'])
  })

  it('is the only way to change the size of a house with a plan', async () => {
    const { id } = await create()
    await expect(tickets.editShow(id, { totalSeats: 30 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await tickets.editShow(id, { name: 'King Lear' })
    expect(await tickets.findShow(id)).toMatchObject({ name: 'King Lear', totalSeats: 26 })
  })
})

describe('the migration', () => {
  it('can be rolled back and run again with sold seats, which stay sold', async () => {
    const planned = await create()
    const rows = await insertShow(db, { seats: 20, seatsPerRow: 10 })
    await labels(planned.id, 'Circle A3-A5')
    await labels(rows, 'B3')
    await core.knex.transaction(async (trx) => {
      await formerSeats.down(trx)
      await down(trx)
    })
    expect(await db.sql(`select confirmed_seats_count as sold from shows order by 1`)).toEqual([
      { sold: 1 },
      { sold: 3 },
    ])
    await core.knex.transaction(async (trx) => {
      await up(trx)
      await formerSeats.up(trx)
    })
    // Without its plan, the house has numbered seats only.
    expect(await labels(planned.id, '1')).toEqual(['1'])
    await expect(labels(planned.id, '21')).rejects.toMatchObject({ code: 'SEATS_TAKEN' })
    expect(await labels(rows, 'B4')).toEqual(['B4'])
    expect(await tickets.verify()).toMatchObject({ ok: true, shows: 2 })
  })
})

describe('a plan that is damaged', () => {
  it.each([
    ['cannot be read', `document = 'A 1-'`, /cannot be read: line 1/],
    ['is for another number of seats', `total_seats = 25`, /has 26 seats, not 25/],
    ['is another text', `document = replace(document, 'Globe', 'Rose')`, /its id/],
    ['is missing', undefined, /is missing/],
  ])('because it %s is a violation', async (_, change, message) => {
    const { id } = await create()
    await labels(id, 'Stalls A1')
    await db.sql(`
      alter table shows drop constraint shows_plan_exists,
        add constraint shows_plan_exists check (true);
      alter table plans drop constraint plans_id_is_hash,
        add constraint plans_id_is_hash check (true);
      ${change === undefined ? 'delete from plans' : `update plans set ${change}`}`)
    const { violations } = await tickets.verify()
    expect(violations).toMatchObject([
      { code: 'PLAN_DAMAGED', showId: id, message: expect.stringMatching(message) },
    ])
    await db.sql(`
      truncate shows, plans cascade;
      alter table shows drop constraint shows_plan_exists, add constraint shows_plan_exists
        foreign key (plan_id, total_seats) references plans (id, total_seats);
      alter table plans drop constraint plans_id_is_hash, add constraint plans_id_is_hash
        check (id = encode(sha256(convert_to(document, 'UTF8')), 'hex'))`)
  })

  it('is a violation even if no show has it any more', async () => {
    const { id, planId } = await create()
    await tickets.editShow(id, { plan: GLOBE.replace('Globe', 'Rose') })
    await db.sql('update plans set total_seats = 25 where id = $1', [planId])
    const { violations } = await tickets.verify()
    expect(violations).toMatchObject([
      { code: 'PLAN_DAMAGED', showId: null, message: withFacts(planId!, '26', '25') },
    ])
    expect(await tickets.verify({ show: id })).toMatchObject({ ok: true })
  })
})

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
