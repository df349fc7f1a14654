import { env } from 'node:process'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BookingOutcome, openTickets, type Tickets, TicketsError } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import {
  type Answer,
  type Books,
  booking,
  cancelling,
  confirming,
  looking,
  type Moment,
  moving,
  preview,
  type SeatRequest,
  timePassing,
} from '../support/house-model.js'
import { explain, type Observed } from '../support/linearizable.js'
import { contradictions } from '../support/replay.js'
import { insertShow } from '../support/shows.js'

/*
 * A failure prints the seed and the path of fast-check, and the history that no order explains. To
 * repeat the same commands (their interleaving may differ):
 *
 *   TICKETS_MODEL_SEED=42 TICKETS_MODEL_PATH=7:1:0 npx vitest run --config test/vitest.config.ts test/booking/model.test.ts
 *
 * For more runs, set TICKETS_MODEL_RUNS=5000. To add a command, add an entry to `commands` (what a
 * clerk does), its moments to house-model.ts (what it means), and an arbitrary to `anyCommand`.
 */
const runs = Number(env.TICKETS_MODEL_RUNS ?? 200)
const seed = Number(env.TICKETS_MODEL_SEED ?? 20_260_101)

const TOTAL_SEATS = 6
const SEATS_PER_ROW = 4

let db: TestDatabase
let offices: Tickets[]
beforeAll(async () => {
  db = await cloneDatabase()
  offices = Array.from({ length: 3 }, () => openTickets({ database: db.url, connections: 3 }))
})
afterAll(async () => {
  await Promise.all(offices.map((office) => office.close()))
  await db.drop()
})

it('concurrent operations have the same result as running them one at a time', {
  timeout: 60_000 + runs * 2000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyScript, async (script) => {
      const house = { seats: TOTAL_SEATS, seatsPerRow: SEATS_PER_ROW }
      const shows = [await insertShow(db, house), await insertShow(db, house)]
      const history = await play(script, shows)
      const empty: Books = {
        totalSeats: TOTAL_SEATS,
        seatsPerRow: SEATS_PER_ROW,
        bookings: {},
        keys: {},
      }
      if (explain(empty, history) === undefined) {
        throw new Error(`No order explains this:\n${history.map(({ label }) => label).join('\n')}`)
      }
      for (const show of shows) {
        const verified = await offices[0]!.verify({ show })
        expect(verified).toMatchObject({ ok: true, violations: [] })
      }
    }),
    {
      numRuns: runs,
      seed,
      ...(env.TICKETS_MODEL_PATH && { path: env.TICKETS_MODEL_PATH }),
    },
  )
  expect(await contradictions(db)).toEqual([])
})

type Command =
  | { do: 'book'; request: SeatRequest }
  | { do: 'preview'; request: SeatRequest }
  | { do: 'cancel'; nth: number; part: Part }
  | { do: 'confirm'; nth: number; part: Part }
  | { do: 'move'; nth: number; to: number[]; toShow: number | undefined }
  | { do: 'look'; at: number }
  | { do: 'wait' }

/** Some seats of a booking, as indexes into its last known seats; or all of them. */
type Part = number[] | 'all'

/** Where a command runs. */
interface Context {
  office: Tickets
  /** The ids of the shows. */
  shows: string[]
  /** Bookings that a clerk has seen, with their last known seats. */
  known: Map<string, number[]>
}

