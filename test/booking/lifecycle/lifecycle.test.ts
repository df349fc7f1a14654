import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Booking, openTickets, type Show, type Tickets } from '../../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import {
  isCommitted,
  isControl,
  isStatement,
  type Message,
  openProxy,
} from '../../support/proxy.js'
import { contradictions } from '../../support/replay.js'
import { isWaitingForLock, lockShow } from '../../support/shows.js'
import { until } from '../../support/until.js'

let db: TestDatabase
let tickets: Tickets
let show: Show

const startTime = new Date('2030-01-01T19:00:00Z')
const newShow = (totalSeats: number, name = 'Cats') =>
  tickets.createShow({ name, startTime, totalSeats, seatsPerRow: Math.min(10, totalSeats) })
const book = async (seats: string, request = {}): Promise<Booking> =>
  (await tickets.book(show.id, { seats, ...request })).booking

beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere', connections: 8 })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})
beforeEach(async () => {
  show = await newShow(20)
})
afterEach(async () => {
  expect((await tickets.verify()).violations).toEqual([])
  expect(await contradictions(db)).toEqual([])
})

const house = async (id = show.id) => {
  const { booked, held } = await tickets.viewShow(id)
  return { sold: [...booked], held: [...held] }
}
const refused = (code: string, details = {}) => expect.objectContaining({ code, ...details })
/** The results of all of them: statuses of bookings, or codes of errors. */
const settled = async (work: Promise<{ booking: Booking }>[]) =>
  (await Promise.allSettled(work))
    .map((one) => (one.status === 'fulfilled' ? one.value.booking.status : one.reason.code))
    .sort()
/** Lets a hold expire by the clock of the database. */
const expire = (id: string) =>
  db.sql(`update bookings set held_until = clock_timestamp() where id = $1`, [id])
const eventsOf = (id: string) =>
  db.sql<{ action: string }>(
    'select action from history where booking_id = $1 order by history.id',
    [id],
  )

