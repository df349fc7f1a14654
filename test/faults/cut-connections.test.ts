import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BookingRequest, Tickets } from '../../src/index.js'
import { inWaves, startBooking } from '../support/booking-process.js'
import { diceFor, seed } from '../support/dice.js'
import { type DatabaseProxy, isCommitted, type Message, openProxy } from '../support/proxy.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
/** A clerk whose connection is never cut. */
let direct: Tickets
beforeAll(async () => {
  office = await openBoxOffice({ fsync: 'off' })
  direct = office.open()
})
afterAll(() => office?.remove())

/**
 * The tests run at the same time, as a program whose connection was cut waits before it retries.
 */
async function withProxy(work: (proxy: DatabaseProxy) => Promise<void>): Promise<void> {
  const proxy = await openProxy(office.url)
  try {
    await work(proxy)
  } finally {
    await proxy.close()
  }
}

const requests: [string, BookingRequest][] = [
  ['these seats', { seats: '2-4' }],
  ['the best seats', { count: 3 }],
  ['seats with a key', { seats: '2-4', key: 'the same' }],
  ['a hold', { count: 3, hold: 60_000 }],
]

test.concurrent.each(requests)(
  'cut after every single message, in both directions, a clerk who wants %s gets them once',
  (name, request) =>
    withProxy(async (proxy) => {
      for (const from of ['client', 'server'] as const) {
        for (let n = 1; ; n++) {
          const show = await office.createShow(10)
          const own = { ...request, ...(request.key && { key: `${name} ${from} ${n}` }) }
          const wasCut = await bookWithCut(proxy, show, own, from, n)
          const [booking, ...others] = await office.bookings(show)
          expect(others).toEqual([])
          expect(booking).toMatchObject({ status: request.hold ? 'HELD' : 'CONFIRMED' })
          if (request.key) {
            const again = await direct.book(show, own)
            expect([again.booking.id, again.replayed]).toEqual([booking!.id, true])
          }
          // The booking has fewer messages than that, so every cut was tested.
          if (!wasCut) break
          expect(n).toBeLessThan(200)
        }
      }
      await office.expectSound()
    }),
)

test.concurrent('cut after every single message, a clerk whose seat is taken gets that refusal', () =>
  withProxy(async (proxy) => {
    const show = await office.createShow(10)
    await direct.book(show, { seats: '3' })
    for (const from of ['client', 'server'] as const) {
      for (let n = 1; ; n++) {
        const earlier = await office.bookings(show)
        const refused = { code: 'SEATS_TAKEN', seats: [3] }
        const wasCut = await bookWithCut(proxy, show, { seats: '2-4' }, from, n, refused)
        const mine = (await office.bookings(show)).slice(earlier.length)
        expect(mine).toMatchObject([{ status: 'FAILED', failure: 'SEATS_TAKEN' }])
        if (!wasCut) break
      }
    }
    await office.expectSound(show)
  }))

test.concurrent('the reply to COMMIT is lost five times in a row: the process still prints its one booking', () =>
  withProxy(async (proxy) => {
    const show = await office.createShow(10)
    let lost = 0
    proxy.decide((message) => (isCommitted(message) && ++lost <= 5 ? 'cut before' : 'pass'))
    const { exitCode, document } = await startBooking(proxy.url, [show, '--seats', '7']).ended
    expect([exitCode, lost]).toEqual([0, 6])
    expect(await office.bookings(show)).toMatchObject([
      { id: document.id, status: 'CONFIRMED', seats: [7] },
    ])
  }))

test.concurrent('no time left to retry after a lost COMMIT: the booking is in doubt', () =>
  withProxy(async (proxy) => {
    const show = await office.createShow(10)
    const args = [show, '--seats', '7', '--key', 'unknown', '--wait', '0s']
    proxy.decide((message) => (isCommitted(message) ? 'cut before' : 'pass'))
    const unknown = [
      await startBooking(proxy.url, args).ended,
      await startBooking(proxy.url, args).ended,
    ]
    proxy.decide(() => 'pass')
    const known = await startBooking(proxy.url, args).ended
    expect([known.exitCode, known.document.replayed]).toEqual([0, true])
    for (const { exitCode, document } of unknown) {
      expect(exitCode).toBe(5)
      expect(document.error).toMatchObject({ code: 'IN_DOUBT', retryable: true })
      expect(document.error?.message).toMatch(/may or may not be booked/)
      expect(document.error?.message).toContain(known.document.reference)
    }
    await office.expectSound(show)
  }))

test.concurrent(`connections that are cut at random under forty clerks for twenty seats: each gets the true result (seed ${seed})`, () =>
  withProxy(async (proxy) => {
    const dice = diceFor('random cuts')
    const show = await office.createShow(20)
    const ends = new Map<number, number>()
    proxy.decide(({ connection, from }) => {
      if (!ends.has(connection)) ends.set(connection, dice.whole(1, 300))
      const left = ends.get(connection)! - 1
      ends.set(connection, left)
      if (left > 0) return 'pass'
      return from === 'client' ? 'cut after' : 'cut before'
    })
    const clerks = Array.from({ length: 40 }, (_, i) => `clerk ${i}`)
    const outcomes = await inWaves(clerks, 8, async (customer) => {
      const seats = String(dice.whole(1, 20))
      return withTickets(proxy, async (tickets) =>
        tickets.book(show, { seats, customer }).then(
          ({ booking }) => [customer, booking.status, booking.seats],
          (error) => [customer, error.code, error.outcome?.booking.seats],
        ),
      )
    })
    const recorded = (await office.bookings(show)).map(({ customer, status, seats, failure }) => [
      customer,
      failure ?? status,
      seats,
    ])
    expect(sorted(recorded)).toEqual(sorted(outcomes))
    expect(new Set(outcomes.map(([, word]) => word))).toEqual(new Set(['CONFIRMED', 'SEATS_TAKEN']))
    await office.expectSound(show)
  }))

/**
 * Books through the proxy, whose first connection ends after the n-th message from one side.
 * Returns whether there were that many messages. `refused` is the expected refusal, if any.
 */
async function bookWithCut(
  proxy: DatabaseProxy,
  show: string,
  request: BookingRequest,
  from: Message['from'],
  n: number,
  refused?: object,
): Promise<boolean> {
  let wasCut = false
  proxy.decide((message) => {
    if (message.connection !== 1 || message.from !== from || message.n !== n) return 'pass'
    wasCut = true
    return 'cut after'
  })
  const booked = withTickets(proxy, (tickets) => tickets.book(show, request))
  if (refused) await expect(booked).rejects.toMatchObject(refused)
  else await booked
  return wasCut
}

async function withTickets<T>(
  proxy: DatabaseProxy,
  use: (tickets: Tickets) => Promise<T>,
): Promise<T> {
  const tickets = office.open({ database: proxy.url })
  try {
    return await use(tickets)
  } finally {
    await tickets.close()
  }
}

function sorted(rows: unknown[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort()
}
