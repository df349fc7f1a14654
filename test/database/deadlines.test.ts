import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTickets } from '../../src/index.js'
import { startBooking } from '../support/booking-process.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { ask, serveHere } from '../support/http.js'
import {
  type Decision,
  isCommit,
  isCommitted,
  isStatement,
  type Message,
  openProxy,
} from '../support/proxy.js'
import { insertShow } from '../support/shows.js'
import { until } from '../support/until.js'

/** Networks that drop data without an error. */

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const never = new Promise<void>(() => {})

/** From the first message that matches on, nothing passes on its connection. */
function dropFrom(isFirst: (message: Message) => boolean): (message: Message) => Decision {
  const dropped = new Set<number>()
  return (message) => {
    if (isFirst(message)) dropped.add(message.connection)
    return dropped.has(message.connection) ? never : 'pass'
  }
}

const dropped: [what: string, isFirst: (message: Message) => boolean, inDoubt: boolean][] = [
  ['everything', () => true, false],
  ['the first statement', ({ from, type }) => from === 'client' && type === 'Q', false],
  ['the record', (message) => isStatement(message, 'insert into bookings'), false],
  ['the lock', (message) => isStatement(message, 'for update'), false],
  ['the verdict', (message) => isStatement(message, 'update bookings'), false],
  ['COMMIT', isCommit, true],
  [
    'the reply to COMMIT',
    (message) => message.hasLocked && message.text.endsWith('COMMIT\0'),
    true,
  ],
]

describe.concurrent('a booking on a network that drops', () => {
  test.each(dropped)(
    '%s ends by itself, and claims no more than it knows',
    async (what, isFirst, inDoubt) => {
      const show = await insertShow(db, { name: what })
      const proxy = await openProxy(db.url)
      proxy.decide(dropFrom(isFirst))
      const { exitCode, document } = await startBooking(proxy.url, [
        show,
        '--seats',
        '5',
        '--wait',
        '1s',
      ]).ended
      await proxy.close()
      expect([exitCode, document.error?.code]).toEqual(
        inDoubt ? [5, 'IN_DOUBT'] : [6, 'DB_UNREACHABLE'],
      )
      // A booking in doubt is named, so that it can be looked up.
      const names = expect.stringMatching(/`tickets booking view [2-9A-Z]{4}-[2-9A-Z]{4}`/)
      expect(document.error?.message).toEqual(
        inDoubt ? names : expect.not.stringContaining('booking view'),
      )
    },
  )

  test.skipIf(!existsSync('/proc/self/stat'))(
    'nothing: a process that is stopped for longer than its deadline still reads its reply',
    async () => {
      const show = await insertShow(db, { name: 'stopped' })
      const proxy = await openProxy(db.url)
      const { child, ended } = startBooking(proxy.url, [show, '--seats', '5', '--wait', '0s'])
      let stoppedAt = 0
      proxy.decide(async (message) => {
        if (!isCommit(message)) return
        // The server gets COMMIT while the process is stopped, so that the process cannot have read
        // the reply.
        child.kill('SIGSTOP')
        await until(async () => / T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')))
        stoppedAt = performance.now()
      })
      await until(() => stoppedAt > 0 && performance.now() - stoppedAt > 13_000)
      child.kill('SIGCONT')
      const { exitCode, document } = await ended
      await proxy.close()
      expect([exitCode, document.status]).toEqual([0, 'CONFIRMED'])
    },
  )
})

test('in a batch that is in doubt, each caller gets the reference of its own booking only', async () => {
  const show = await insertShow(db)
  const proxy = await openProxy(db.url)
  const box = openTickets({ database: proxy.url, env: {}, waitMs: 0 })
  await box.book(show, { seats: '9' })
  proxy.decide((message) => (isCommitted(message) ? 'cut before' : 'pass'))
  const ends = await Promise.allSettled(['1', '2', '3'].map((seats) => box.book(show, { seats })))
  await box.close()
  await proxy.close()
  const references = ends.map((end) => {
    const { code, message } = end.status === 'rejected' ? end.reason : {}
    expect([code, message]).toEqual(['IN_DOUBT', expect.stringContaining('`tickets booking view ')])
    return [...new Set<string>(message.match(/[2-9A-Z]{4}-[2-9A-Z]{4}/g))]
  })
  const sold = await db.sql<{ reference: string }>(
    `select left(reference, 4) || '-' || right(reference, 4) as reference from bookings
     where show_id = $1 and seats <> '{9}' order by seats`,
    [show],
  )
  expect(references).toEqual(sold.map(({ reference }) => [reference]))
})

test('a server whose connections go silent is not ready, and sells again without a restart', async () => {
  const show = await insertShow(db, { seats: 100 })
  const proxy = await openProxy(db.url)
  const server = await serveHere(proxy.url, { waitMs: 1000, connections: 2 })
  const book = () => ask(`${server.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  expect((await book()).status).toBe(201)
  expect((await ask(`${server.url}/readyz`)).status).toBe(200)

  proxy.decide(() => never)
  const stuck = [book(), book()]
  await until(async () => (await ask(`${server.url}/readyz`)).status === 503)
  const answers = (await Promise.all(stuck)).map(({ status, body }) => [status, body.error.code])
  expect(answers).toContainEqual([503, 'DB_UNREACHABLE'])
  // A request that waited behind another may not have been tried.
  for (const answer of answers)
    expect([
      [503, 'DB_UNREACHABLE'],
      [503, 'BUSY'],
    ]).toContainEqual(answer)
  proxy.decide(() => 'pass')
  await until(async () => (await ask(`${server.url}/readyz`)).status === 200)
  expect((await book()).status).toBe(201)
  await server.close()
  await proxy.close()
})