describe('a hold', () => {
  test('that has expired is sold to the next request at once, without being cleaned up first', async () => {
    const hold = await book('1-3', { hold: 60_000 })
    await expect(book('2')).rejects.toEqual(refused('SEATS_TAKEN', { seats: [2] }))
    await expire(hold.id)
    expect(await book('2')).toMatchObject({ status: 'CONFIRMED', seats: [2] })
    expect(await house()).toEqual({ sold: [2], held: [] })
  })

  test('that has expired is still confirmed if its seats are free, and the answer says so', async () => {
    const hold = await book('1-3', { hold: 60_000 })
    await expire(hold.id)
    expect(await tickets.confirmBooking(hold.reference)).toMatchObject({
      booking: { id: hold.id, status: 'CONFIRMED', seats: [1, 2, 3], heldUntil: null },
      hadExpired: true,
      replayed: false,
    })
  })

  test('with lost seats is refused, naming the seats, and its other seats can be confirmed', async () => {
    const hold = await book('1-3', { hold: 60_000 })
    await expire(hold.id)
    await book('2')
    await expect(tickets.confirmBooking(hold.reference)).rejects.toEqual(
      refused('SEATS_TAKEN', { seats: [2], message: expect.stringContaining('hold had expired') }),
    )
    expect(await house()).toEqual({ sold: [2], held: [] })
    const part = await tickets.confirmBooking(hold.reference, { seats: 'A1,A3' })
    expect(part.booking).toMatchObject({ status: 'CONFIRMED', seats: [1, 3] })
    expect(await house()).toEqual({ sold: [1, 2, 3], held: [] })
  })

  test('with seats that another hold has since it expired is refused, and they stay held', async () => {
    const hold = await book('1-3', { hold: 60_000 })
    await expire(hold.id)
    await book('2', { hold: 60_000 })
    for (const seats of [undefined, 'A2']) {
      await expect(tickets.confirmBooking(hold.reference, { seats })).rejects.toEqual(
        refused('SEATS_TAKEN', { seats: [2] }),
      )
    }
    expect(await house()).toEqual({ sold: [], held: [2] })
  })

  test('is sold in parts, each as a separate booking, and each part once', async () => {
    const hold = await book('1-4', { hold: 'forever', customer: 'Ada', note: 'press' })
    const first = await tickets.confirmBooking(hold.id, { seats: '1,2' })
    expect(first.booking).toMatchObject({ seats: [1, 2], customer: 'Ada', note: 'press' })
    expect(first.booking.id).not.toBe(hold.id)
    expect(await tickets.confirmBooking(hold.id, { seats: '2,1' })).toMatchObject({
      booking: { id: first.booking.id },
      replayed: true,
    })
    expect(await house()).toEqual({ sold: [1, 2], held: [3, 4] })
    expect((await tickets.confirmBooking(hold.id)).booking).toMatchObject({
      id: hold.id,
      seats: [3, 4],
    })
    expect(await tickets.confirmBooking(hold.id)).toMatchObject({ replayed: true })
    expect(await house()).toEqual({ sold: [1, 2, 3, 4], held: [] })
  })

  test('sells a part again that came back by a move, but not a part that is in another show', async () => {
    const hold = await book('1-3', { hold: 'forever' })
    const { booking: part } = await tickets.confirmBooking(hold.id, { seats: '1' })
    const other = await newShow(5, 'Evita')
    await tickets.moveBooking(part.id, { to: '1', toShow: other.id })
    await expect(tickets.confirmBooking(hold.id, { seats: '1' })).rejects.toEqual(
      refused('WRONG_STATE', { seats: [1] }),
    )
    await tickets.moveBooking(hold.id, { to: '1-2' })
    const again = await tickets.confirmBooking(hold.id, { seats: '1' })
    expect(again).toMatchObject({ booking: { status: 'CONFIRMED', seats: [1] }, replayed: false })
    expect(await house()).toEqual({ sold: [1], held: [2] })
    await tickets.cancelBooking(again.booking.id)
    await expect(tickets.confirmBooking(hold.id, { seats: '1' })).rejects.toEqual(
      refused('WRONG_STATE', { seats: [1] }),
    )
  })

  test('confirmed by eight clerks at once is sold once', async () => {
    const hold = await book('1-3', { hold: 60_000 })
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => tickets.confirmBooking(hold.reference)),
    )
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await eventsOf(hold.id)).toEqual([{ action: 'held' }, { action: 'confirmed' }])
  })

  test('that expires while it is confirmed and others want its seats: one of them gets the seat', async () => {
    const hold = await book('5', { hold: 60_000 })
    await expire(hold.id)
    const work = [
      tickets.confirmBooking(hold.id),
      ...Array.from({ length: 5 }, () => tickets.book(show.id, { seats: '5' })),
    ]
    expect(await settled(work)).toEqual(['CONFIRMED', ...Array(5).fill('SEATS_TAKEN')])
  })

  test('is not confirmed after it is released, nor is a booking that was never a hold', async () => {
    const hold = await book('1', { hold: 60_000 })
    await tickets.cancelBooking(hold.id)
    await expect(tickets.confirmBooking(hold.id)).rejects.toEqual(refused('WRONG_STATE'))
    await expect(tickets.confirmBooking('K7Q2-9FMX')).rejects.toEqual(refused('BOOKING_NOT_FOUND'))
  })
})

