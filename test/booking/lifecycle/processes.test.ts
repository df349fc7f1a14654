import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTickets, type Tickets, TicketsError } from '../../../src/index.js'
import { inWaves } from '../../support/booking-process.js'
import { bareEnvironment, program, tickets as run } from '../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { type Dice, diceFor } from '../../support/dice.js'
import { openProxy } from '../../support/proxy.js'
import { contradictions } from '../../support/replay.js'
import { insertShow } from '../../support/shows.js'

let db: TestDatabase
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere', connections: 8 })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

test('a process that is killed at any point of a move to another show leaves the old seats or the new ones', async () => {
  const from = await insertShow(db, { seats: 10 })
  const to = await insertShow(db, { seats: 10 })
  const { booking } = await tickets.book(from, { seats: '1-2' })
  const proxy = await openProxy(db.url)
  const ends = new Set<string>()
  for (let fatal = 1, isAlive = false; !isAlive; fatal++) {
    let child: ChildProcess | undefined
    let messages = 0
    proxy.decide((message) => {
      // A Query or a Sync ends each write of the client: being killed before it has the same
      // effect.
      if (message.from !== 'client' || !/^[QSX]$/.test(message.type)) return 'pass'
      if (messages > 0 || /begin/i.test(message.text)) messages++
      // What was sent still arrives: the server does not notice that its client is dead.
      if (messages === fatal) child?.kill('SIGKILL')
      return 'pass'
    })
    child = spawn(
      process.execPath,
      [program, 'booking', 'move', booking.id, '--to', '5-6', '--to-show', to],
      {
        stdio: 'ignore',
        env: { ...bareEnvironment, DATABASE_URL: proxy.url },
      },
    )
    const [code, signal] = await once(child, 'exit')
    isAlive = code === 0
    expect(isAlive || signal === 'SIGKILL').toBe(true)
    // The dead process holds the lock until the server notices; this call waits for it.
    await db.sql('select 1 from shows where id = any($1) order by id for update', [[from, to]])
    const [here, there] = [await tickets.viewShow(from), await tickets.viewShow(to)]
    const end = JSON.stringify([[...here.booked], [...there.booked]])
    expect(['[[1,2],[]]', '[[],[5,6]]']).toContain(end)
    expect((await tickets.findBooking(booking.id)).showId).toBe(end === '[[1,2],[]]' ? from : to)
    ends.add(end)
    if (end !== '[[1,2],[]]') await tickets.moveBooking(booking.id, { to: '1-2', toShow: from })
  }
  await proxy.close()
  expect(ends.size).toBe(2)
  expect((await tickets.verify()).violations).toEqual([])
  expect(await contradictions(db)).toEqual([])
})

const PROCESSES = Number(process.env.TICKETS_LIFE_PROCESSES ?? 100)

test(`${PROCESSES} processes and eight connections book, hold, confirm, cancel, move and check in: the history records all of it`, async () => {
  const SEATS = 30
  const show = await insertShow(db, { seats: SEATS, seatsPerRow: 10, name: 'Chaos' })
  // These keep their seats throughout, so that the report has seats in each state.
  await tickets.book(show, { count: 1, hold: 'forever' })
  await tickets.book(show, { count: 1, hold: 3_600_000 })
  await goThroughAllStates(tickets, show)
  const references: string[] = []
  const dice = diceFor('life')
  const remember = (reference?: string) => reference && references.push(reference)
  for (let i = 0; i < 6; i++) {
    remember(
      (await tickets.book(show, { count: 2, ...(i % 2 && { hold: 60_000 }) })).booking.reference,
    )
  }

  const lines = Array.from({ length: PROCESSES }, () => commandLine(dice, show, references))
  const codes = inWaves(lines, 40, async (line) => {
    const ran = await run([...line(), '--json', '--operator', 'process'], { db: db.url })
    remember(ran.json().reference)
    return ran.exitCode
  })
  const calls = inWaves(Array.from({ length: 200 }), 8, async () => {
    try {
      remember(await randomStep(tickets, dice, show, references))
    } catch (error) {
      if (!(error instanceof TicketsError) || !EXPECTED.has(error.code)) throw error
    }
  })
  // Done, refused, or more seats than the booking still has.
  for (const code of await codes) expect([0, 2, 4]).toContain(code)
  await calls

  expect((await tickets.verify()).violations).toEqual([])
  expect(await contradictions(db)).toEqual([])
  const actions = await db.sql<{ action: string }>(
    'select distinct action from history where show_id = $1 and booking_id is not null',
    [show],
  )
  expect(actions.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['confirmed', 'held', 'cancelled', 'reduced', 'moved', 'checked in']),
  )
  // From here on, no hold expires between two reads.
  await db.sql(
    `update bookings set held_until = now() + interval '1 hour'
     where show_id = $1 and held_until > clock_timestamp()`,
    [show],
  )
  const { capacity, rows, operators } = await tickets.reportOnShow(show)
  const counts = await countSeats(show)
  expect(capacity).toEqual({ total: SEATS, ...counts })
  for (const state of ['sold', 'held', 'house', 'free'] as const) {
    expect(rows?.reduce((sum, row) => sum + row[state], 0)).toBe(counts[state])
  }
  expect(counts.sold + counts.held + counts.house + counts.free).toBe(SEATS)
  const { booked, held, confirmedSeats, heldSeats } = await tickets.viewShow(show)
  expect([booked.size, confirmedSeats]).toEqual([counts.sold, counts.sold])
  expect([held.size, heldSeats]).toEqual(Array(2).fill(counts.held + counts.house))
  const net = operators.reduce((sum, { sold, returned }) => sum + sold - returned, 0)
  expect(net).toBe(capacity.sold)
})

