import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { SeatSet } from 'tickets'
import { program } from '../child.js'
import { withHttpServer } from '../http-server.js'
import { interleave } from '../measure.js'
import { compare, type Measurement } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const plainServer = fileURLToPath(new URL('../plain-server.mjs', import.meta.url))

/** Houses, how many times the stand-in's rate is aimed for, and how many seats are sold before. */
const HOUSES = [
  { seats: 1000, sold: 0, atLeast: 20 },
  { seats: 20_000, sold: 10_000, atLeast: 50 },
]
const CONNECTIONS = [64, 256]

/** A sale that opens at noon, seen by browsers: one show at a time, everybody at once. */
export const http: Section = {
  name: 'http',
  title: 'One hot show over HTTP: confirmed, durable bookings a second',
  async run({ server, isQuick }) {
    const database = await server.createDatabase('http')
    await addOriginalTables(database)
    const env = { PATH: process.env.PATH, HOME: server.directory, DATABASE_URL: database.url }
    const ours = [program, 'serve', '--port', '0']
    const standIn = [plainServer, JSON.stringify(database.connection)]
    const seconds = isQuick ? 1 : 5
    const measurements = await withHttpServer(ours, env, ({ url }) =>
      withHttpServer(standIn, env, async (plain) => {
        const measured: Measurement[] = []
        for (const { seats, sold, atLeast } of HOUSES) {
          for (const connections of isQuick ? CONNECTIONS.slice(0, 1) : CONNECTIONS) {
            const sale = { seats, sold, connections, seconds }
            const samples = await interleave(isQuick ? 1 : 3, {
              ours: () => bookingRate(url, sale, () => addHouse(database, sale)),
              plain: () => bookingRate(plain.url, sale, () => addOriginal(database, sale)),
            })
            const house = `a house of ${seats.toLocaleString('en-GB')}, ${connections} connections`
            const base = { what: 'one at a time', samples: samples.plain }
            measured.push({
              ...compare(`HTTP, ${house}`, samples.ours, 'bookings/s', base),
              targets: [{ of: 'ratio', atLeast }],
            })
          }
        }
        return measured
      }),
    )
    await assertHonest(database)
    return {
      measurements,
      notes: [
        'The stand-in is Fastify and Knex, one transaction a booking, the seats as an array. Half of the large house is sold before.',
      ],
    }
  },
}

interface Sale {
  seats: number
  sold: number
  connections: number
  seconds: number
}

/** Books seat after seat, and in the next house when one is sold out; those confirmed a second. */
async function bookingRate(
  url: string,
  { seats, sold, connections, seconds }: Sale,
  addShow: () => Promise<string>,
): Promise<number> {
  // Enough for the fastest: a house must not be made while it is waited for.
  const free = seats - sold
  const shows = await inTurn(Math.ceil((seconds * 25_000) / free), addShow)
  let n = 0
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        setupRequest(request) {
          const seat = sold + (n % free) + 1
          const show = shows[Math.floor(n++ / free)]
          return { ...request, path: `/shows/${show}/book`, body: `{"seats":[${seat}]}` }
        },
      },
    ],
  })
  if (result.non2xx + result.errors + result.timeouts > 0) {
    throw new Error(`${result.non2xx} refused, ${result.errors} errors, ${result.timeouts} lost.`)
  }
  return result['2xx'] / result.duration
}

async function inTurn<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < count; i++) results.push(await work())
  return results
}

function addHouse(database: BenchDatabase, { seats, sold }: Sale): Promise<string> {
  return addShow(database, seats, { sold: SeatSet.of(firstSeats(sold), seats) })
}

async function addOriginalTables({ sql }: BenchDatabase): Promise<void> {
  await sql(`create table original_shows (id uuid primary key, booked_seats integer[] not null,
    updated_at timestamptz not null default now())`)
  await sql(`create table original_bookings (id uuid primary key, show_id uuid not null
    references original_shows (id), seats integer[] not null, status text not null,
    updated_at timestamptz not null default now())`)
}

async function addOriginal({ sql }: BenchDatabase, { sold }: Sale): Promise<string> {
  const id = randomUUID()
  await sql('insert into original_shows (id, booked_seats) values ($1, $2)', [id, firstSeats(sold)])
  return id
}

function firstSeats(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

/** Whatever was answered, no seat may have been sold twice. */
async function assertHonest({ sql }: BenchDatabase): Promise<void> {
  const [row] = await sql<{ n: number }>(
    `select count(*)::int as n from (
       select show_id, seat from bookings, unnest(seats) as seat where status = 'CONFIRMED'
       group by show_id, seat having count(*) > 1
     ) as twice`,
  )
  if (row?.n !== 0) throw new Error(`${row?.n} seats were sold twice.`)
}