describe('a cancellation', () => {
  test('frees seats at once; a second one changes nothing', async () => {
    const sold = await book('1-4')
    const first = await tickets.cancelBooking(sold.reference, { seats: 'A2', reason: 'ill' })
    expect(first).toMatchObject({ booking: { seats: [1, 3, 4] }, replayed: false })
    expect(await tickets.cancelBooking(sold.id, { seats: '2' })).toMatchObject({ replayed: true })
    expect(await book('2')).toMatchObject({ status: 'CONFIRMED' })
    expect(await tickets.cancelBooking(sold.id)).toMatchObject({
      booking: { status: 'CANCELLED' },
      replayed: false,
    })
    expect(await tickets.cancelBooking(sold.id)).toMatchObject({ replayed: true })
    expect(await house()).toEqual({ sold: [2], held: [] })
  })

  test('in parts keeps its reason if a later part has none, and if it is repeated', async () => {
    const sold = await book('1-3')
    const reason = () =>
      db.sql('select cancel_reason as reason from bookings where id = $1', [sold.id])
    await tickets.cancelBooking(sold.id, { seats: '1', reason: 'ill' })
    await tickets.cancelBooking(sold.id, { seats: '2' })
    expect(await reason()).toEqual([{ reason: 'ill' }])
    await tickets.cancelBooking(sold.id, { seats: '2', reason: 'late' })
    await tickets.cancelBooking(sold.id)
    await tickets.cancelBooking(sold.id, { reason: 'later' })
    expect(await reason()).toEqual([{ reason: 'ill' }])
  })

  test('by eight clerks at once frees the seats once, and they are sold once', async () => {
    const sold = await book('1-2')
    const cancelled = await Promise.all(
      Array.from({ length: 8 }, () => tickets.cancelBooking(sold.id)),
    )
    expect(cancelled.filter(({ replayed }) => !replayed)).toHaveLength(1)
    const buyers = Array.from({ length: 4 }, () => tickets.book(show.id, { seats: '1-2' }))
    expect(await settled(buyers)).toEqual(['CONFIRMED', ...Array(3).fill('SEATS_TAKEN')])
  })

  test('of a seat that came back by a move frees it again', async () => {
    const sold = await book('1-2')
    await tickets.cancelBooking(sold.id, { seats: '1' })
    await tickets.moveBooking(sold.id, { to: '1' })
    expect(await tickets.cancelBooking(sold.id, { seats: '1' })).toMatchObject({
      booking: { status: 'CANCELLED' },
      replayed: false,
    })
    expect(await house()).toEqual({ sold: [], held: [] })
  })

  test('applies only to the booking as the clerk has seen it', async () => {
    const sold = await book('1-2')
    await tickets.moveBooking(sold.id, { to: '3-4' })
    await expect(
      tickets.cancelBooking(sold.id, { ifUnchangedSince: sold.updatedAt }),
    ).rejects.toEqual(refused('WRONG_STATE'))
    expect(await house()).toEqual({ sold: [3, 4], held: [] })
  })

  test('of checked-in seats, or of seats of other bookings, is refused', async () => {
    const sold = await book('1-2')
    await book('3')
    await expect(tickets.cancelBooking(sold.id, { seats: '2-3' })).rejects.toEqual(
      refused('WRONG_STATE', { seats: [3] }),
    )
    await tickets.checkIn(sold.id, { seats: '2' })
    await expect(tickets.cancelBooking(sold.id)).rejects.toEqual(
      refused('WRONG_STATE', { seats: [2] }),
    )
    expect(await tickets.cancelBooking(sold.id, { seats: '1' })).toMatchObject({ replayed: false })
  })
})

