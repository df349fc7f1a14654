import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { down, up } from '../../migrations/0013_seats_of_former_plans.js'
import type { Database } from '../../src/database/knex-pool.js'
import { migrate } from '../../src/database/schema/migrate.js'
import { type Booking, openTickets, type Tickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { contradictions } from '../support/replay.js'
import { insertShow } from '../support/shows.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let core: Database
let tickets: Tickets
/** Another process, which has cached the plan that a show had before. */
let other: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  core = openCore(db)
  tickets = openTickets({ database: db.url })
  other = openTickets({ database: db.url })
})
afterAll(async () => {
  await Promise.all([tickets.close(), other.close(), core.close()])
  await db.drop()
})

const GLOBE = 'section Stalls\nA  1-6 . 7-10\nB  1-10\nsection Circle\nA  1-6\n'
const startTime = new Date('2040-12-25T19:00:00Z')
const create = async (plan = GLOBE) =>
  (await tickets.createShow({ name: 'Lear', startTime, plan })).id
const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

/** Bookings in every state, each with its own seats, with the labels that were reported. */
async function sellAll(show: string): Promise<Booking[]> {
  const book = async (seats: string, rest = {}) =>
    (await tickets.book(show, { seats, ...rest })).booking
  const sold = await book('Stalls B3-B4', { customer: 'Ada', key: `${show} ada` })
  const held = await book('Stalls B6', { hold: 'forever', key: `${show} held` })
  const inside = await book('Circle A1-A2', { key: `${show} inside` })
  await tickets.checkIn(inside.id, { seats: 'Circle A2' })
  const cancelled = await book('Stalls B8', { customer: 'Bob', key: `${show} cancelled` })
  await tickets.cancelBooking(cancelled.id)
  const returned = await book('Stalls A9-A10, Stalls B9', { key: `${show} returned` })
  await tickets.cancelBooking(returned.id, { seats: 'Stalls B9' })
  const moved = await book('Stalls B10', { key: `${show} moved` })
  await tickets.moveBooking(moved.id, { to: 'Stalls A1' })
  const failed: Booking = await book('Stalls B3', { key: `${show} failed` }).catch(
    (error) => error.outcome.booking,
  )
  const expired = await book('Circle A6', { hold: 3_600_000, key: `${show} expired` })
  await db.sql(`update bookings set held_until = now() - interval '1 minute' where id = $1`, [
    expired.id,
  ])
  const all = [sold, held, inside, cancelled, returned, moved, failed, expired]
  return Promise.all(all.map(({ id }) => tickets.findBooking(id)))
}

/** The answers about bookings, in the order of the labels: numbers may change. */
const answersOf = (bookings: readonly Booking[]) =>
  bookings.map(({ id, status, seatLabels }) => ({ id, status, seatLabels: seatLabels.toSorted() }))

