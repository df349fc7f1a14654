import { env } from 'node:process'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTickets, type Tickets, TicketsError } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import {
  type Answer,
  booking,
  cancelling,
  confirming,
  type House,
  looking,
  type Moment,
  preview,
  timePassing,
  type Wish,
} from '../support/house-model.js'
import { explain, type Observed } from '../support/linearizable.js'
import { insertShow } from '../support/shows.js'

/*
 * A failure prints fast-check's seed and path and the history that nobody can explain. The same
 * commands again, though chance has a hand in how they meet:
 *
 *   TICKETS_MODEL_SEED=42 TICKETS_MODEL_PATH=7:1:0 npx vitest run --config test/vitest.config.ts test/database/model.test.ts
 *
 * More of them: TICKETS_MODEL_RUNS=5000. A new command is an entry in `commands` (what a clerk
 * does), its moments in house-model.ts (what it means), and an arbitrary in `anyCommand`.
 */
const runs = Number(env.TICKETS_MODEL_RUNS ?? 400)
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

it('whatever clerks do at once, it is as if they had done it one at a time', {
  timeout: 60_000 + runs * 2000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyScript, async (script) => {
      const show = await insertShow(db, { seats: TOTAL_SEATS, seatsPerRow: SEATS_PER_ROW })
      const history = await play(script, show)
      const empty: House = {
        totalSeats: TOTAL_SEATS,
        seatsPerRow: SEATS_PER_ROW,
        bookings: {},
        keys: {},
      }
      if (explain(empty, history) === undefined) {
        throw new Error(`No order explains this:\n${history.map(({ label }) => label).join('\n')}`)
      }
      const verified = await offices[0]!.verify({ show })
      expect(verified).toMatchObject({ ok: true, violations: [] })
    }),
    {
      numRuns: runs,
      seed,
      ...(env.TICKETS_MODEL_PATH && { path: env.TICKETS_MODEL_PATH }),
    },
  )
})

type Command =
  | { do: 'book'; wish: Wish }
  | { do: 'preview'; wish: Wish }
  | { do: 'cancel'; nth: number }
  | { do: 'confirm'; nth: number }
  | { do: 'look' }
  | { do: 'wait' }

/** Where a command is carried out. */
interface Scene {
  office: Tickets
  show: string
  /** Ids of bookings that somebody has been told of. */
  known: string[]
}

/** What each command does; resolves with what it means, and undefined when there was nothing to do. */
const commands: {
  [Name in Command['do']]: (
    scene: Scene,
    command: Extract<Command, { do: Name }>,
  ) => Promise<{ told: unknown; moments: Moment[] } | undefined>
} = {
  async book({ office, show, known }, { wish }) {
    const { held, key, ...wanted } = wish
    const told = await answerOf(
      office.book(show, {
        ...wanted,
        // An hour that `wait` lets pass: nothing here depends on how fast the machine is.
        ...(held && { hold: held === 'forever' ? held : 3_600_000 }),
        ...(key && { key: `${show} ${key}` }),
      }),
    )
    if (told.id !== undefined && !known.includes(told.id)) known.push(told.id)
    return { told, moments: booking(wish, told) }
  },

  async preview({ office, show }, { wish: { seats, count } }) {
    const wanted = seats ? { seats } : { count: count! }
    const told = await office
      .preview(show, wanted)
      .then((free): Answer => ({ seats: free }), refusal)
    return { told, moments: preview(wanted, told) }
  },

  async cancel({ office, known }, { nth }) {
    const id = known[nth % known.length]
    if (id === undefined) return undefined
    const told = await answerOf(office.cancelBooking(id))
    return { told: { booking: id, ...told }, moments: cancelling(id, told) }
  },

  async confirm({ office, known }, { nth }) {
    const id = known[nth % known.length]
    if (id === undefined) return undefined
    const told = await answerOf(office.confirmBooking(id))
    return { told: { booking: id, ...told }, moments: confirming(id, told) }
  },

  async look({ office, show }) {
    const { booked, held } = await office.viewShow(show)
    const told = { booked: [...booked], held: [...held] }
    return { told, moments: looking(told) }
  },

  /** Under the show's lock, as time passes for everybody at the same moment. */
  async wait({ show }) {
    await db.sql(`begin; select 1 from shows where id = '${show}' for update;
      update bookings set held_until = clock_timestamp() - interval '1 second'
      where show_id = '${show}' and status = 'HELD' and held_until is not null; commit`)
    return { told: undefined, moments: timePassing() }
  },
}