describe('a move', () => {
  test('exchanges seats, some of its own among them, once', async () => {
    const sold = await book('1-3')
    expect(await tickets.moveBooking(sold.id, { to: '2-4' })).toMatchObject({
      booking: { seats: [2, 3, 4], status: 'CONFIRMED' },
      replayed: false,
    })
    expect(await tickets.moveBooking(sold.id, { to: [4, 3, 2] })).toMatchObject({ replayed: true })
    expect(await house()).toEqual({ sold: [2, 3, 4], held: [] })
  })

  test('keeps the old seats if it cannot have all of the new ones', async () => {
    const sold = await book('1-2')
    await book('5')
    await book('6', { hold: 'forever' })
    for (const to of ['4-5', '6-7']) {
      await expect(tickets.moveBooking(sold.id, { to })).rejects.toEqual(refused('SEATS_TAKEN'))
    }
    await expect(tickets.moveBooking(sold.id, { to: '7' })).rejects.toEqual(
      refused('INVALID_INPUT'),
    )
    await expect(tickets.moveBooking(sold.id, { to: '20-21' })).rejects.toEqual(
      refused('NO_SUCH_SEAT'),
    )
    expect(await house()).toEqual({ sold: [1, 2, 5], held: [6] })
  })

  test('within a sold-out house exchanges its own seats, and frees none for others', async () => {
    const small = await newShow(3)
    const { booking } = await tickets.book(small.id, { seats: '1-3' })
    expect(await tickets.moveBooking(booking.id, { to: '1-3' })).toMatchObject({ replayed: true })
    const other = await newShow(3, 'Evita')
    await tickets.book(other.id, { seats: '1-3' })
    await expect(tickets.moveBooking(booking.id, { to: '1-3', toShow: other.id })).rejects.toEqual(
      refused('SEATS_TAKEN'),
    )
    expect(await house(small.id)).toEqual({ sold: [1, 2, 3], held: [] })
  })

  test('to another show, with the id in capitals, frees seats here and takes seats there', async () => {
    const other = await newShow(4, 'Evita')
    const [sold, hold] = [await book('1-2'), await book('3', { hold: 60_000 })]
    const toShow = other.id.toUpperCase()
    expect((await tickets.moveBooking(sold.id, { to: '3-4', toShow })).booking).toMatchObject({
      showId: other.id,
      seats: [3, 4],
    })
    await tickets.moveBooking(hold.id, { to: '1', toShow })
    expect(await house()).toEqual({ sold: [], held: [] })
    expect(await house(other.id)).toEqual({ sold: [3, 4], held: [1] })
  })

  test('to another show leaves seats that were given back behind; a move within the show does not', async () => {
    const sold = await book('1-3')
    const returned = () =>
      db.sql('select cancelled_seats as seats from bookings where id = $1', [sold.id])
    await tickets.cancelBooking(sold.id, { seats: '3' })
    await tickets.moveBooking(sold.id, { to: '4-5' })
    expect(await tickets.cancelBooking(sold.id, { seats: '3' })).toMatchObject({ replayed: true })
    expect(await returned()).toEqual([{ seats: [3] }])
    const other = await newShow(4, 'Evita')
    await tickets.moveBooking(sold.id, { to: '1-2', toShow: other.id })
    expect(await returned()).toEqual([{ seats: [] }])
    await expect(tickets.cancelBooking(sold.id, { seats: '3' })).rejects.toEqual(
      refused('WRONG_STATE', { seats: [3] }),
    )
    await tickets.cancelBooking(sold.id, { seats: '2' })
    expect(await returned()).toEqual([{ seats: [2] }])
  })

  test("of two bookings to each other's seats: neither gets both, and neither gets half", async () => {
    const [a, b] = [await book('1-2'), await book('3-4')]
    const work = [a, b].map(({ id }, i) => tickets.moveBooking(id, { to: i === 0 ? '3-4' : '1-2' }))
    expect(await settled(work)).toEqual(['SEATS_TAKEN', 'SEATS_TAKEN'])
    expect(await house()).toEqual({ sold: [1, 2, 3, 4], held: [] })
  })

  test.each(['from the lower to the higher id', 'from the higher to the lower id'])(
    '%s locks the show with the lower id first, and holds no other lock while it waits',
    async (direction) => {
      const other = await newShow(20, 'Evita')
      const [low, high] = [show.id, other.id].sort() as [string, string]
      const [from, toShow] = direction.startsWith('from the lower') ? [low, high] : [high, low]
      const { booking } = await tickets.book(from, { seats: '1' })
      const lock = await lockShow(db, low)
      const moved = tickets.moveBooking(booking.id, { to: '2', toShow })
      await until(() => isWaitingForLock(db))
      const free = await db.sql('select id from shows where id = any($1) for update skip locked', [
        [low, high],
      ])
      expect(free).toEqual([{ id: high }])
      await lock.release()
      expect(await moved).toMatchObject({ booking: { showId: toShow, seats: [2] } })
    },
  )

  test('in opposite directions between two shows does not deadlock', async () => {
    const other = await newShow(20, 'Evita')
    const here = await Promise.all([1, 2, 3, 4].map((seat) => book(`${seat}`)))
    const there = await Promise.all(
      [1, 2, 3, 4].map((seat) => tickets.book(other.id, { seats: [seat] })),
    )
    const impatient = openTickets({
      database: db.url,
      env: {},
      connections: 8,
      waitMs: 20_000,
      onRetry: (cause) => retries.push(cause),
    })
    const retries: string[] = []
    await Promise.all([
      ...here.map(({ id }, i) => impatient.moveBooking(id, { to: [11 + i], toShow: other.id })),
      ...there.map(({ booking }, i) =>
        impatient.moveBooking(booking.id, { to: [11 + i], toShow: show.id }),
      ),
    ])
    await impatient.close()
    expect(retries).toEqual([])
    expect(await house()).toEqual({ sold: [11, 12, 13, 14], held: [] })
    expect(await house(other.id)).toEqual({ sold: [11, 12, 13, 14], held: [] })
  })

  test('to the same free seat: one of eight bookings gets it, the others keep their seats', async () => {
    const bookings = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seat) => book(`${seat}`)))
    const work = bookings.map(({ id }) => tickets.moveBooking(id, { to: '20' }))
    expect(await settled(work)).toEqual(['CONFIRMED', ...Array(7).fill('SEATS_TAKEN')])
    expect((await house()).sold).toHaveLength(8)
  })

  test('of an expired hold, or of a checked-in or cancelled booking, is refused', async () => {
    const [hold, inside, gone] = [
      await book('1', { hold: 60_000 }),
      await book('2'),
      await book('3'),
    ]
    await expire(hold.id)
    await tickets.checkIn(inside.id)
    await tickets.cancelBooking(gone.id)
    for (const { id } of [hold, inside, gone]) {
      await expect(tickets.moveBooking(id, { to: '9' })).rejects.toEqual(refused('WRONG_STATE'))
    }
    // The state of the booking is the error, regardless of how many seats are named.
    await expect(tickets.moveBooking(gone.id, { to: '9-10' })).rejects.toEqual(
      refused('WRONG_STATE'),
    )
  })
})

