import { afterEach, describe, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type DatabaseProxy, isStatement, type Message, openProxy } from '../support/proxy.js'
import { isWaitingForLock } from '../support/shows.js'
import { until } from '../support/until.js'

/**
 * Three precautions against selling a seat twice: the lock puts changes in order; the comparison
 * repeats a write of a show that has changed since it was read; the check constraint refuses a
 * wrong result. The clerks run the real program. The tests remove the lock and the comparison from
 * its statements in a proxy, and drop the check from a separate database.
 */
interface Precautions {
  lock: boolean
  comparison: boolean
  check: boolean
}

const ALL: Precautions = { lock: true, comparison: true, check: true }

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean()
})

describe('with the lock', () => {
  test('two clerks race for seat 5: one gets it, the other is refused, no constraint fires', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], ALL)
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'SEATS_TAKEN'])
    expect(await soldSeats()).toEqual([5])
  })

  test('the lock alone is enough: without comparison and check, seat 5 is still sold once', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], {
      ...ALL,
      comparison: false,
      check: false,
    })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'SEATS_TAKEN'])
    expect(await soldSeats()).toEqual([5])
  })

  test('six clerks make twenty bookings each for thirty seats: no constraint ever fires', async () => {
    const { db, show, clerks } = await house(6, ALL)
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
  test('two clerks race for seat 5: one gets it, the other is refused', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], { ...ALL, lock: false })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'SEATS_TAKEN'])
    expect(await soldSeats()).toEqual([5])
  })

  const changes: Record<string, (clerk: Tickets, input: ChangeInput) => Promise<unknown>> = {
    'a sale': (clerk, { show, free }) => clerk.book(show, { seats: `A${free}` }),
    'a move': (clerk, { sold, free }) => clerk.moveBooking(sold, { to: `A${free + 1}` }),
    'a cancellation': (clerk, { sold }) => clerk.cancelBooking(sold),
    'another size': (clerk, { show, size }) => clerk.editShow(show, { totalSeats: size }),
    'another plan': (clerk, { show, plan }) => clerk.editShow(show, { plan }),
  }

  // A move and a plan do not change the number of sold seats, so the check cannot detect them.
  test.each(
    Object.keys(changes).flatMap((late) => [
      [late, 'a move'],
      [late, 'another plan'],
    ]),
  )('%s that read the house before %s does not overwrite it', async (late, early) => {
    const { db, clerks, show, proxy } = await house(2, { ...ALL, lock: false })
    const [slow, quick] = clerks as [Tickets, Tickets]
    const sold = async (seats: string) => (await quick.book(show, { seats })).booking.id
    const inputs = [
      { show, sold: await sold('A1'), free: 11, size: 40, plan: 'A 30-1' },
      { show, sold: await sold('A2'), free: 21, size: 50, plan: 'A 2-30 1' },
    ] as const
    let release = () => {}
    const reached = new Promise<void>((isReached) => {
      let isHeld = false
      proxy.decide((message) => {
        if (message.from === 'client') without(message.bytes, { ...ALL, lock: false })
        if (isHeld || !writesShow(message)) return 'pass'
        isHeld = true
        isReached()
        return new Promise((resolve) => {
          release = resolve
        })
      })
    })
    const slowChange = changes[late]!(slow, inputs[0])
    await reached
    let isDone = false
    const quickChange = changes[early]!(quick, inputs[1]).finally(() => {
      isDone = true
    })
    // By then, a new plan has written the bookings, and holds their locks.
    await until(async () => isDone || (await isWaitingForLock(db)))
    release()
    await quickChange
    const error = await slowChange.then(
      () => null,
      ({ code }) => code,
    )
    // A house with a plan has the size of its plan.
    const isRefused = late === 'another size' && early === 'another plan'
    expect(error).toBe(isRefused ? 'INVALID_INPUT' : null)
    expect((await quick.verify()).violations).toEqual([])
  })
})

describe('without the lock and without the comparison', () => {
  test.each([
    ['the same seat sold twice', ['5', '5']],
    ['a sale that overwrites the one before', ['5', '6']],
  ])('the check refuses %s', async (_, seats) => {
    const { outcomes, soldSeats } = await race(seats, {
      ...ALL,
      lock: false,
      comparison: false,
    })
    expect(outcomes.sort()).toEqual(['CONFIRMED', 'refused by shows_count_matches_bits'])
    expect(await soldSeats()).toHaveLength(1)
  })
})

describe('without all three', () => {
  test('two clerks race for seat 5: it is sold twice, so these tests can see it', async () => {
    const { outcomes, soldSeats } = await race(['5', '5'], {
      lock: false,
      comparison: false,
      check: false,
    })
    expect(outcomes).toEqual(['CONFIRMED', 'CONFIRMED'])
    expect(await soldSeats()).toEqual([5, 5])
  })
})

/** What a clerk changes in a show: a booking, free seats, and a size or a plan that fit it. */
interface ChangeInput {
  show: string
  sold: string
  free: number
  size: number
  plan: string
}

/** Two clerks who both read the house before either writes, unless the lock prevents it. */
async function race(seats: readonly string[], precautions: Precautions) {
  const { db, show, clerks, proxy } = await house(seats.length, precautions)
  let arrived = 0
  proxy.decide(async (message) => {
    if (message.from === 'client') without(message.bytes, precautions)
    if (writesShow(message)) {
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
  const { id } = await clerks[0]!.createShow({
    name: 'Macbeth',
    startTime,
    totalSeats: 30,
    seatsPerRow: 30,
  })
  return { db, show: id, clerks, proxy }
}

async function outcomeOf(clerk: Tickets, show: string, seats: string): Promise<string> {
  return clerk.book(show, { seats }).then(
    ({ booking }) => booking.status,
    (error) => (error.constraint ? `refused by ${error.constraint}` : error.code),
  )
}

/** Whether this statement, on its way to the server, writes the row of a show. */
function writesShow(message: Message): boolean {
  return isStatement(message, 'update shows') || isStatement(message, 'update "shows"')
}

/**
 * Overwrites the missing precautions in a statement with spaces, as if the programmer had forgotten
 * them.
 */
function without(bytes: Buffer, { lock, comparison }: Precautions): void {
  if (!lock) replace(bytes, 'for update', '          ')
  if (!comparison) replace(bytes, 'and xmin', 'or  xmin')
}

function replace(bytes: Buffer, clause: string, other: string): void {
  const at = bytes.indexOf(clause)
  if (at >= 0) bytes.write(other, at, 'latin1')
}

async function soldSeats({ sql }: TestDatabase): Promise<number[]> {
  const rows = await sql<{ seat: number }>(
    `select unnest(seats) as seat from bookings where status = 'CONFIRMED' order by seat`,
  )
  return rows.map(({ seat }) => seat)
}
