import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRetryLines, STATS_VARIABLE } from '../../src/cli/retry-lines.js'
import { inWaves, startBooking } from '../support/booking-process.js'
import { diceFor, seed } from '../support/dice.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeAll(async () => {
  office = await openBoxOffice({ max_connections: '5' })
})
afterAll(() => office?.remove())

const customerName = (i: number) => `customer ${i}`

test(`150 processes at once on a server with few connections: each ends with 0, 4 or 5, and none with 5 that may wait for two minutes (seed ${seed})`, async () => {
  const isPatient = (i: number) => i % 2 === 0
  const ended = await crowd(150, (i) => (isPatient(i) ? ['--wait', '120s'] : []))
  ended.forEach(({ exitCode, document }, i) => {
    expect(exitCode).toBeOneOf(isPatient(i) ? [0, 4] : [0, 4, 5])
    if (exitCode === 5) expect(document.error).toMatchObject({ code: 'BUSY', retryable: true })
  })
  expect(ended.flatMap(({ stderr }) => readRetryLines(stderr).retries)).toContain('connect')
  const codes = ended.map(({ exitCode }) => exitCode)
  expect(codes).toContain(0)
  expect(codes).toContain(4)
})

test('60 processes at once with one key: they book once, and all print that booking', async () => {
  const show = await office.createShow(10)
  const args = [show, '--count', '2', '--key', 'one for all', '--wait', '120s']
  const ended = await allAtOnce(Array.from({ length: 60 }, () => args))
  expect(new Set(ended.map(({ exitCode }) => exitCode))).toEqual(new Set([0]))
  const [booking, ...others] = await office.bookings(show)
  expect(others).toEqual([])
  const printed = ended.map(({ document }) => document)
  const { replayed: _, ...first } = printed[0]!
  expect(first).toMatchObject({ id: booking!.id, status: 'CONFIRMED', seats: booking!.seats })
  for (const document of printed) expect(document).toMatchObject(first)
  expect(printed.filter(({ replayed }) => !replayed)).toHaveLength(1)
})

/** `processes` for a house with half as many seats, most of which want the front rows. */
async function crowd(size: number, argsOf: (i: number) => string[]) {
  const dice = diceFor(`crowd of ${size}`)
  const show = await office.createShow(size / 2)
  const ended = await allAtOnce(
    Array.from({ length: size }, (_, i) => {
      const seats = dice.pick([
        ['--count', '1'],
        ['--seats', String(dice.whole(1, size / 10))],
      ])
      return [show, ...seats, '--customer', customerName(i), ...argsOf(i)]
    }),
  )
  const bookings = new Map(
    (await office.bookings(show)).map((booking) => [booking.customer, booking]),
  )
  ended.forEach(({ exitCode, document }, i) => {
    const booking = bookings.get(customerName(i))
    const status = { 0: 'CONFIRMED', 4: 'FAILED' }[exitCode as 0 | 4] ?? 'PENDING'
    expect(booking?.status ?? 'PENDING').toBe(status)
    if (exitCode === 0) expect(booking).toMatchObject({ id: document.id, seats: document.seats })
  })
  await office.expectSound(show)
  return ended
}

/**
 * Starts them all without waiting for any. On two cores, nearly all of them run at the same time:
 * several times as many as the server has connections.
 */
function allAtOnce(invocations: string[][]) {
  return inWaves(
    invocations,
    invocations.length,
    (args) => startBooking(office.url, args, { [STATS_VARIABLE]: '1' }).ended,
  )
}