/** Runs each command. Resolves with its meaning, or with undefined if there was nothing to do. */
const commands: {
  [Name in Command['do']]: (
    context: Context,
    command: Extract<Command, { do: Name }>,
  ) => Promise<{ answer: unknown; moments: Moment[] } | undefined>
} = {
  async book(context, { request }) {
    const { show, held, key, ...wanted } = request
    const answer = await answerOf(
      context,
      context.office.book(context.shows[show]!, {
        ...wanted,
        // An hour, which only `wait` lets pass: nothing depends on the speed of the machine.
        ...(held && { hold: held === 'forever' ? held : 3_600_000 }),
        ...(key && { key: `${context.shows[0]} ${key}` }),
      }),
    )
    return { answer, moments: booking(request, answer) }
  },

  async preview({ office, shows }, { request: { show, seats, count } }) {
    const wanted = seats ? { seats } : { count: count! }
    const answer = await office
      .preview(shows[show]!, wanted)
      .then((free): Answer => ({ seats: free }), refusal)
    return { answer, moments: preview({ show, ...wanted }, answer) }
  },

  async cancel(context, { nth, part }) {
    const [id, has] = knownBooking(context, nth)
    if (id === undefined) return undefined
    const seats = partOf(has, part)
    const answer = await answerOf(context, context.office.cancelBooking(id, asSpec(seats)))
    return { answer: { booking: id, seats, ...answer }, moments: cancelling(id, seats, answer) }
  },

  async confirm(context, { nth, part }) {
    const [id, has] = knownBooking(context, nth)
    if (id === undefined) return undefined
    const seats = partOf(has, part)
    const answer = await answerOf(context, context.office.confirmBooking(id, asSpec(seats)))
    return { answer: { booking: id, seats, ...answer }, moments: confirming(id, seats, answer) }
  },

  async move(context, { nth, to: order, toShow }) {
    const [id, has] = knownBooking(context, nth)
    if (id === undefined) return undefined
    const to = order.slice(0, has.length)
    const target = toShow === undefined ? {} : { toShow: context.shows[toShow]! }
    const answer = await answerOf(context, context.office.moveBooking(id, { to, ...target }))
    return { answer: { booking: id, to, ...answer }, moments: moving(id, { to, toShow }, answer) }
  },

  async look({ office, shows }, { at }) {
    const { booked, held } = await office.viewShow(shows[at]!)
    const answer = { booked: [...booked], held: [...held] }
    return { answer, moments: looking(at, answer) }
  },

  /** Locks both shows, as time passes for all of them at the same moment. */
  async wait({ shows }) {
    const ids = shows.map((show) => `'${show}'`).join()
    await db.sql(`begin; select 1 from shows where id in (${ids}) order by id for update;
      update bookings set held_until = clock_timestamp() - interval '1 second'
      where show_id in (${ids}) and status = 'HELD' and held_until is not null; commit`)
    return { answer: undefined, moments: timePassing() }
  },
}

function knownBooking({ known }: Context, nth: number): [string, number[]] | [undefined, []] {
  return [...known][nth % known.size] ?? [undefined, []]
}

function partOf(seats: number[], part: Part): number[] | undefined {
  const places = part === 'all' ? [] : part.filter((place) => place < seats.length)
  return places.length === 0 ? undefined : places.map((place) => seats[place]!)
}

function asSpec(seats: number[] | undefined): { seats?: string } {
  return seats === undefined ? {} : { seats: seats.join() }
}

interface Script {
  /** What was booked before the clerks start. */
  before: Command[]
  /** The commands of each clerk, one after another; the clerks run at the same time. */
  clerks: Command[][]
}

const anySeats = fc
  .uniqueArray(fc.integer({ min: 1, max: TOTAL_SEATS }), { minLength: 1, maxLength: 3 })
  .map((seats) => seats.sort((a, b) => a - b))
const anyWanted = fc.oneof(
  anySeats.map((seats) => ({ seats })),
  fc.integer({ min: 1, max: 4 }).map((count) => ({ count })),
)
/** Mostly one house, so that the requests conflict. */
const anyShow = fc.constantFrom(0, 0, 0, 1)
const anyRequest: fc.Arbitrary<SeatRequest> = fc
  .tuple(
    anyShow,
    anyWanted,
    fc.option(fc.constantFrom('forever', 'briefly'), { nil: undefined }),
    fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined }),
  )
  .map(([show, wanted, held, key]) => ({
    show,
    ...wanted,
    ...(held && { held }),
    ...(key && { key }),
  }))