/**
 * The other calls find free seats to move to only by chance; the history must record at least one
 * move.
 */
async function goThroughAllStates(box: Tickets, show: string) {
  const { reference } = (await box.book(show, { seats: '4-6', hold: 60_000 })).booking
  await box.confirmBooking(reference)
  await box.moveBooking(reference, { to: '7-9' })
  await box.cancelBooking(reference, { seats: '9' })
  await box.checkIn(reference)
  await box.checkIn(reference, { undo: true })
  await box.cancelBooking(reference)
}

/**
 * The seats in each state according to the bookings, and the free seats according to a request for
 * each.
 */
async function countSeats(show: string) {
  const [row] = await db.sql<Record<'sold' | 'held' | 'house' | 'free', number>>(
    `with taken as (
       select seat, status, held_until from bookings, unnest(seats) as seat
       where show_id = $1
         and (status = 'CONFIRMED'
              or status = 'HELD' and coalesce(held_until > clock_timestamp(), true))
     )
     select (select count(*)::int from taken where status = 'CONFIRMED') as sold,
            (select count(*)::int from taken where held_until is not null) as held,
            (select count(*)::int from taken
             where status = 'HELD' and held_until is null) as house,
            (select count(*)::int from shows, generate_series(1, total_seats) as seat
             where id = $1 and seat not in (select seat from taken)) as free`,
    [show],
  )
  return row!
}

/** Refusals. Any other error is a bug, or a wait that was too short. */
const EXPECTED = new Set(['SEATS_TAKEN', 'NOT_ENOUGH_SEATS', 'WRONG_STATE', 'INVALID_INPUT'])

async function randomStep(box: Tickets, dice: Dice, show: string, references: string[]) {
  const reference = dice.pick(references)
  const seat = dice.whole(1, 29)
  switch (dice.whole(1, 9)) {
    case 1:
      return (await box.book(show, { seats: [seat, seat + 1] })).booking.reference
    case 2:
      // Some expire at once, some while others read them.
      return (await box.book(show, { count: 3, hold: dice.whole(1, 50) })).booking.reference
    case 3:
      return (await box.confirmBooking(reference)).booking.reference
    case 4: {
      const { seats } = await box.findBooking(reference)
      const part = { seats: String(dice.pick(seats)) }
      return (await box.confirmBooking(reference, part)).booking.reference
    }
    case 5:
      return void (await box.cancelBooking(reference))
    case 6: {
      const { seats } = await box.findBooking(reference)
      return void (await box.cancelBooking(reference, { seats: String(dice.pick(seats)) }))
    }
    case 7: {
      const { seats } = await box.findBooking(reference)
      const to = Array.from(seats, (_, i) => ((seat + i) % 30) + 1)
      return void (await box.moveBooking(reference, { to }))
    }
    case 8:
      return void (await box.checkIn(reference))
    default:
      return void (await box.checkIn(reference, { undo: true }))
  }
}

/** A command line that is built when it is run: by then there are more references. */
function commandLine(dice: Dice, show: string, references: string[]): () => string[] {
  const kind = dice.whole(1, 6)
  const seat = dice.whole(1, 28)
  return () => {
    const reference = dice.pick(references)
    switch (kind) {
      case 1:
        return ['book', show, '--seats', `${seat}-${seat + 1}`]
      case 2:
        return ['book', show, '--count', '2', '--hold', '100ms']
      case 3:
        return ['booking', 'confirm', reference]
      case 4:
        return ['booking', 'cancel', reference, '-y']
      case 5:
        return ['booking', 'check-in', reference, ...(seat % 2 ? ['--undo'] : [])]
      default:
        return ['booking', 'move', reference, '--to', `${seat}-${seat + 1}`]
    }
  }
}
