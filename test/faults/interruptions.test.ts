import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startBooking } from '../support/booking-process.js'
import { type DatabaseProxy, isCommitted, isStatement, openProxy } from '../support/proxy.js'
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
      // What the program does now, it does without the server's help.
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

test.each(signals)(
  '%s while COMMIT is under way: its verdict is waited for, and told',
  async (signal) => {
    const show = await office.createShow(10)
    for (const [seat, format] of [
      ['7', '--json'],
      ['8', '--no-color'],
    ] as const) {
      const { child, ended } = startBooking(proxy.url, [show, '--seats', seat, format])
      proxy.decide((message) => {
        if (isCommitted(message)) child.kill(signal)
        return 'pass'
      })
      const { exitCode, stdout } = await ended
      const booking = (await office.bookings(show)).find(({ seats }) => seats[0] === Number(seat))
      expect(booking?.status).toBe('CONFIRMED')
      // The card, or, when its show could not be read any more, a sentence.
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/CONFIRMED|Booked 1 seat: 8/)])
    }
    await office.expectSound(show)
  },
)

test('a connection that ends right after COMMIT does not keep the confirmation from the clerk', async () => {
  const show = await office.createShow(10)
  let isSold = false
  proxy.decide((message) => {
    isSold ||= isCommitted(message)
    // With ReadyForQuery, the program knows.
    return isSold && message.type === 'Z' ? 'cut after' : 'pass'
  })
  const args = [show, '--seats', '7', '--no-color', '--wait', '1s']
  const { exitCode, stdout } = await startBooking(proxy.url, args).ended
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('CONFIRMED: 7')])
})