/** With few keys and few requests, a key is used again with the same request and with another. */
const anyKeyedRequest: fc.Arbitrary<SeatRequest> = fc.constantFrom<SeatRequest>(
  { show: 0, seats: [1, 2], key: 'k1' },
  { show: 0, seats: [1, 2], key: 'k2' },
  { show: 0, count: 3, key: 'k1' },
  { show: 0, count: 2, held: 'briefly', key: 'k2' },
)
const anyNth = fc.nat({ max: 5 })
const anyPart: fc.Arbitrary<Part> = fc.oneof(
  fc.constant<Part>('all'),
  fc.uniqueArray(fc.nat({ max: 2 }), { minLength: 1, maxLength: 2 }),
)
const allSeats = Array.from({ length: TOTAL_SEATS }, (_, i) => i + 1)
const anyOrder = fc.shuffledSubarray(allSeats, { minLength: TOTAL_SEATS })
const anyGoal = fc.constantFrom(undefined, undefined, 0, 1)
const anyBooking = anyRequest.map((request): Command => ({ do: 'book', request }))
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: anyBooking },
  { weight: 4, arbitrary: anyKeyedRequest.map((request): Command => ({ do: 'book', request })) },
  { weight: 2, arbitrary: anyRequest.map((request): Command => ({ do: 'preview', request })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('cancel', 'confirm'), anyNth, anyPart)
      .map(([name, nth, part]): Command => ({ do: name, nth, part })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(anyNth, anyOrder, anyGoal)
      .map(([nth, to, toShow]): Command => ({ do: 'move', nth, to, toShow })),
  },
  { weight: 2, arbitrary: fc.constant<Command>({ do: 'wait' }) },
  { weight: 1, arbitrary: anyShow.map((at): Command => ({ do: 'look', at })) },
)
/** What random commands would rarely produce: a hold that expires before it is confirmed. */
const expiredHold: fc.Arbitrary<Command[]> = fc
  .tuple(anySeats, anyNth)
  .map(([seats, nth]): Command[] => [
    { do: 'book', request: { show: 0, seats, held: 'briefly' } },
    { do: 'wait' },
    { do: 'confirm', nth, part: 'all' },
  ])
const anyScript: fc.Arbitrary<Script> = fc.record({
  before: fc.array(anyBooking, { maxLength: 3 }),
  clerks: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.array(anyCommand, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: expiredHold },
    ),
    { minLength: 2, maxLength: 5 },
  ),
})

/**
 * Runs all clerks, and reads the houses at the end. Returns the observations in the order of the
 * calls.
 */
async function play(script: Script, shows: string[]): Promise<Observed<Books>[]> {
  const history: Observed<Books>[] = []
  const known: Context['known'] = new Map()
  let now = 0
  const perform = async (clerk: number, command: Command) => {
    const called = now++
    // Five clerks in three offices: some share a queue and a batch, some only the database.
    const context = { office: offices[clerk % offices.length]!, shows, known }
    const seen = await commands[command.do](context, command as never)
    if (seen === undefined) return
    const answered = now++
    const label = `[${called}-${answered}] clerk ${clerk}: ${JSON.stringify(command)} => ${JSON.stringify(seen.answer)}`
    history.push({ label, called, answered, steps: seen.moments })
  }
  for (const command of script.before) await perform(0, command)
  await Promise.all(
    script.clerks.map(async (tasks, clerk) => {
      for (const command of tasks) await perform(clerk, command)
    }),
  )
  for (const at of shows.keys()) await perform(0, { do: 'look', at })
  return history.sort((a, b) => a.called - b.called)
}

function answerOf(
  { shows, known }: Context,
  outcome: Promise<BookingOutcome & { hadExpired?: boolean }>,
): Promise<Answer> {
  return outcome.then(
    ({ booking: { id, showId, status, seats }, replayed, hadExpired }) => {
      known.set(id, seats)
      const late = hadExpired === undefined ? {} : { hadExpired }
      return { id, show: shows.indexOf(showId), status, seats, replayed, ...late }
    },
    (error) => {
      const answer = refusal(error)
      // A refused request has a booking too: FAILED, which no other command may change.
      if (answer.id !== undefined) known.set(answer.id, error.outcome.booking.seats)
      return answer
    },
  )
}

/** The answer that a refusal is. Any other error is thrown. */
function refusal(error: unknown): Answer {
  if (!(error instanceof TicketsError)) throw error
  const { code, seats, outcome } = error
  return {
    code,
    ...(seats && { seats }),
    ...(outcome && { id: outcome.booking.id, replayed: outcome.replayed }),
  }
}
