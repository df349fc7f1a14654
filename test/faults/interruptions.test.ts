import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { signalAndWait, startBooking } from '../support/booking-process.js'
import {
  type DatabaseProxy,
  isCommit,
  isCommitted,
  isStatement,
  openProxy,
} from '../support/proxy.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
let proxy: DatabaseProxy
beforeAll(async () => {
  office = await openBoxOffice()
  proxy = await openProxy(office.url)
})
afterEach(() => proxy.decide(() => 'pass'))
afterAll(async () => {
  await proxy?.close()
  await office?.remove()
})

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

test.each(signals)(
  '%s under the lock rolls back: %i, and the seat is free',
  async (signal, code) => {
    const show = await office.createShow(10)
    const { child, ended } = startBooking(proxy.url, [show, '--seats', '7'])
    proxy.decide((message) => {
      if (!isStatement(message, 'update bookings')) return 'pass'
      child.kill(signal)
      // From here on, the program acts without the help of the server.
      return ended.then(() => {})
    })
    const { exitCode, document } = await ended
    expect([exitCode, document.error?.code]).toEqual([code, 'INTERRUPTED'])
    expect(await office.bookings(show)).toMatchObject([{ status: 'PENDING' }])
    const next = await startBooking(office.url, [show, '--seats', '7']).ended
    expect([next.exitCode, next.document.seats]).toEqual([0, [7]])
    await office.expectSound(show)
  },
)

/** COMMIT has not reached the server, or its reply has not come back. */
const moments = [isCommit, isCommitted]

test.skipIf(!existsSync('/proc/self/status')).each(signals)(
  '%s during COMMIT: the program waits for the result and reports it',
  async (signal) => {
    const show = await office.createShow(10)
    const ways = moments.flatMap((isIt) =>
      ['--json', '--no-color'].map((format) => ({ isIt, format })),
    )
    for (const [i, { isIt, format }] of ways.entries()) {
      const seat = i + 1
      const { child, ended } = startBooking(proxy.url, [show, '--seats', `${seat}`, format])
      let isHandled = false
      proxy.decide(async (message) => {
        if (!isIt(message)) return
        // Hold the message back until the program has received the signal.
        await signalAndWait(child, signal)
        isHandled = true
      })
      const { exitCode, stdout } = await ended
      const booking = (await office.bookings(show)).find(({ seats }) => seats[0] === seat)
      expect([isHandled, booking?.status]).toEqual([true, 'CONFIRMED'])
      // The booking, or a sentence if its show could not be read.
      const confirmation = expect.stringMatching(new RegExp(`CONFIRMED|Booked 1 seat: ${seat}`))
      expect([exitCode, stdout]).toEqual([0, confirmation])
    }
    await office.expectSound(show)
  },
)

test.each(signals)(
  '%s after a COMMIT whose reply was lost: no output claims that nothing was booked',
  async (signal) => {
    const show = await office.createShow(10)
    const args = [show, '--seats', '7', '--key', `in doubt ${signal}`]
    const { child, ended } = startBooking(proxy.url, args)
    proxy.decide((message) => {
      if (isCommitted(message)) return 'cut before'
      if (message.connection === 1) return 'pass'
      // It retries, and gets no reply.
      child.kill(signal)
      return ended.then(() => {})
    })
    const { exitCode, document } = await ended
    const [booking] = await office.bookings(show)
    expect(booking).toMatchObject({ status: 'CONFIRMED', seats: [7] })
    expect([exitCode, document.error]).toEqual([
      5,
      expect.objectContaining({ code: 'IN_DOUBT', retryable: true }),
    ])
    expect(document.error?.message).toMatch(/may or may not be booked/)
    expect(document.error?.message).not.toMatch(/Interrupted|rolled back|Nothing was booked/)
    proxy.decide(() => 'pass')
    const known = await startBooking(office.url, args).ended
    expect([known.document.id, known.document.replayed]).toEqual([booking!.id, true])
    expect(document.error?.message).toContain(known.document.reference)
    await office.expectSound(show)
  },
)

test('a connection that ends right after COMMIT: the booking is confirmed', async () => {
  const show = await office.createShow(10)
  let isSold = false
  proxy.decide((message) => {
    isSold ||= isCommitted(message)
    // ReadyForQuery tells the program that COMMIT succeeded.
    return isSold && message.type === 'Z' ? 'cut after' : 'pass'
  })
  const args = [show, '--seats', '7', '--no-color', '--wait', '1s']
  const { exitCode, stdout } = await startBooking(proxy.url, args).ended
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('CONFIRMED: 7')])
})
