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

test(`the server crashes three times during 40 calls and 80 processes: every client gets the true result (seed ${seed})`, async () => {
  const show = await office.createShow(200)
  const dice = diceFor('crashes')
  let answers = 0
  const booked = bookAll(show, dice, { calls: 40, processes: 80, atOnce: 40 }, () => answers++)
  // The first crash comes during the calls; the processes take longer to start.
  for (const moment of [20, 55, 90]) {
    await until(() => answers >= moment)
    await office.server.stop('immediate')
    await office.server.start()
  }
  const all = await booked
  await expectTruth(show, all)
  expect(all.filter(({ lostConnection }) => lostConnection).length).toBeGreaterThan(5)
})

test(`backends are terminated all the time during 200 bookings: every client gets the true result (seed ${seed})`, async () => {
  const show = await office.createShow(150)
  const dice = diceFor('terminations')
  let answers = 0
  const booked = bookAll(show, dice, { calls: 160, processes: 40, atOnce: 4 }, () => answers++)
  let terminated = 0
  const isOver = () => answers === 200
  const terminating = until(async () => {
    const { rows } = await office.server.run(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'tickets' and state <> 'idle'
       order by md5(pid::text || '${dice.whole(1, 1e9)}') limit 1`,
    )
    terminated += rows.length
    return isOver()
  })
  await expectTruth(show, await booked)
  await terminating
  expect(terminated).toBeGreaterThan(20)
})

/** The answer to one client. */
interface Answer {
  customer: string
  /** The status of the booking, or the code of the error. */
  word: string
  seats?: number[] | undefined
  /** A process that lost its connection and continued. */
  lostConnection?: boolean
}

/** Bookings by the library on eight connections, and by `atOnce` processes at a time. */
async function bookAll(
  show: string,
  dice: Dice,
  { calls, processes, atOnce }: { calls: number; processes: number; atOnce: number },
  onAnswer: () => void,
): Promise<Answer[]> {
  const anyRequest = () =>
    dice.pick([{ count: 1 }, { count: 2 }, { seats: String(dice.whole(1, 100)) }] as const)
  const requestsOf = (who: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ customer: `${who} ${i}`, ...anyRequest() }))
  // With a long wait, as recovery takes time on a busy machine.
  const clerks = Array.from({ length: 8 }, () => office.open({ waitMs: 120_000 }))
  // Connect before the failure: a client does not wait for a server that is down when it first
  // connects.
  await Promise.all(clerks.map((clerk) => clerk.findShow(show)))
  let next = 0
  const answers = await Promise.all([
    inWaves(requestsOf('call', calls), 8, async (request) => {
      const answer = await call(clerks[next++ % 8]!, show, request)
      onAnswer()
      return answer
    }),
    inWaves(requestsOf('process', processes), atOnce, async ({ customer, ...wanted }) => {
      const args = Object.entries(wanted).flatMap(([name, value]) => [`--${name}`, String(value)])
      const { document, exitCode, stderr } = await startBooking(
        office.url,
        [show, '--customer', customer, ...args],
        { [STATS_VARIABLE]: '1' },
      ).ended
      onAnswer()
      const { retries, rest } = readRetryLines(stderr)
      const word = document.status ?? document.error?.code ?? `exit ${exitCode}: ${rest}`
      return { customer, word, seats: document.seats, lostConnection: retries.includes('lost') }
    }),
  ])
  return answers.flat()
}

type Request = Parameters<Tickets['book']>[1] & { customer: string }

async function call(clerk: Tickets, show: string, request: Request): Promise<Answer> {
  const { customer } = request
  return clerk.book(show, request).then(
    ({ booking }) => ({ customer, word: booking.status, seats: booking.seats }),
    (error) => ({ customer, word: error.code ?? String(error) }),
  )
}

/** Each confirmed client has its seats, each refused client has none, and no client is in doubt. */
async function expectTruth(show: string, answers: Answer[]): Promise<void> {
  const bookings = await office.bookings(show)
  for (const { customer, word, seats } of answers) {
    const own = bookings.filter((booking) => booking.customer === customer)
    if (word === 'DB_UNREACHABLE') {
      // A process that started while the server was down.
      expect(customer).toMatch(/^process/)
      expect(own).toEqual([])
    } else if (word === 'CONFIRMED') {
      expect(own).toMatchObject([{ status: 'CONFIRMED', seats }])
    } else {
      expect(word).toBeOneOf(['SEATS_TAKEN', 'NOT_ENOUGH_SEATS'])
      expect(own).toMatchObject([{ status: 'FAILED', failure: word }])
    }
  }
  const words = answers.map(({ word }) => word)
  expect(words.filter((word) => word === 'CONFIRMED').length).toBeGreaterThan(50)
  expect(words).toContain('SEATS_TAKEN')
  await office.expectSound(show)
}
