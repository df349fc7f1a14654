import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRetryLines, STATS_VARIABLE } from '../../src/cli/retry-lines.js'
import type { Tickets } from '../../src/index.js'
import { inWaves, startBooking } from '../support/booking-process.js'
import { type Dice, diceFor, seed } from '../support/dice.js'
import { until } from '../support/until.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeEach(async () => {
  office = await openBoxOffice({ log_min_messages: 'panic' })
})
afterEach(() => office?.remove())

test(`the server crashes three times in the middle of 40 calls and 80 processes: every clerk learns the truth (seed ${seed})`, async () => {
  const show = await office.createShow(200)
  const dice = diceFor('crashes')
  let told = 0
  const booked = bookAll(show, dice, { calls: 40, processes: 80, atOnce: 40 }, () => told++)
  // The calls are under way at first; the processes take longer to begin.
  for (const moment of [20, 55, 90]) {
    await until(() => told >= moment)
    await office.server.stop('immediate')
    await office.server.start()
  }
  const all = await booked
  await expectTruth(show, all)
  expect(all.filter(({ wasStruck }) => wasStruck).length).toBeGreaterThan(5)
})

test(`backends are terminated all the time under 200 bookings: every clerk learns the truth (seed ${seed})`, async () => {
  const show = await office.createShow(150)
  const dice = diceFor('terminations')
  let told = 0
  const booked = bookAll(show, dice, { calls: 160, processes: 40, atOnce: 4 }, () => told++)
  let terminated = 0
  const isOver = () => told === 200
  const executioner = until(async () => {
    const { rows } = await office.server.run(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'tickets' and state <> 'idle'
       order by md5(pid::text || '${dice.whole(1, 1e9)}') limit 1`,
    )
    terminated += rows.length
    return isOver()
  })
  await expectTruth(show, await booked)
  await executioner
  expect(terminated).toBeGreaterThan(20)
})

/** What one clerk was told. */
interface Told {
  customer: string
  /** The booking's status, or the error's code. */
  word: string
  seats?: number[] | undefined
  /** A process that lost its connection and went on. */
  wasStruck?: boolean
}

/** Bookings by the library on eight connections, and by real processes, so many of them at once. */
async function bookAll(
  show: string,
  dice: Dice,
  { calls, processes, atOnce }: { calls: number; processes: number; atOnce: number },
  onTold: () => void,
): Promise<Told[]> {
  const wish = () =>
    dice.pick([{ count: 1 }, { count: 2 }, { seats: String(dice.whole(1, 100)) }] as const)
  const wishes = (who: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ customer: `${who} ${i}`, ...wish() }))
  // Patient, as on a busy machine the server takes its time to recover.
  const clerks = Array.from({ length: 8 }, () => office.open({ waitMs: 120_000 }))
  // Connected before the trouble begins: a server that is not there at first is not waited for.
  await Promise.all(clerks.map((clerk) => clerk.findShow(show)))
  let next = 0
  const told = await Promise.all([
    inWaves(wishes('call', calls), 8, async (request) => {
      const answer = await call(clerks[next++ % 8]!, show, request)
      onTold()
      return answer
    }),
    inWaves(wishes('process', processes), atOnce, async ({ customer, ...wanted }) => {
      const args = Object.entries(wanted).flatMap(([name, value]) => [`--${name}`, String(value)])
      const { document, exitCode, stderr } = await startBooking(
        office.url,
        [show, '--customer', customer, ...args],
        { [STATS_VARIABLE]: '1' },
      ).ended
      onTold()
      const { retries, rest } = readRetryLines(stderr)
      const word = document.status ?? document.error?.code ?? `exit ${exitCode}: ${rest}`
      return { customer, word, seats: document.seats, wasStruck: retries.includes('lost') }
    }),
  ])
  return told.flat()
}

type Request = Parameters<Tickets['book']>[1] & { customer: string }

async function call(clerk: Tickets, show: string, request: Request): Promise<Told> {
  const { customer } = request
  return clerk.book(show, request).then(
    ({ booking }) => ({ customer, word: booking.status, seats: booking.seats }),
    (error) => ({ customer, word: error.code ?? String(error) }),
  )
}

/** Whoever was told of seats has them, whoever was refused has none, and nobody was left in doubt. */
async function expectTruth(show: string, told: Told[]): Promise<void> {
  const bookings = await office.bookings(show)
  for (const { customer, word, seats } of told) {
    const own = bookings.filter((booking) => booking.customer === customer)
    if (word === 'DB_UNREACHABLE') {
      // A process that came while the server was down.
      expect(customer).toMatch(/^process/)
      expect(own).toEqual([])
    } else if (word === 'CONFIRMED') {
      expect(own).toMatchObject([{ status: 'CONFIRMED', seats }])
    } else {
      expect(word).toBeOneOf(['SEATS_TAKEN', 'NOT_ENOUGH_SEATS'])
      expect(own).toMatchObject([{ status: 'FAILED', failure: word }])
    }
  }
  const words = told.map(({ word }) => word)
  expect(words.filter((word) => word === 'CONFIRMED').length).toBeGreaterThan(50)
  expect(words).toContain('SEATS_TAKEN')
  await office.expectSound(show)
}