describe('check-in', () => {
  test('admits each seat once, and says when it was checked in', async () => {
    const sold = await book('1-3')
    expect(await tickets.checkIn(sold.reference.toLowerCase(), { seats: '1' })).toMatchObject({
      admitted: [1],
      already: [],
    })
    expect(await tickets.checkIn(sold.id)).toMatchObject({
      admitted: [2, 3],
      already: [{ seat: 1, at: expect.any(Date) }],
    })
    const again = await tickets.checkIn(sold.id)
    expect(again.admitted).toEqual([])
    expect(again.already.map(({ seat }) => seat)).toEqual([1, 2, 3])
    expect(await tickets.checkIn(sold.id, { undo: true })).toMatchObject({ admitted: [1, 2, 3] })
    expect(await tickets.checkIn(sold.id, { undo: true })).toMatchObject({ admitted: [] })
  })

  test('undoes the check-in of one seat, and the others of its booking stay checked in', async () => {
    const sold = await book('1-3')
    await tickets.checkIn(sold.id)
    expect(await tickets.checkIn(sold.id, { seats: '2', undo: true })).toMatchObject({
      admitted: [2],
    })
    const again = await tickets.checkIn(sold.id)
    expect([again.admitted, again.already.map(({ seat }) => seat)]).toEqual([[2], [1, 3]])
  })

  test('of one ticket that is scanned eight times at once admits it once', async () => {
    const sold = await book('1')
    const scans = await Promise.all(Array.from({ length: 8 }, () => tickets.checkIn(sold.id)))
    expect(scans.filter(({ admitted }) => admitted.length > 0)).toHaveLength(1)
  })

  test('refuses a ticket of another show, a hold, a cancelled booking and a cancelled show', async () => {
    const other = await newShow(5, 'Evita')
    const [sold, hold, gone] = [await book('1'), await book('2', { hold: 60_000 }), await book('3')]
    await tickets.cancelBooking(gone.id)
    await expect(tickets.checkIn(sold.id, { show: other.id })).rejects.toEqual(
      refused('WRONG_STATE', { outcome: { booking: sold, replayed: false } }),
    )
    expect(await tickets.checkIn(sold.id, { show: show.id.toUpperCase() })).toMatchObject({
      admitted: [1],
    })
    await expect(tickets.checkIn(hold.id)).rejects.toEqual(refused('WRONG_STATE'))
    await expect(tickets.checkIn(gone.id)).rejects.toEqual(refused('WRONG_STATE'))
    await tickets.cancelShow(show.id, 2)
    await expect(tickets.checkIn(sold.id)).rejects.toEqual(refused('SHOW_CANCELLED'))
  })
})

