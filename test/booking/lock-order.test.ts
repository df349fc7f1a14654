import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import {
  type DatabaseProxy,
  isCommit,
  isControl,
  isStatement,
  type Message,
  openProxy,
} from '../support/proxy.js'
import { insertShow, isWaitingForLock } from '../support/shows.js'
import { until } from '../support/until.js'

/** BEGIN, the lock and the read under it are sent to the server together, in this order. */

let db: TestDatabase
let proxy: DatabaseProxy
let tickets: Tickets
let show: string
beforeEach(async () => {
  db = await cloneDatabase()
  proxy = await openProxy(db.url)
  show = await insertShow(db)
  tickets = openTickets({ database: proxy.url })
})
afterEach(async () => {
  await tickets.close()
  await proxy.close()
  await db.drop()
})

const isBegin = (message: Message) => isControl(message, 'BEGIN')
const isRecord = (message: Message) => isStatement(message, 'insert into bookings')
const isLock = (message: Message) => isStatement(message, 'for update')
const isRead = (message: Message) => isStatement(message, 'union all')

test('BEGIN, the lock and the read are sent without waiting for replies', async () => {
  const sent: string[] = []
  let isRecorded = false
  let answers = 0
  proxy.decide(async (message) => {
    if (isRecord(message)) isRecorded = true
    if (isBegin(message) && isRecorded) sent.push('begin')
    if (isLock(message)) sent.push('lock')
    if (isRead(message)) sent.push('read')
    // From BEGIN on, hold back the replies of the server until it has all three.
    if (message.from !== 'server' || !sent.includes('begin') || answers > 0) return
    await until(() => sent.length === 3)
    answers++
  })
  await tickets.book(show, { seats: '5' })
  expect(sent).toEqual(['begin', 'lock', 'read'])
})

test('the read sees the hold that was committed while the lock was waited for', async () => {
  let isRecorded = false
  let isHolding = false
  proxy.decide(async (message) => {
    if (isLock(message) && !isRecorded) {
      isRecorded = true
      await until(() => isHolding)
    }
    if (isCommit(message) && !isHolding) {
      isHolding = true
      await until(() => isWaitingForLock(db))
    }
  })
  const late = openTickets({ database: proxy.url })
  const refused = expect(late.book(show, { seats: '5' })).rejects.toMatchObject({
    code: 'SEATS_TAKEN',
  })
  await until(() => isRecorded)
  await tickets.book(show, { seats: '5', hold: 'forever' })
  await refused
  await late.close()
})

/** The transactions of one booking, each with a BEGIN and a COMMIT. */
const nth = [1, 2, 3, 4]

test.each(nth)(
  'when BEGIN number %i fails, nothing is sold, and the next booking succeeds',
  async (n) => {
    const wasSent = corrupt('BEGIN', n)
    await expect(tickets.book(show, { seats: '5' })).rejects.toThrow('BEGUM')
    expect(wasSent()).toBe(true)
    expect(await tickets.viewShow(show)).toMatchObject({ confirmedSeats: 0 })
    await expect(tickets.book(show, { seats: '5' })).resolves.toMatchObject({ replayed: false })
  },
)

test.each(nth)(
  'when COMMIT number %i fails, the next booking does not run in its transaction',
  async (n) => {
    const wasSent = corrupt('COMMIT', n)
    await expect(tickets.book(show, { seats: '5' })).rejects.toThrow('COMMUM')
    expect(wasSent()).toBe(true)
    await expect(tickets.book(show, { seats: '5' })).resolves.toMatchObject({ replayed: false })
  },
)

test('when ROLLBACK fails, the next booking does not run in the open transaction', async () => {
  corrupt('ROLLBACK')
  await expect(tickets.cancelShow(show, 17)).rejects.toThrow('ROLLBAUM')
  await expect(tickets.book(show, { seats: '6' })).resolves.toMatchObject({ replayed: false })
})

test.each([1, 2])('when BEGIN number %i fails, the show is not created', async (n) => {
  corrupt('BEGIN', n)
  const startTime = new Date('2030-01-01T19:00Z')
  const created = tickets.createShow({ name: 'Hamlet', startTime, totalSeats: 10 })
  await expect(created).rejects.toThrow('BEGUM')
  expect(await db.sql('select name from shows')).toEqual([{ name: 'Cats' }])
})

/**
 * Makes the nth of these statements a syntax error. Returns a function that reports whether it was
 * sent.
 */
function corrupt(statement: Parameters<typeof isControl>[1], n = 1): () => boolean {
  let seen = 0
  proxy.decide((message) => {
    if (isControl(message, statement) && ++seen === n) {
      message.bytes.write('UM', message.bytes.indexOf(statement) + statement.length - 2)
    }
    return 'pass'
  })
  return () => seen >= n
}
