import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Booking, openTickets, type Tickets } from '../../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { runInProcess } from '../../support/in-process.js'
import { openProxy } from '../../support/proxy.js'

let db: TestDatabase
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

const ROWS = 'A 1-10\nB 1-10\n'
const startTime = new Date('2040-12-25T19:00:00Z')
const create = async () => (await tickets.createShow({ name: 'Lear', startTime, plan: ROWS })).id

/**
 * A proxy URL of the database. The proxy changes the plan of a show right after the first COMMIT,
 * before anything else is sent. The reply to that COMMIT is lost or delivered.
 */
async function planChangesAfterCommit(show: string, plan: string, answer: 'lost' | 'delivered') {
  const proxy = await openProxy(db.url)
  let edited: Promise<void> | undefined
  proxy.decide(({ from, text, hasLocked }) => {
    if (!edited && hasLocked && from === 'server' && text.includes('COMMIT')) {
      edited = tickets.editShow(show, { plan }).then(() => {})
      return answer === 'lost' ? 'cut before' : 'pass'
    }
    return edited && from === 'client' ? edited : 'pass'
  })
  return { url: proxy.url, close: () => proxy.close(), isEdited: () => edited !== undefined }
}

const labelsOf = ({ seats, seatLabels }: Booking, of: readonly number[]) =>
  of.map((seat) => seatLabels[seats.indexOf(seat)])

describe('when the reply to COMMIT is lost, and the show has another plan at the next attempt, a call', () => {
  async function attempt<T>(show: string, plan: string, work: (door: Tickets) => Promise<T>) {
    const network = await planChangesAfterCommit(show, plan, 'lost')
    const door = openTickets({ database: network.url })
    try {
      return await work(door)
    } finally {
      expect(network.isEdited()).toBe(true)
      await door.close()
      await network.close()
    }
  }

  it('checks in the same seats', async () => {
    const show = await create()
    const { id } = (await tickets.book(show, { seats: 'A1' })).booking
    const answer = await attempt(show, `AA 1-10\n${ROWS}`, (door) => door.checkIn(id))
    expect(labelsOf(answer.booking, answer.admitted)).toEqual(['A1'])
    expect(answer.already).toEqual([])
  })

  it('undoes the check-in of the same seats', async () => {
    const show = await create()
    const { id } = (await tickets.book(show, { seats: 'A1-A2' })).booking
    await tickets.checkIn(id)
    const answer = await attempt(show, `AA 1-10\n${ROWS}`, (door) =>
      door.checkIn(id, { undo: true, seats: '1' }),
    )
    expect(labelsOf(answer.booking, answer.admitted)).toEqual(['A1'])
    expect(await tickets.findBooking(id)).toMatchObject({ admittedSeats: [12] })
  })

  it.each([
    ['by the number that another of its seats has now', '1', 'A 2 1 3-10\nB 1-10\n'],
    ['that is gone', 'A1', 'A 2-10\nB 1-10\n'],
  ])('gives back the same seat %s', async (_, seats, plan) => {
    const show = await create()
    const { id } = (await tickets.book(show, { seats: 'A1-A3' })).booking
    const { booking } = await attempt(show, plan, (door) => door.cancelBooking(id, { seats }))
    expect(booking.seatLabels.toSorted()).toEqual(['A2', 'A3'])
    expect(await tickets.verify({ show })).toMatchObject({ violations: [] })
  })

  it('moves to the same seat', async () => {
    const show = await create()
    const { id } = (await tickets.book(show, { seats: 'B1' })).booking
    const { booking } = await attempt(show, `AA 1-10\n${ROWS}`, (door) =>
      door.moveBooking(id, { to: [1] }),
    )
    expect(booking.seatLabels).toEqual(['A1'])
  })
})

it.each([
  ['book', ['book', '--seats', 'A3'], 'A3'],
  ['confirm', ['booking', 'confirm', 'B1'], 'B1'],
  ['move', ['booking', 'move', 'B1', '--to', 'A3'], 'A3'],
  ['cancel', ['booking', 'cancel', 'B1', '--yes'], 'B1'],
  ['check in', ['booking', 'check-in', 'A1'], 'A1'],
])(
  'a show with another plan after COMMIT: %s prints the seat as it was booked',
  async (_, args, label) => {
    const show = await create()
    const sold = (await tickets.book(show, { seats: 'A1' })).booking
    const held = (await tickets.book(show, { seats: 'B1', hold: 'forever' })).booking
    const named = args.map((arg) => ({ A1: sold.id, B1: held.id })[arg] ?? arg)
    if (named[0] === 'book') named.splice(1, 0, show)
    const network = await planChangesAfterCommit(show, `AA 1-10\nBB 1-10\n${ROWS}`, 'delivered')
    const { stdout, exitCode } = await runInProcess(named, { DATABASE_URL: network.url })
    await network.close()
    expect(network.isEdited()).toBe(true)
    expect(exitCode).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`(?<![A-Z])${label}(?!\\d)`))
    // Not a half of a reference, which is random.
    expect(stdout).not.toMatch(/(?<!-)\b(AA|BB)\d+\b(?!-)/)
  },
)

it('a booking with a key that has moved to another show has the labels of that show, in a batch or alone', async () => {
  const [here, there] = [await create(), await create()]
  await tickets.editShow(there, { plan: `AA 1-10\n${ROWS}` })
  const request = { seats: 'A1', key: here }
  const { booking } = await tickets.book(here, request)
  await tickets.moveBooking(booking.id, { to: 'B7', toShow: there })
  const alone = await tickets.book(here, request)
  const together = await tickets.bookAllOrNothing([{ showId: here, request }])
  const booked = 'booked' in together ? together.booked : []
  expect(booked).toHaveLength(1)
  expect(await tickets.startDryRun().book(here, request)).toMatchObject({ seatLabels: ['B7'] })
  for (const { booking } of [alone, ...booked]) expect(booking.seatLabels).toEqual(['B7'])
})