describe('a show', () => {
  test('grows to any size, and shrinks to its last sold or held seat but not below', async () => {
    await book('5')
    await book('12', { hold: 60_000 })
    const gone = await book('20', { hold: 60_000 })
    await expect(tickets.editShow(show.id, { totalSeats: 11 })).rejects.toEqual(
      refused('SEATS_TAKEN', { seats: [12, 20] }),
    )
    await expire(gone.id)
    expect(await tickets.editShow(show.id, { totalSeats: 12 })).toMatchObject({ totalSeats: 12 })
    await expect(tickets.confirmBooking(gone.id)).rejects.toEqual(refused('NO_SUCH_SEAT'))
    expect(await tickets.editShow(show.id, { totalSeats: 1000 })).toMatchObject({
      totalSeats: 1000,
    })
    expect(await book('1000')).toMatchObject({ status: 'CONFIRMED' })
  })

  test('that shrinks while its last seats are sold: either the change or the sales succeed', async () => {
    const sales = settled(
      Array.from({ length: 6 }, (_, i) => tickets.book(show.id, { seats: [15 + i] })),
    )
    const shrunk = await tickets.editShow(show.id, { totalSeats: 14 }).catch(({ code }) => code)
    const outcomes = await sales
    const isRefused = shrunk === 'SEATS_TAKEN'
    expect(outcomes).toEqual(Array(6).fill(isRefused ? 'CONFIRMED' : 'NO_SUCH_SEAT'))
    const { totalSeats, confirmedSeats } = await tickets.viewShow(show.id)
    expect([totalSeats, confirmedSeats]).toEqual(isRefused ? [20, 6] : [14, 0])
  })

  test.each([
    ['sold', 'CONFIRMED', 'SEATS_TAKEN', [20, 1]],
    ['gone', 'NO_SUCH_SEAT', 14, [14, 0]],
  ] as const)(
    'that shrinks: if the seat is %s first, the change that waited takes that into account',
    async (first, sale, size, house) => {
      const lock = await lockShow(db, show.id)
      const sell = () =>
        tickets.book(show.id, { seats: '15' }).then(
          ({ booking }) => booking.status,
          ({ code }) => code,
        )
      const shrink = () =>
        tickets.editShow(show.id, { totalSeats: 14 }).then(
          ({ totalSeats }) => totalSeats,
          ({ code }) => code,
        )
      const steps = first === 'sold' ? [sell, shrink] : [shrink, sell]
      const ends = []
      for (const [i, step] of steps.entries()) {
        ends.push(step())
        await until(() => isWaitingForLock(db, i + 1))
      }
      await lock.release()
      const outcome = first === 'sold' ? [sale, size] : [size, sale]
      expect(await Promise.all(ends)).toEqual(outcome)
      const { totalSeats, confirmedSeats } = await tickets.viewShow(show.id)
      expect([totalSeats, confirmedSeats]).toEqual(house)
    },
  )

  test('that has sold nothing is cancelled without touching any booking', async () => {
    const gone = await book('1')
    await tickets.cancelBooking(gone.id)
    await expire((await book('2', { hold: 60_000 })).id)
    await book('1000').catch(() => {})
    expect(await tickets.previewCancellation(show.id)).toEqual({
      confirmedBookings: 0,
      confirmedSeats: 0,
      heldBookings: 0,
    })
    expect((await tickets.cancelShow(show.id, 0)).cancelledAt).toBeInstanceOf(Date)
  })

  test('that is cancelled sells and confirms nothing more, and says so', async () => {
    const hold = await book('1', { hold: 60_000 })
    const sold = await book('2')
    expect(await tickets.previewCancellation(show.id)).toEqual({
      confirmedBookings: 1,
      confirmedSeats: 1,
      heldBookings: 1,
    })
    await expect(tickets.cancelShow(show.id, 1)).rejects.toEqual(refused('WRONG_STATE'))
    expect((await tickets.cancelShow(show.id, 2)).cancelledAt).toBeInstanceOf(Date)
    const again = await tickets.cancelShow(show.id, 99)
    expect(again.cancelledAt).toBeInstanceOf(Date)
    await expect(book('3')).rejects.toEqual(refused('SHOW_CANCELLED'))
    await expect(tickets.confirmBooking(hold.id)).rejects.toEqual(refused('SHOW_CANCELLED'))
    // A ticket may still be exchanged for another date.
    const other = await newShow(5, 'Next night')
    expect(await tickets.moveBooking(sold.id, { to: '1', toShow: other.id })).toMatchObject({
      booking: { showId: other.id },
    })
  })
})

