import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBooking } from '../support/booking-process.js'
import { isStatement, openProxy } from '../support/proxy.js'
import { until } from '../support/until.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeAll(async () => {
  office = await openBoxOffice()
})
afterAll(() => office?.remove())

// All at the same time: each of them waits ten seconds for a time-out of the server.
test.concurrent.each([
  ['and books', 0, { seat: '2', giveUp: false, word: 'CONFIRMED' }],
  ['to find the seat sold', 4, { seat: '1', giveUp: false, word: 'SEATS_TAKEN' }],
  ['to find the record given up', 5, { seat: '2', giveUp: true, word: 'ABANDONED' }],
])(
  'a process that is stopped while it holds the lock: others get through, and it wakes up %s: exit code %i',
  async (_, exit, { seat, giveUp, word }) => {
    const show = await office.createShow(10)
    const proxy = await openProxy(office.url)
    let release = () => {}
    let isUnderLock = false
    proxy.decide((message) => {
      if (isUnderLock || !isStatement(message, 'update shows')) return 'pass'
      isUnderLock = true
      return new Promise((resolve) => {
        release = resolve
      })
    })
    const stopped = startBooking(proxy.url, [show, '--seats', seat, '--wait', '60s'])
    await until(() => isUnderLock)
    stopped.child.kill('SIGSTOP')
    release()
    if (giveUp) {
      await office.server.run(
        `update bookings set pending_until = now() - interval '1 second' where show_id = '${show}'`,
      )
    }
    const other = await startBooking(office.url, [show, '--seats', '1']).ended
    expect([other.exitCode, other.document.seats]).toEqual([0, [1]])

    stopped.child.kill('SIGCONT')
    const { exitCode, document } = await stopped.ended
    expect([exitCode, document.status ?? document.error?.code]).toEqual([exit, word])
    const [mine] = await office.bookings(show)
    expect(mine).toMatchObject(
      exit === 0 ? { status: word, seats: [2] } : { status: 'FAILED', failure: word },
    )
    await office.expectSound(show)
    await proxy.close()
  },
)
