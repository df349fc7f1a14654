import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Booking, openTickets, type Tickets, TicketsError } from '../../../src/index.js'
import { startBooking } from '../../support/booking-process.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { diceFor } from '../../support/dice.js'
import { contradictions } from '../../support/replay.js'

let db: TestDatabase
let editor: Tickets
/** Clients that share nothing, like separate processes. */
let clients: Tickets[]
beforeAll(async () => {
  db = await cloneDatabase()
  const open = () => openTickets({ database: db.url, env: {}, cwd: '/nowhere' })
  editor = open()
  clients = Array.from({ length: 6 }, open)
})
afterAll(async () => {
  await Promise.all([editor, ...clients].map((box) => box.close()))
  await db.drop()
})

const HOUSE = 'section Stalls\nA  1-20\nB  1-20\nC  1-20\nsection Circle\nA  1-20\n'
const PLANS = [
  `section Box\nA  1-9\n${HOUSE}`,
  HOUSE.replace('A  1-20', 'A  99 1-10 98 97 11-20').replace('C  1-20', 'C  20-1'),
  'section Circle\nA  1-20\nsection Stalls\nC  1-20\nB  1-20\nA  1-20\n',
  HOUSE,
]

it('bookings, holds, moves, returns and check-ins keep their labels while the plan changes back and forth', async () => {
  const dice = diceFor('plan races')
  const startTime = new Date('2040-12-25T19:00:00Z')
  const { id: show } = await editor.createShow({ name: 'Lear', startTime, plan: HOUSE })
  const kinds = ['Stalls A', 'Stalls B', 'Stalls C', 'Circle A']
  const receipts: string[] = []
  /** The last answer about each booking. */
  const answers = new Map<string, { status: string; labels: string[] }>()
  const record = ({ id, reference, showId, status, seats, seatLabels }: Booking) => {
    answers.set(id, { status, labels: seatLabels.toSorted() })
    const answer = { id, reference, show_id: showId, status, seats, seat_labels: seatLabels }
    receipts.push(`${JSON.stringify(answer)}\n`)
  }
  const seat = () => `${dice.pick(kinds)}${dice.whole(1, 20)}`
  const refused = (error: unknown) => {
    if (error instanceof TicketsError && error.code !== 'BUSY') return undefined
    throw error
  }
  /** One clerk, whose next step depends on the answer to the previous one. */
  const work = async (box: Tickets) => {
    const mine: string[] = []
    for (let step = 0; step < 20; step++) {
      const wanted = seat()
      const [what, one] = [dice.whole(0, 9), mine[dice.whole(0, mine.length - 1)]]
      if (what < 5 || one === undefined) {
        const request = what === 4 ? { count: 1, section: 'circle' } : { seats: wanted }
        const key = `${step} ${wanted} ${mine}`
        const sold = await box
          .book(show, { ...request, key, ...(what === 3 && { hold: 'forever' as const }) })
          .catch(refused)
        if (sold === undefined) continue
        expect('seats' in request ? sold.booking.seatLabels : [wanted]).toEqual([wanted])
        record(sold.booking)
        mine.push(sold.booking.id)
      } else if (what < 7) {
        const moved = await box.moveBooking(one, { to: wanted }).catch(refused)
        if (moved) expect(moved.booking.seatLabels).toEqual([wanted])
        if (moved) record(moved.booking)
      } else if (what === 7) {
        const { booking } = await box.cancelBooking(one).catch(() => ({ booking: undefined }))
        if (booking) record(booking)
      } else if (what === 8) {
        await box.checkIn(one).catch(refused)
      } else {
        const { booking } = await box.confirmBooking(one).catch(() => ({ booking: undefined }))
        if (booking) record(booking)
      }
    }
  }
  let isSelling = true
  const editing = (async () => {
    for (let n = 0; isSelling || n < PLANS.length; n++) {
      await editor.editShow(show, { plan: PLANS[n % PLANS.length] })
    }
  })()
  const processes = Array.from({ length: 8 }, async (_, i) => {
    const seats = `Stalls ${'ABC'[i % 3]}${2 * i + 1}`
    const { exitCode, stdout, document } = await startBooking(db.url, [show, '--seats', seats])
      .ended
    expect([0, 4]).toContain(exitCode)
    if (exitCode !== 0) return
    const { id, status, seat_labels } = document as Required<typeof document>
    expect(seat_labels).toEqual([seats])
    answers.set(id, { status, labels: seat_labels })
    receipts.push(stdout)
  })
  await Promise.all([...processes, ...clients.map(work)]).finally(() => {
    isSelling = false
  })
  await editing
  async function* against() {
    yield Buffer.from(receipts.join(''))
  }
  expect(await editor.verify({ against: against() })).toMatchObject({ violations: [] })
  expect(await contradictions(db)).toEqual([])
  // How many bookings succeed depends on the order in which the clerks and processes run.
  expect(answers.size).toBeGreaterThan(20)
  for (const [id, { status, labels }] of answers) {
    const booking = await editor.findBooking(id)
    expect([booking.status, booking.seatLabels.toSorted()]).toEqual([status, labels])
  }
})
