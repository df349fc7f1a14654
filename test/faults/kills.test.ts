import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EndedBooking, inWaves, startBooking } from '../support/booking-process.js'
import { type Dice, diceFor, seed } from '../support/dice.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeAll(async () => {
  office = await openBoxOffice()
})
afterAll(() => office?.remove())

/** The number of processes at once: more than there are cores. */
const width = 6

test(`seventy bookings killed by SIGKILL at random moments: what was confirmed is sold, the rest is marked abandoned (seed ${seed})`, async () => {
  const dice = diceFor('kills')
  const show = await office.createShow(150)
  const { ended, pace } = await withoutSignals(show)
  const killed = await withSlowClerk(show, dice, () =>
    inWaves(plannedSignals(70, dice, ['SIGKILL']), width, (planned) =>
      bookAndSignal(show, planned, pace),
    ),
  )
  const confirmed = [...ended, ...killed].filter(({ document }) => document.id !== undefined)
  await expectSold(show, confirmed)
  expect(confirmed.length).toBeGreaterThan(ended.length)
  expect(killed.filter(({ signal }) => signal === 'SIGKILL').length).toBeGreaterThan(5)
  await office.expectSound(show)
  await expectSwept(show)
})

test(`sixty bookings interrupted at random moments: 130 or 143 and nothing booked, or a confirmation that holds (seed ${seed})`, async () => {
  const dice = diceFor('interruptions')
  const show = await office.createShow(150)
  const { ended, pace } = await withoutSignals(show)
  const all = plannedSignals(60, dice, ['SIGINT', 'SIGTERM'])
  const interrupted = await withSlowClerk(show, dice, () =>
    inWaves(all, width, async (planned) => ({
      ...(await bookAndSignal(show, planned, pace)),
      planned,
    })),
  )
  const confirmed = [...ended, ...interrupted].filter(({ document }) => document.id !== undefined)
  await expectSold(show, confirmed)
  const bookings = await office.bookings(show)
  for (const { exitCode, signal, document, stderr, planned } of interrupted) {
    const record = bookings.find(({ customer }) => customer === planned.customer)
    if (document.id !== undefined) {
      // Node removes its handlers just before it exits; what was printed is true even then.
      if (signal === null) expect(exitCode).toBe(0)
      continue
    }
    expect(stderr).toBe('')
    const refused = record?.status === 'FAILED' && document.error?.code === record.failure
    if (!refused) expect(record?.status ?? 'PENDING').toBe('PENDING')
    if (exitCode === 4) {
      expect(refused).toBe(true)
    } else if (exitCode === null) {
      // It did not handle the signal yet, or no longer.
      expect(signal).toBe(planned.signal)
    } else {
      expect(exitCode).toBe({ SIGINT: 130, SIGTERM: 143 }[planned.signal as 'SIGINT'])
      expect(document.error?.code).toBe('INTERRUPTED')
    }
  }
  expect(interrupted.filter(({ exitCode }) => exitCode === 130 || exitCode === 143)).not.toEqual([])
  await office.expectSound(show)
  await expectSwept(show)
})

interface PlannedSignal {
  customer: string
  wanted: string[]
  /** The time of the signal, as a share of how long a booking takes. */
  moment: number
  signal: NodeJS.Signals
}

function plannedSignals(count: number, dice: Dice, signals: NodeJS.Signals[]): PlannedSignal[] {
  return Array.from({ length: count }, (_, i) => ({
    customer: `victim ${i}`,
    wanted: dice.pick([
      ['--count', String(dice.whole(1, 3))],
      ['--seats', String(dice.whole(51, 150))],
    ]),
    moment: dice.between(0.3, 1.3),
    signal: dice.pick(signals),
  }))
}

/** How long a booking takes on this machine, in milliseconds; updated by each signal. */
interface Pace {
  ms: number
}

async function bookAndSignal(
  show: string,
  { customer, wanted, moment, signal }: PlannedSignal,
  pace: Pace,
) {
  const { child, ended } = startBooking(office.url, [show, ...wanted, '--customer', customer])
  await Promise.race([sleep(moment * pace.ms), ended])
  child.kill(signal)
  const end = await ended
  // On a busy machine, half of the signals must still come in time, and half too late.
  pace.ms *= end.exitCode === 0 || end.exitCode === 4 ? 0.95 : 1.05
  return end
}

/** A few bookings that are not killed: how long one takes, and what they printed. */
async function withoutSignals(show: string): Promise<{ ended: EndedBooking[]; pace: Pace }> {
  const start = () => startBooking(office.url, [show, '--count', '1']).ended
  const ended = await inWaves(Array.from({ length: width }), width, start)
  for (const { exitCode } of ended) expect(exitCode).toBe(0)
  return { ended, pace: { ms: ended.reduce((sum, { ms }) => sum + ms, 0) / width } }
}

/**
 * A clerk who takes the lock of the show again and again, so that others are killed while they wait
 * for it.
 */
async function withSlowClerk<T>(show: string, dice: Dice, work: () => Promise<T>): Promise<T> {
  const { socketDir: host, port } = office.server
  const clerk = new pg.Client({ host, port, user: 'owner', database: 'owner' })
  await clerk.connect()
  let isOver = false
  const slowness = (async () => {
    while (!isOver) {
      await clerk.query('begin')
      await clerk.query('select from shows where id = $1 for update', [show])
      await clerk.query('select pg_sleep($1)', [dice.between(0, 0.06)])
      await clerk.query('commit')
    }
  })()
  try {
    return await work()
  } finally {
    isOver = true
    await slowness
    await clerk.end()
  }
}

/** Each confirmed booking has its seats. */
async function expectSold(show: string, confirmed: EndedBooking[]): Promise<void> {
  const bookings = await office.bookings(show)
  for (const { document } of confirmed) {
    expect(document.status).toBe('CONFIRMED')
    expect(bookings.find(({ id }) => id === document.id)).toMatchObject({
      status: 'CONFIRMED',
      seats: document.seats,
    })
  }
}

/** The next booking sweeps the records that were left behind, once they are old enough. */
async function expectSwept(show: string): Promise<void> {
  const before = await office.bookings(show)
  const pending = before.filter(({ status }) => status === 'PENDING')
  await office.server.run(
    `update bookings set pending_until = now() - interval '1 second'
     where show_id = '${show}' and status = 'PENDING'`,
  )
  const { exitCode } = await startBooking(office.url, [show, '--count', '1']).ended
  expect(exitCode).toBe(0)
  const after = await office.bookings(show)
  for (const { id } of pending) {
    expect(after.find((booking) => booking.id === id)).toMatchObject({
      status: 'FAILED',
      failure: 'ABANDONED',
    })
  }
  expect(after.filter(({ status }) => status === 'PENDING')).toEqual([])
  await office.expectSound(show)
}