describe('a change to another plan', () => {
  it.each([
    ['a row in front of the house', GLOBE.replace('A  1-6 .', 'AA  1-4\nA  1-6 .')],
    ['seats in a row', GLOBE.replace('A  1-6 . 7-10', 'A  1-6 12 13 . 7-10')],
    ['a row that runs the other way, and other kinds', GLOBE.replace('B  1-10', 'B  10-7 r6-1')],
    ['sections in another order', 'section Circle\nA  1-6\nsection Stalls\nA 1-10\nB 1-10\n'],
    ['a smaller house', 'section Stalls\nB  3-4 6\nA  9-10 . 1\nsection Circle\nA  1-2\n'],
    ['a larger house', `section Box\nA  1-20\n${GLOBE}B  1-30\n`],
  ])('with %s keeps the labels of each booking, and what is sold', async (_, plan) => {
    const show = await create()
    await other.cancelBooking((await other.book(show, { seats: 'Stalls A1' })).booking.id)
    const before = await sellAll(show)
    const [sold, held, inside, cancelled, returned] = before as [Booking, ...Booking[]]
    const events = await eventsOf(before)
    const door = await listed(tickets.listBookings({ show, sort: 'customer' }))

    await tickets.editShow(show, { plan })
    const receipts = before.map(receipt)
    expect(await tickets.verify({ against: lines(receipts) })).toMatchObject({ violations: [] })
    expect(await contradictions(db)).toEqual([])
    const now = await Promise.all(before.map(({ id }) => tickets.findBooking(id)))
    expect(answersOf(now)).toEqual(answersOf(before))
    for (const { seats } of now) expect(seats).toEqual(seats.toSorted((a, b) => a - b))
    const list = await listed(tickets.listBookings({ show, sort: 'customer' }))
    expect(answersOf(list)).toEqual(answersOf(door))
    expect(await eventsOf(before)).toEqual(events)
    const search = await tickets.searchBookings('Stalls B3', { show, statuses: ANY })
    expect(answersOf(search.filter(({ status }) => status !== 'FAILED'))).toEqual(
      answersOf([now[0]!]),
    )
    expect(search.map(({ status }) => status).sort()).toEqual(['CONFIRMED', 'FAILED'])
    const { booking } = await other
      .book(show, { seats: 'Stalls B3-B4', key: `${show} new` })
      .catch((error) => error.outcome)
    expect(booking).toMatchObject({
      status: 'FAILED',
      seatLabels: expect.arrayContaining(['Stalls B3']),
    })

    // Live bookings are found by their labels, and can still be changed.
    await tickets.confirmBooking(held!.id, { seats: 'Stalls B6' })
    const door2 = await tickets.checkIn(inside!.id)
    expect([door2.admitted, door2.already].map((seats) => seats.length)).toEqual([1, 1])
    await tickets.checkIn(inside!.id, { seats: 'Circle A2', undo: true })
    await tickets.cancelBooking(returned!.id, { seats: 'Stalls A9' })
    expect(await tickets.cancelBooking(cancelled!.id)).toMatchObject({
      replayed: true,
      booking: { seatLabels: ['Stalls B8'] },
    })
    await tickets.cancelBooking(sold.id)
    expect(await other.book(show, { seats: 'Stalls B3-B4' })).toMatchObject({ replayed: false })
    expect(await tickets.verify({ against: lines(receipts) })).toMatchObject({ violations: [] })
    expect(await contradictions(db)).toEqual([])
  })

  it('lets seats that it does not have be given back by their labels', async () => {
    const show = await create()
    const { id } = (await tickets.book(show, { seats: 'Stalls A1-A3', hold: 60_000 })).booking
    await db.sql('update bookings set held_until = clock_timestamp() where id = $1', [id])
    await tickets.editShow(show, { plan: 'section Stalls\nB  1-10\nsection Circle\nA  1-6\n' })
    const fewer = await tickets.cancelBooking(id, { seats: 'Stalls A2' })
    expect(fewer).toMatchObject({ replayed: false, returnedLabels: ['Stalls A2'] })
    await expect(tickets.confirmBooking(id, { seats: 'Stalls A1' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    const again = await tickets.cancelBooking(id, { seats: 'Stalls A2' })
    expect(again).toMatchObject({ replayed: true })
    await tickets.cancelBooking(id, { seats: 'Stalls A1,Stalls A3' })
    expect((await tickets.findBooking(id)).status).toBe('CANCELLED')
    expect((await tickets.verify()).violations).toEqual([])
  })

  it('does not repeat a booking when its key is used again for the same seats', async () => {
    const plans = [GLOBE, `section Box\nA  1-2\n${GLOBE}`, GLOBE.replace('A  1-6', 'A  11 1-6')]
    const show = await create()
    const bySeats = { seats: 'Stalls B3-B4', key: `${show} a` }
    const byNumber = { seats: [1, 2], key: `${show} b` }
    const byCount = { count: 2, section: 'Circle', key: `${show} c` }
    const requests = [bySeats, byNumber, byCount]
    const first = await Promise.all(requests.map((request) => tickets.book(show, request)))
    const ids = first.map(({ booking }) => booking.id)
    await tickets.cancelBooking(ids[2]!)
    for (const plan of [...plans, ...plans]) {
      await tickets.editShow(show, { plan })
      // One client that reads the show anew, and two that may have cached an earlier plan.
      const fresh = openTickets({ database: db.url })
      for (const box of [fresh, tickets, other]) {
        const { seats } = await tickets.findBooking(ids[1]!)
        for (const [i, request] of [bySeats, { ...byNumber, seats }, byCount].entries()) {
          const again = await box.book(show, request)
          expect(again.replayed).toBe(true)
          expect(answersOf([again.booking])).toEqual(
            answersOf([await tickets.findBooking(ids[i]!)]),
          )
          const preview = await box.startDryRun().book(show, request)
          expect([preview.replayed, preview.seatLabels]).toEqual([true, again.booking.seatLabels])
        }
        for (const request of [
          { ...bySeats, seats: 'Stalls B3-B5' },
          { ...bySeats, customer: 'Ada' },
          { ...byNumber, seats: [5, 6] },
          // The same numbers, but other seats.
          ...(seats[0] === 1 ? [] : [byNumber]),
        ]) {
          const reused = expect.objectContaining({ code: 'KEY_REUSED' })
          await expect(box.book(show, request)).rejects.toEqual(reused)
          await expect(box.startDryRun().book(show, request)).rejects.toEqual(reused)
        }
      }
      await fresh.close()
    }
    expect(await tickets.verify()).toMatchObject({ violations: [] })
  })

  it('finds past bookings and events of a seat by its label, and prints the old labels', async () => {
    const show = await create()
    const past = (await tickets.book(show, { seats: 'Stalls B3', customer: 'Ada' })).booking
    await tickets.cancelBooking(past.id)
    await tickets.editShow(show, { plan: `section Box\nA  1-2\n${GLOBE}` })
    const next = (await tickets.book(show, { seats: 'Stalls B3', customer: 'Bob' })).booking
    await tickets.book(show, { seats: 'Stalls B1', customer: 'Cat' })
    expect([past.seats, next.seats]).toEqual([[13], [15]])
    const csv = await run('booking', 'list', show, '--seat', 'Stalls B3', '-o', 'csv')
    expect(csv.stdout.split('\n').map((line) => line.split(',').slice(1, 4).join())).toEqual([
      'status,customer,seats',
      'CANCELLED,Ada,Stalls B3',
      'CONFIRMED,Bob,Stalls B3',
      '',
    ])
    const events = await run('history', '--show', show, '--seat', 'b3', '-o', 'csv')
    expect(events.stdout.split('\n').map((line) => line.split(',').slice(1, 4).join())).toEqual([
      'action,reference,what',
      `confirmed,${past.reference},Stalls B3; customer: Ada`,
      `cancelled,${past.reference},Stalls B3`,
      `renumbered,${past.reference},Stalls B3`,
      `confirmed,${next.reference},Stalls B3; customer: Bob`,
      '',
    ])
    const found = await tickets.searchBookings('b3', { show })
    expect(found.map(({ id }) => id).sort()).toEqual([past.id, next.id].sort())
    const view = await run('booking', 'view', past.id)
    expect(view.stdout).toContain('Cancelled 1 seat: Stalls B3 for Ada')
    await tickets.editShow(show, {
      plan: 'section Stalls\nB  1 3\nsection Box\nA 1',
    })
    const json = (await run('booking', 'view', past.id, '--json')).json()
    expect(json).toMatchObject({ seats: [2], seat_labels: ['Stalls B3'] })
    expect(json.history[0].after).toMatchObject({ seats: [13], seat_labels: ['Stalls B3'] })
    expect(json.history.at(-1)).toMatchObject({
      action: 'renumbered',
      before: { seats: [15], seat_labels: ['Stalls B3'] },
      after: { seats: [2], seat_labels: ['Stalls B3'] },
    })
  })

  it('keeps the seats of an expired hold, unless one is gone: then it cannot be confirmed', async () => {
    const show = await create()
    const hold = async (seats: string) => {
      const { booking } = await tickets.book(show, { seats, hold: 3_600_000 })
      await db.sql('update bookings set held_until = now() where id = $1', [booking.id])
      return booking.id
    }
    const [kept, gone] = [await hold('Stalls B1-B2'), await hold('Circle A5-A6')]
    await tickets.editShow(show, {
      plan: GLOBE.replace('A  1-6\n', 'A  6\n').replace('B', 'AA 1\nB'),
    })
    await expect(tickets.confirmBooking(gone)).rejects.toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringContaining('Circle A5.'),
    })
    await expect(tickets.moveBooking(gone, { to: 'Stalls A1-A2' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    const { booking } = await tickets.confirmBooking(kept)
    expect(booking).toMatchObject({ seats: [12, 13], seatLabels: ['Stalls B1', 'Stalls B2'] })
    const { booking: returned } = await tickets.cancelBooking(gone)
    expect(returned.seatLabels.toSorted()).toEqual(['Circle A5', 'Circle A6'])
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
  })

  it('leaves no seat unsellable for a hold of a gone seat, even if the clock goes back to before its end', async () => {
    const show = await create()
    const { booking } = await tickets.book(show, { seats: 'Circle A5-A6', hold: 3_600_000 })
    const ends = (when: string) =>
      db.sql(`update bookings set held_until = now() + interval '${when}' where id = $1`, [
        booking.id,
      ])
    await ends('-1 minute')
    await tickets.editShow(show, { plan: GLOBE.replace('A  1-6\n', 'A  6\n') })
    await ends('1 minute')
    expect((await tickets.book(show, { seats: 'Circle A6' })).booking.status).toBe('CONFIRMED')
    expect(await tickets.viewShow(show)).toMatchObject({ totalSeats: 21 })
    expect(await tickets.reportOnShow(show)).toMatchObject({ capacity: { held: 0 } })
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
    await tickets.editShow(show, { plan: GLOBE })
    await tickets.cancelBooking(booking.id)
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
  })

  it('finds the seats that a booking gave back by their new numbers', async () => {
    const show = await create()
    const { booking } = await tickets.book(show, { seats: 'Stalls B1-B3' })
    await tickets.cancelBooking(booking.id, { seats: 'Stalls B3' })
    await tickets.editShow(show, { plan: `section Box\nA  1-2\n${GLOBE}` })
    const again = await tickets.cancelBooking(booking.id, { seats: 'Stalls B3' })
    expect(again).toMatchObject({ replayed: true, booking: { seats: [13, 14] } })
    await tickets.editShow(show, { plan: 'section Stalls\nB  1-2\nsection Circle\nA  1\n' })
    await tickets.editShow(show, { plan: 'section Stalls\nB  4-1\nsection Circle\nA  1\n' })
    expect(await tickets.cancelBooking(booking.id, { seats: 'Stalls B3' })).toMatchObject({
      replayed: true,
      booking: { seats: [3, 4] },
    })
    const never = tickets.cancelBooking(booking.id, { seats: 'Stalls B4' })
    await expect(never).rejects.toMatchObject({ code: 'WRONG_STATE' })
  })

  it('gives a refusal the new numbers of its seats and of the seats that it offered instead', async () => {
    const show = await create()
    await tickets.book(show, { seats: 'Stalls B3' })
    const request = { seats: 'Stalls B3', key: `${show} refused` }
    const refusal = () => tickets.book(show, request).catch((error) => error)
    expect(await refusal()).toMatchObject({
      seats: [13],
      alternatives: [14],
      alternativeSpec: 'Stalls B4',
    })
    await tickets.editShow(show, { plan: `section Box\nA  1-2\n${GLOBE}` })
    expect(await refusal()).toMatchObject({ seats: [15], alternatives: [16] })
    await tickets.editShow(show, { plan: 'section Stalls\nB  1-3\nsection Circle\nA  1' })
    expect(await refusal()).toMatchObject({ seats: [3], alternatives: [] })
  })

  it('leaves the seats of an undecided request to its process, and records no event', async () => {
    const show = await create()
    await db.sql(
      `insert into bookings (id, reference, show_id, status, seats, pending_until)
       values (gen_random_uuid(), '22222222', $1, 'PENDING', '{13}', now() + interval '1 day')`,
      [show],
    )
    await tickets.editShow(show, { plan: `section Box\nA  1-2\n${GLOBE}` })
    const bookings = await db.sql('select status, seats from bookings where show_id = $1', [show])
    expect(bookings).toEqual([{ status: 'PENDING', seats: [13] }])
    const events = await listed(tickets.listHistory({ show }))
    expect(events.map(({ action }) => action)).toEqual(['created', 'edited'])
  })

  it('refuses a confirmed cancellation whose seat numbers meant other seats when it was shown', async () => {
    const show = await create()
    const { booking } = await tickets.book(show, { seats: 'Stalls B1-B10' })
    const question = await tickets.cancelBooking(booking.id, { seats: '13', dryRun: true })
    await tickets.editShow(show, { plan: GLOBE.replace('B  1-10', 'B  10-1') })
    const ifUnchangedSince = question.booking.updatedAt
    const answer = tickets.cancelBooking(booking.id, { seats: '13', ifUnchangedSince })
    await expect(answer).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect((await tickets.findBooking(booking.id)).seats).toHaveLength(10)
  })

  it('to a plan that has a former seat again gives past bookings the seat back', async () => {
    const show = await create()
    const past = (await tickets.book(show, { seats: 'Stalls B3, Circle A6' })).booking
    await tickets.cancelBooking(past.id)
    const other = (await tickets.book(show, { seats: 'Stalls B4' })).booking
    await tickets.cancelBooking(other.id)
    await tickets.editShow(show, { plan: 'section Stalls\nA  1\nsection Circle\nA  1\n' })
    expect(await tickets.findBooking(past.id)).toMatchObject({ section: null })
    const { seats } = await tickets.findBooking(other.id)
    await tickets.editShow(show, { plan: 'section Stalls\nB  3\nsection Circle\nA  6-1\n' })
    expect(await tickets.findBooking(past.id)).toMatchObject({ seats: [1, 2] })
    expect(seats).toEqual([FORMER])
    expect(await tickets.findBooking(other.id)).toMatchObject({
      ...{ seats, seatLabels: ['Stalls B4'] },
    })
    await tickets.book(show, { seats: 'Stalls B3' })
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
    expect(await contradictions(db)).toEqual([])
  })

  it('from a house with rows, or without, keeps the labels of past bookings', async () => {
    const rows = await insertShow(db, { seats: 20, seatsPerRow: 10 })
    const sold = (await tickets.book(rows, { seats: 'B3' })).booking
    const large = (await tickets.book(rows, { seats: 'B9' })).booking
    await tickets.cancelBooking(large.id)
    await tickets.editShow(rows, { totalSeats: 15 })
    await tickets.editShow(rows, { plan: 'AA 1-3\nB 1-5\n' })
    expect(await tickets.findBooking(sold.id)).toMatchObject({ seats: [6], seatLabels: ['B3'] })
    expect(await tickets.findBooking(large.id)).toMatchObject({
      seats: [FORMER],
      seatLabels: ['B9'],
    })
    const numbers = await insertShow(db, { seats: 20 })
    const past = (await tickets.book(numbers, { seats: '7' })).booking
    await expect(tickets.editShow(numbers, { plan: GLOBE })).rejects.toMatchObject({ seats: [7] })
    await tickets.cancelBooking(past.id)
    await tickets.editShow(numbers, { plan: GLOBE })
    expect(await tickets.findBooking(past.id)).toMatchObject({ seatLabels: ['7'] })
    expect(await tickets.verify()).toMatchObject({ violations: [] })
  })

  it('is refused with the labels of all sold, held and checked-in seats that the plan lacks', async () => {
    const show = await create()
    await sellAll(show)
    const state = () => db.sql('select * from shows where id = $1', [show])
    const before = await state()
    const renamed = tickets.editShow(show, { plan: GLOBE.replace('Stalls', 'Stall') })
    await expect(renamed).rejects.toMatchObject({
      code: 'SEATS_TAKEN',
      message:
        'The plan has no seats Stalls A1, Stalls A9-A10, Stalls B3-B4, Stalls B6, which are sold or held. Nothing was changed. Keep these labels in the plan, in any place.',
      seats: [1, 9, 10, 13, 14, 16],
    })
    const dropped = tickets.editShow(show, { plan: GLOBE.replace('B  1-10', 'B  1-5 7-10') })
    const message = 'no seat Stalls B6, which is sold or held'
    await expect(dropped).rejects.toMatchObject({ message: expect.stringContaining(message) })
    expect(await state()).toEqual(before)
  })

  it('is refused with all seats as data, if the message cannot name them all', async () => {
    const show = await create('A 1-250')
    const { booking } = await tickets.book(show, { count: 250 })
    const refused = tickets.editShow(show, { plan: 'B 1-250' })
    await expect(refused).rejects.toMatchObject({
      message: withFacts('A1-A100', '150'),
      seats: booking.seats,
    })
  })

  it('to a plan that keeps every number rewrites no booking', async () => {
    const show = await create()
    await sellAll(show)
    const state = () =>
      db.sql('select xmin, * from bookings where show_id = $1 order by id', [show])
    const before = await state()
    await tickets.editShow(show, { plan: `${GLOBE.replace('A  1-6 .', 'a  r1-6 ..')}B  1-5\n` })
    expect(await state()).toEqual(before)
  })

  it('of a show that was sold before the upgrade works as well', async () => {
    const old = await cloneDatabase()
    const [schema, box] = [openCore(old), openTickets({ database: old.url })]
    const { id } = await box.createShow({ name: 'Lear', startTime, plan: GLOBE })
    const request = { seats: 'Stalls B3', key: 'sold before' }
    const [sold, past] = [await box.book(id, request), await box.book(id, { seats: 'Circle A6' })]
    await box.checkIn(sold.booking.id)
    await box.cancelBooking(past.booking.id)
    await schema.knex.transaction((trx) => down(trx))
    await old.sql(`delete from knex_migrations where name like '0013%'`)
    await migrate(schema)
    await box.editShow(id, { plan: 'section Stalls\nB  1-5\nsection Box\nA 1' })
    const again = await box.book(id, request)
    expect(again).toMatchObject({ replayed: true, booking: { seatLabels: ['Stalls B3'] } })
    expect(again.booking).toMatchObject({ id: sold.booking.id, seats: [3] })
    expect((await box.findBooking(past.booking.id)).seatLabels).toEqual(['Circle A6'])
    expect(await box.verify()).toMatchObject({ violations: [] })
    expect(await contradictions(old)).toEqual([])
    await Promise.all([box.close(), schema.close()])
    await old.drop()
  })

  it('leaves past bookings as they are when the schema is rolled back and migrated again', async () => {
    const show = await create()
    const { booking } = await tickets.book(show, { seats: 'Stalls B3' })
    await tickets.cancelBooking(booking.id)
    await tickets.editShow(show, { plan: 'section Stalls\nA  1\nsection Circle\nA  1\n' })
    await core.knex.transaction(async (trx) => {
      await down(trx)
      await up(trx)
      await trx.raw(`update bookings set note = 'seen'`)
    })
    expect(await tickets.findBooking(booking.id)).toMatchObject({ seats: [], seatLabels: [] })
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
  })
})

/** The number of the first seat that only an earlier plan had. */
const FORMER = 100_001

const ANY = ['HELD', 'CONFIRMED', 'CANCELLED', 'FAILED'] as const

const receipt = ({ id, reference, showId, status, seats, seatLabels }: Booking) =>
  JSON.stringify({ id, reference, show_id: showId, status, seats, seat_labels: seatLabels })

async function* lines(texts: string[]) {
  yield Buffer.from(`${texts.join('\n')}\n`)
}

/**
 * The events of the history, without changes of numbers, which do not change labels. A check-in
 * whose number changes is recorded as undone and made again.
 */
async function eventsOf(bookings: readonly Booking[]) {
  const all: { id: string; action: string; before: unknown; after: unknown }[] = []
  for (const { id } of bookings) {
    for (const { action, ...event } of await listed(tickets.listHistory({ booking: id }))) {
      const [before, after] = [event.before, event.after].map((facts) =>
        (facts?.seat_labels as string[] | undefined)?.toSorted(),
      )
      if (action === 'renumbered') expect(before).toEqual(after)
      else if (action === 'check-in undone') expect(all.pop()).toMatchObject({ id, after: before })
      else all.push({ id, action, before, after })
    }
  }
  return all
}

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
