import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SeatSet } from 'tickets-box-office'
import { program } from '../child.js'
import type { Contender as CrowdContender } from '../crowd.js'
import { startLoad } from '../http-load.js'
import { withHttpServer } from '../http-server.js'
import { ours as libraryOf } from '../ours.js'
import { compare, type Measurement } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import { withWorkers } from '../worker.js'
import type { Section } from './section.js'

const plainServer = fileURLToPath(new URL('../plain-server.mjs', import.meta.url))

/**
 * Houses: the target as a multiple of the stand-in's rate, and the number of seats that are sold
 * beforehand.
 */
const HOUSES = [
  { seats: 1000, sold: 0, atLeast: 20 },
  { seats: 20_000, sold: 10_000, atLeast: 50 },
]
const CONNECTIONS = [64, 256]
/** Where HTTP is compared with the library: in the first house, with the same number of callers. */
const LIBRARY_CALLERS = 256
const ROUNDS = 5
const WARM_UP_MS = 3000
/** How long a load runs before it is measured, and how long it is measured. */
const RAMP_MS = 1000
const WINDOW_MS = 1500
/** The slowest server needs less time for a booking. */
const SETTLED_MS = 500
/**
 * Enough houses for this many bookings a second, so that none has to be created during a
 * measurement.
 */
const MOST_A_SECOND = 25_000

/** The start of a sale, with browsers: one show at a time, all clients at once. */
export const http: Section = {
  name: 'http',
  title: 'One hot show over HTTP: confirmed, durable bookings a second',
  async run({ server, isQuick, progress }) {
    const database = await server.createDatabase('http')
    await addOriginalTables(database)
    const env = { PATH: process.env.PATH, HOME: server.directory, DATABASE_URL: database.url }
    const ours = [program, 'serve', '--port', '0']
    const standIn = [plainServer, JSON.stringify(database.connection)]
    const library = { file: 'library.mjs', args: [database.url] }
    const measurements = await withWorkers({ library }, ({ library }) =>
      withHttpServer(ours, env, ({ url }) =>
        withHttpServer(standIn, env, (plain) =>
          measureAll(
            {
              database,
              ours: { url, table: 'bookings', addHouse: addHouse(database) },
              plain: {
                url: plain.url,
                table: 'original_bookings',
                addHouse: addOriginal(database),
              },
              library: libraryOf(library, database),
            },
            { isQuick, progress },
          ),
        ),
      ),
    )
    await assertHonest(database)
    return {
      measurements,
      notes: [
        'Counted in the database while clients book one seat a request.',
        'The stand-in is Fastify and Knex, one transaction a booking, the seats as an array. Half of the large house is sold before.',
      ],
    }
  },
}

/** One of the two servers, and the table of its bookings. */
interface Contender {
  url: string
  table: 'bookings' | 'original_bookings'
  /** Creates a house, and returns the id of its show. */
  addHouse(sale: Sale): Promise<string>
}

interface Contenders {
  database: BenchDatabase
  ours: Contender
  plain: Contender
  library: CrowdContender
}

interface Sale {
  seats: number
  sold: number
  connections: number
}

