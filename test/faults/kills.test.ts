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

/** So many processes at once: more than there are cores. */
const width = 6

test.each([seed, seed + 1, seed + 2])(
  'seventy bookings killed by SIGKILL at random moments: what was confirmed is sold, the rest is swept (seed %i)',
  async (ownSeed) => {
    const dice = diceFor('kills', ownSeed)
    const show = await office.createShow(150)
    const { ended, ms } = await calmly(show)
    const killed = await withSlowClerk(show, dice, () =>
      inWaves(strikes(70, dice, ms, ['SIGKILL']), width, (strike) => struck(show, strike)),
    )
    const confirmed = [...ended, ...killed].filter(({ document }) => document.id !== undefined)
    await expectSold(show, confirmed)
    expect(confirmed.length).toBeGreaterThan(ended.length)
    expect(killed.filter(({ signal }) => signal === 'SIGKILL').length).toBeGreaterThan(10)
    await office.expectSound(show)
    await expectSwept(show)
  },
)

test(`sixty bookings interrupted at random moments: 130 or 143 and nothing booked, or a confirmation that holds (seed ${seed})`, async () => {
  const dice = diceFor('interruptions')
  const show = await office.createShow(150)
  const { ended, ms } = await calmly(show)
  const all = strikes(60, dice, ms, ['SIGINT', 'SIGTERM'])
  const struckOnes = await withSlowClerk(show, dice, () =>
    inWaves(all, width, async (strike) => ({ ...(await struck(show, strike)), strike })),
  )
  const confirmed = [...ended, ...struckOnes].filter(({ document }) => document.id !== undefined)
  await expectSold(show, confirmed)
  const bookings = await office.bookings(show)
  for (const { exitCode, signal, document, stderr, strike } of struckOnes) {
    const record = bookings.find(({ customer }) => customer === strike.customer)
    if (document.id !== undefined) {
      expect(exitCode ?? signal).toBe(0)
      continue
    }
    expect(stderr).toBe('')
    expect(record?.status ?? 'PENDING').toBe('PENDING')
    // Before the program listens, the system ends it, which a shell calls 130 and 143 as well.
    const codes = { SIGINT: 130, SIGTERM: 143 }
    expect(signal ?? exitCode).toBeOneOf([strike.signal, codes[strike.signal as 'SIGINT']])
    if (signal === null) expect(document.error?.code).toBe('INTERRUPTED')
  }
  expect(struckOnes.filter(({ exitCode }) => exitCode === 130 || exitCode === 143)).not.toEqual([])
  await office.expectSound(show)
  await expectSwept(show)
})

interface Strike {
  customer: string
  wish: string[]
  /** Milliseconds after the start of the process. */
  after: number
  signal: NodeJS.Signals
}

function strikes(count: number, dice: Dice, usualMs: number, signals: NodeJS.Signals[]): Strike[] {
  return Array.from({ length: count }, (_, i) => ({
    customer: `victim ${i}`,
    wish: dice.pick([
      ['--count', String(dice.whole(1, 3))],
      ['--seats', String(dice.whole(51, 150))],
    ]),
    after: dice.between(usualMs * 0.2, usualMs * 1.2),
    signal: dice.pick(signals),
  }))
}

async function struck(show: string, { customer, wish, after, signal }: Strike) {
  const { child, ended } = startBooking(office.url, [show, ...wish, '--customer', customer])
  await Promise.race([sleep(after), ended])
  child.kill(signal)
  return ended
}

/** A few bookings that nobody kills: how long one takes here, and what they printed. */
async function calmly(show: string): Promise<{ ended: EndedBooking[]; ms: number }> {
  const ended = await inWaves(
    Array.from({ length: width }),
    width,
    () => startBooking(office.url, [show, '--count', '1']).ended,
  )
  expect(ended.map(({ exitCode }) => exitCode)).toEqual(Array(width).fill(0))
  return { ended, ms: ended.reduce((sum, { ms }) => sum + ms, 0) / width }
}

/** Somebody takes the show's lock again and again, so that others wait for it, and die waiting. */
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

/** Whoever read a confirmation has those seats. */
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

/** Once they are old enough, the next booking gives up whatever was left behind. */
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