type Step = [string, (box: Tickets, booking: Booking) => Promise<unknown>, object]

const steps: Step[] = [
  ['confirm', (box, { id }) => box.confirmBooking(id), { replayed: false }],
  ['confirm a part', (box, { id }) => box.confirmBooking(id, { seats: '1' }), { replayed: false }],
  ['cancel', (box, { id }) => box.cancelBooking(id), { replayed: false }],
  ['cancel a part', (box, { id }) => box.cancelBooking(id, { seats: '1' }), { replayed: false }],
  ['move', (box, { id }) => box.moveBooking(id, { to: '2-3' }), { replayed: false }],
  ['check in', (box, { id }) => box.checkIn(id), { admitted: [1, 2], already: [] }],
  ['undo', (box, { id }) => box.checkIn(id, { undo: true }), { admitted: [1, 2], already: [] }],
]

/** A booking of seats 1 and 2 to which the step applies. */
async function bookingFor(name: string): Promise<Booking> {
  const booking = await book('1-2', name.startsWith('confirm') ? { hold: 60_000 } : {})
  if (name === 'undo') await tickets.checkIn(booking.id)
  return booking
}

describe('when the reply to COMMIT is lost, the step is done once and reported as done', () => {
  test.each(steps)('%s', async (name, step, answer) => {
    const booking = await bookingFor(name)
    const before = (await eventsOf(booking.id)).length
    const proxy = await openProxy(db.url)
    const box = openTickets({ database: proxy.url, env: {} })
    await box.findBooking(booking.id)
    let cuts = 0
    proxy.decide((message) => (isCommitted(message) && cuts++ === 0 ? 'cut before' : 'pass'))
    expect(await step(box, booking)).toMatchObject(answer)
    expect(cuts).toBeGreaterThan(1)
    await box.close()
    await proxy.close()
    expect(await eventsOf(booking.id)).toHaveLength(before + 1)
  })
})

describe('when the run is interrupted during COMMIT, it waits for the result', () => {
  const others: Step[] = [
    [
      'book all or nothing',
      (box, { showId }) => box.bookAllOrNothing([{ showId, request: { seats: '9' } }]),
      { booked: [{ replayed: false }] },
    ],
    [
      'create a show',
      (box) => box.createShow({ name: 'Evita', startTime, totalSeats: 7 }),
      { totalSeats: 7 },
    ],
    ['edit a show', (box, { showId }) => box.editShow(showId, { name: 'Dogs' }), { name: 'Dogs' }],
    [
      'cancel a show',
      (box, { showId }) => box.cancelShow(showId, 1),
      { cancelledAt: expect.any(Date) },
    ],
  ]
  test.each([...steps, ...others])('%s', async (name, step, answer) => {
    const booking = await bookingFor(name)
    const proxy = await openProxy(db.url)
    const interruption = new AbortController()
    const box = openTickets({ database: proxy.url, env: {}, signal: interruption.signal })
    await box.findBooking(booking.id)
    let hasWritten = false
    proxy.decide((message) => {
      hasWritten ||= isWrite(message)
      if (hasWritten && isControl(message, 'COMMIT')) interruption.abort()
      return 'pass'
    })
    expect(await step(box, booking)).toMatchObject(answer)
    expect(interruption.signal.aborted).toBe(true)
    await box.close()
    await proxy.close()
  })
})

function isWrite(message: Message): boolean {
  return ['insert into ', 'update "', 'update shows', 'delete from '].some((words) =>
    isStatement(message, words),
  )
}