/** What each clerk does, one thing after another, beside the others. */
type Script = Command[][]

const anySeats = fc
  .uniqueArray(fc.integer({ min: 1, max: TOTAL_SEATS }), { minLength: 1, maxLength: 3 })
  .map((seats) => seats.sort((a, b) => a - b))
const anyWanted = fc.oneof(
  anySeats.map((seats) => ({ seats })),
  fc.integer({ min: 1, max: 4 }).map((count) => ({ count })),
)
const anyWish: fc.Arbitrary<Wish> = fc
  .tuple(
    anyWanted,
    fc.option(fc.constantFrom('forever', 'briefly'), { nil: undefined }),
    fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined }),
  )
  .map(([wanted, held, key]) => ({ ...wanted, ...(held && { held }), ...(key && { key }) }))
/** With few keys and few requests, the same key comes with the same request, and with another. */
const anyKeyedWish: fc.Arbitrary<Wish> = fc.constantFrom<Wish>(
  { seats: [1, 2], key: 'k1' },
  { seats: [1, 2], key: 'k2' },
  { count: 3, key: 'k1' },
  { count: 2, held: 'briefly', key: 'k2' },
)
const anyNth = fc.nat({ max: 5 })
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: anyWish.map((wish): Command => ({ do: 'book', wish })) },
  { weight: 4, arbitrary: anyKeyedWish.map((wish): Command => ({ do: 'book', wish })) },
  { weight: 2, arbitrary: anyWanted.map((wish): Command => ({ do: 'preview', wish })) },
  { weight: 2, arbitrary: anyNth.map((nth): Command => ({ do: 'cancel', nth })) },
  { weight: 2, arbitrary: anyNth.map((nth): Command => ({ do: 'confirm', nth })) },
  { weight: 2, arbitrary: fc.constant<Command>({ do: 'wait' }) },
  { weight: 1, arbitrary: fc.constant<Command>({ do: 'look' }) },
)
/** What chance alone would rarely find: a hold that expires before somebody wants to pay for it. */
const lateBuyer: fc.Arbitrary<Command[]> = fc
  .tuple(anySeats, anyNth)
  .map(([seats, nth]): Command[] => [
    { do: 'book', wish: { seats, held: 'briefly' } },
    { do: 'wait' },
    { do: 'confirm', nth },
  ])
const anyScript: fc.Arbitrary<Script> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.array(anyCommand, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: lateBuyer },
  ),
  { minLength: 2, maxLength: 5 },
)

/** Lets every clerk work, and has a last look at the house; what was seen, in the order of the calls. */
async function play(script: Script, show: string): Promise<Observed<House>[]> {
  const history: Observed<House>[] = []
  const known: string[] = []
  let now = 0
  const perform = async (clerk: number, command: Command) => {
    const called = now++
    // Five clerks in three offices: some share a queue and a batch, some meet only in the database.
    const scene = { office: offices[clerk % offices.length]!, show, known }
    const seen = await commands[command.do](scene, command as never)
    if (seen === undefined) return
    const answered = now++
    const label = `[${called}-${answered}] clerk ${clerk}: ${JSON.stringify(command)} => ${JSON.stringify(seen.told)}`
    history.push({ label, called, answered, steps: seen.moments })
  }
  await Promise.all(
    script.map(async (tasks, clerk) => {
      for (const command of tasks) await perform(clerk, command)
    }),
  )
  await perform(0, { do: 'look' })
  return history.sort((a, b) => a.called - b.called)
}

function answerOf(outcome: ReturnType<Tickets['book']>): Promise<Answer> {
  return outcome.then(
    ({ booking: { id, status, seats }, replayed }) => ({ id, status, seats, replayed }),
    refusal,
  )
}

/** A refusal is an answer; anything unexpected is not. */
function refusal(error: unknown): Answer {
  if (!(error instanceof TicketsError)) throw error
  const { code, seats, outcome } = error
  return {
    code,
    ...(seats && { seats }),
    ...(outcome && { id: outcome.booking.id, replayed: outcome.replayed }),
  }
}
