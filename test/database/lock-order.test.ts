import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type DatabaseProxy, isStatement, type Message, openProxy } from '../support/proxy.js'
import { insertShow } from '../support/shows.js'
import { until } from '../support/until.js'

/** BEGIN, the lock and what is read under it go to the server together, and in this order. */

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

const isBegin = (message: Message) => isStatement(message, 'BEGIN')
const isLock = (message: Message) => isStatement(message, 'for update')
const isRead = (message: Message) => isStatement(message, 'union all')

test('none of the three waits for the answer to the one before it', async () => {
  const sent: string[] = []
  let answers = 0
  proxy.decide(async (message) => {
    if (isBegin(message)) sent.push('begin')
    if (isLock(message)) sent.push('lock')
    if (isRead(message)) sent.push('read')
    // From BEGIN on, the server's word is withheld until all three are with it.
    if (message.from !== 'server' || !sent.includes('begin') || answers > 0) return
    await until(() => sent.length === 3)
    answers++
  })
  await tickets.book(show, { seats: '5' })
  expect(sent).toEqual(['begin', 'lock', 'read'])
})

test('what is read has seen the hold that was committed while the lock was waited for', async () => {
  let isRecorded = false
  let isHolding = false
  proxy.decide(async (message) => {
    if (isBegin(message) && !isRecorded) {
      isRecorded = true
      await until(() => isHolding)
    }
    if (isStatement(message, 'COMMIT') && !isHolding) {
      isHolding = true
      await until(async () => (await db.sql('select from pg_locks where not granted')).length > 0)
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

test('a BEGIN that fails lets nothing be written, and the next booking is as good as any', async () => {
  spoil('BEGIN')
  await expect(tickets.book(show, { seats: '5' })).rejects.toThrow('BEGUM')
  expect(await tickets.viewShow(show)).toMatchObject({ confirmedSeats: 0 })
  await expect(tickets.book(show, { seats: '5' })).resolves.toMatchObject({ replayed: false })
})

test('a COMMIT or ROLLBACK that fails leaves no transaction for the next booking to run in', async () => {
  spoil('COMMIT')
  await expect(tickets.book(show, { seats: '5' })).rejects.toThrow('COMMUM')
  await expect(tickets.book(show, { seats: '5' })).resolves.toMatchObject({ replayed: false })
  spoil('ROLLBACK')
  await expect(tickets.cancelShow(show, 17)).rejects.toThrow('ROLLBAUM')
  await expect(tickets.book(show, { seats: '6' })).resolves.toMatchObject({ replayed: false })
})

test('a show whose BEGIN fails is not created', async () => {
  spoil('BEGIN')
  const startTime = new Date('2030-01-01T19:00Z')
  const created = tickets.createShow({ name: 'Hamlet', startTime, totalSeats: 10 })
  await expect(created).rejects.toThrow('BEGUM')
  expect(await db.sql('select name from shows')).toEqual([{ name: 'Cats' }])
})

/** The server will not understand the next of these statements. */
function spoil(statement: string): void {
  let isSpoilt = false
  proxy.decide((message) => {
    if (!isSpoilt && isStatement(message, statement)) {
      message.bytes.write('UM', message.bytes.indexOf(statement) + statement.length - 2)
      isSpoilt = true
    }
    return 'pass'
  })
}
