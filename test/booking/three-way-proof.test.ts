import { afterEach, describe, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type DatabaseProxy, isStatement, openProxy } from '../support/proxy.js'
import { isWaitingForLock } from '../support/shows.js'
import { until } from '../support/until.js'

/**
 * The lock gives order, the check gives proof. The clerks here are the real ones; the lock is taken
 * out on the wire, where the product cannot reach, and the check in a database of the test's own.
 */
interface Precautions {
  lock: boolean
  check: boolean
}

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean()
})

describe('with the lock', () => {
  test('two clerks race for seat 5: one gets it, the other is refused, no constraint fires', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], { lock: true, check: true })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'SEATS_TAKEN'])
    expect(await soldSeats()).toEqual([5])
  })

  test('it alone is enough: without the check, seat 5 is still sold once', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], { lock: true, check: false })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'SEATS_TAKEN'])
    expect(await soldSeats()).toEqual([5])
  })

  test('six clerks with twenty bookings each for thirty seats: no constraint ever fires', async () => {
    const { db, show, clerks } = await house(6, { lock: true, check: true })
    const outcomes = await Promise.all(
      clerks.map(async (clerk, i) => {
        const own: string[] = []
        for (let n = 0; n < 20; n++) {
          own.push(await outcomeOf(clerk, show, `${((n * 7 + i) % 30) + 1}`))
        }
        return own
      }),
    )
    expect(outcomes.flat().filter((outcome) => outcome === 'CONFIRMED')).toHaveLength(30)
    expect(outcomes.flat().filter((outcome) => outcome === 'SEATS_TAKEN')).toHaveLength(90)
    expect(await soldSeats(db)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })
})

describe('without the lock', () => {
  test.each([
    ['the same seat sold twice', ['5', '5']],
    ['a sale that overwrites the one before', ['5', '6']],
  ])('the check refuses %s', async (_, seats) => {
    const { outcomes, soldSeats } = await race(seats, { lock: false, check: true })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'refused by shows_count_matches_bits'])
    expect(await soldSeats()).toHaveLength(1)
  })
})

describe('without the lock and without the check', () => {
  test('two clerks race for seat 5: it is sold twice, so these tests can see it', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], { lock: false, check: false })
    expect(outcomes).toEqual(['CONFIRMED', 'CONFIRMED'])
    expect(await soldSeats()).toEqual([5, 5])
  })
})

/** Two clerks who both have read the house before either writes, unless the lock forbids it. */
async function race(seats: readonly string[], precautions: Precautions) {
  const { db, show, clerks, proxy } = await house(seats.length, precautions)
  let arrived = 0
  proxy.decide(async (message) => {
    if (!precautions.lock && message.from === 'client') withoutLock(message.bytes)
    if (isStatement(message, 'update shows')) {
      arrived++
      await until(async () => arrived >= seats.length || (await isWaitingForLock(db)))
    }
  })
  const outcomes = await Promise.all(clerks.map((clerk, i) => outcomeOf(clerk, show, seats[i]!)))
  return { outcomes, soldSeats: () => soldSeats(db) }
}

async function house(clerkCount: number, { check }: Precautions) {
  const db = await cloneDatabase()
  cleanUp.push(() => db.drop())
  if (!check) await db.sql('alter table shows drop constraint shows_count_matches_bits')
  const proxy: DatabaseProxy = await openProxy(db.url)
  cleanUp.push(() => proxy.close())
  const clerks = Array.from({ length: clerkCount }, () => openTickets({ database: proxy.url }))
  cleanUp.push(() => Promise.all(clerks.map((clerk) => clerk.close())))
  const startTime = new Date('2031-01-01T19:00:00Z')
  const { id } = await clerks[0]!.createShow({ name: 'Macbeth', startTime, totalSeats: 30 })
  return { db, show: id, clerks, proxy }
}

async function outcomeOf(clerk: Tickets, show: string, seats: string): Promise<string> {
  return clerk.book(show, { seats }).then(
    ({ booking }) => booking.status,
    (error) => (error.constraint ? `refused by ${error.constraint}` : error.code),
  )
}

const lockClause = Buffer.from('for update')

/** Blanks the lock out of a statement: what a programmer who forgot it would have sent. */
function withoutLock(bytes: Buffer): void {
  const at = bytes.indexOf(lockClause)
  if (at >= 0) bytes.fill(' ', at, at + lockClause.length)
}

async function soldSeats({ sql }: TestDatabase): Promise<number[]> {
  const rows = await sql<{ seat: number }>(
    `select unnest(seats) as seat from bookings where status = 'CONFIRMED' order by seat`,
  )
  return rows.map(({ seat }) => seat)
}