async function measureAll(
  { database, ours, plain, library }: Contenders,
  { isQuick, progress }: { isQuick: boolean; progress(sentence: string): void },
): Promise<Measurement[]> {
  const windowMs = isQuick ? 500 : WINDOW_MS
  const rate = (contender: Contender, sale: Sale, rampMs = isQuick ? 200 : RAMP_MS) =>
    bookingRate(database, contender, { ...sale, rampMs, windowMs })
  const warmUp = { ...HOUSES[0]!, connections: 64 }
  for (const contender of [ours, plain]) {
    await rate(contender, warmUp, isQuick ? 200 : WARM_UP_MS)
  }
  const measured: Measurement[] = []
  for (const { atLeast, ...house } of HOUSES) {
    for (const connections of CONNECTIONS) {
      const what = `HTTP, a house of ${house.seats.toLocaleString('en-GB')}, ${connections} connections`
      progress(what)
      const isSameAsLibrary = connections === LIBRARY_CALLERS && house.sold === 0
      const samples = { ours: [] as number[], plain: [] as number[], library: [] as number[] }
      for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
        samples.ours.push(await rate(ours, { ...house, connections }))
        samples.plain.push(await rate(plain, { ...house, connections }))
        if (!isSameAsLibrary) continue
        const sale = await library.sell({ callers: LIBRARY_CALLERS, seats: house.seats })
        samples.library.push(sale.perSecond)
      }
      const base = { what: 'one at a time', samples: samples.plain }
      measured.push({
        ...compare(what, samples.ours, 'bookings/s', base),
        targets: [{ of: 'ratio', atLeast }],
      })
      if (isSameAsLibrary) {
        const library = {
          what: `the library, ${LIBRARY_CALLERS} callers`,
          samples: samples.library,
        }
        measured.push({
          ...compare(what, samples.ours, 'bookings/s', library),
          targets: [{ of: 'ratio', atLeast: 0.6 }],
        })
      }
    }
  }
  return measured
}

/**
 * Books seat after seat, and in the next house when one is sold out. Returns the confirmed bookings
 * a second.
 */
async function bookingRate(
  database: BenchDatabase,
  contender: Contender,
  { rampMs, windowMs, ...sale }: Sale & { rampMs: number; windowMs: number },
): Promise<number> {
  const { seats, sold, connections } = sale
  const houses = Math.ceil(((rampMs + windowMs) / 1000) * (MOST_A_SECOND / (seats - sold)))
  const shows = await inTurn(houses, () => contender.addHouse(sale))
  const confirmed = async () => {
    const at = performance.now()
    const [row] = await database.sql<{ n: number }>(
      `select count(*)::int as n from ${contender.table}
       where status = 'CONFIRMED' and show_id = any($1)`,
      [shows],
    )
    return { n: row!.n, at }
  }
  const load = startLoad({ url: contender.url, connections, shows, sold, seats })
  await sleep(rampMs)
  const before = await confirmed()
  await sleep(windowMs)
  const after = await confirmed()
  const responses = await load.stop()
  const { n: made } = await untilSettled(confirmed)
  if (responses > made)
    throw new Error(`${responses} bookings were answered for, and ${made} are there.`)
  return ((after.n - before.n) / (after.at - before.at)) * 1000
}

/**
 * Waits until a server has finished the requests that the clients left behind, which would disturb
 * the next load.
 */
async function untilSettled<T extends { n: number }>(look: () => Promise<T>): Promise<T> {
  for (let before = await look(); ; ) {
    await sleep(SETTLED_MS)
    const now = await look()
    if (now.n === before.n) return now
    before = now
  }
}

async function inTurn<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < count; i++) results.push(await work())
  return results
}

function addHouse(database: BenchDatabase) {
  return ({ seats, sold }: Sale) =>
    addShow(database, seats, { sold: SeatSet.of(firstSeats(sold), seats) })
}

async function addOriginalTables({ sql }: BenchDatabase): Promise<void> {
  await sql(`create table original_shows (id uuid primary key, booked_seats integer[] not null,
    updated_at timestamptz not null default now())`)
  await sql(`create table original_bookings (id uuid primary key, show_id uuid not null
    references original_shows (id), seats integer[] not null, status text not null,
    updated_at timestamptz not null default now())`)
}

function addOriginal({ sql }: BenchDatabase) {
  return async ({ sold }: Sale) => {
    const id = randomUUID()
    const booked = firstSeats(sold)
    await sql('insert into original_shows (id, booked_seats) values ($1, $2)', [id, booked])
    return id
  }
}

function firstSeats(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

/** No seat may have been sold twice, regardless of the answers. */
async function assertHonest({ sql }: BenchDatabase): Promise<void> {
  const [row] = await sql<{ n: number }>(
    `select count(*)::int as n from (
       select show_id, seat from bookings, unnest(seats) as seat where status = 'CONFIRMED'
       group by show_id, seat having count(*) > 1
     ) as twice`,
  )
  if (row?.n !== 0) throw new Error(`${row?.n} seats were sold twice.`)
}
