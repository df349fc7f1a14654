import {
  type Answers,
  type Contender,
  type Crowd,
  checkAnswers,
  type Stored,
  showsFor,
  timesOf,
} from './crowd.js'
import type { BenchDatabase } from './server.js'
import { addShow } from './shows.js'
import type { Worker } from './worker.js'

const MOST_A_SECOND = 40_000

/** `tickets`, through the library: one process (library.mjs) with a few connections. */
export function ours(library: Worker, database: BenchDatabase): Contender {
  return {
    name: 'tickets',
    async sell(crowd) {
      const shows: string[] = []
      while (shows.length < showsFor(crowd, MOST_A_SECOND)) {
        shows.push(await addShow(database, crowd.seats))
      }
      if (crowd.isSoldOut) await sellOut(library, shows, crowd)
      const answers = await library.ask<Answers>('sell', { ...crowd, ...timesOf(crowd), shows })
      return checkAnswers(crowd, answers, await countBookings(database, shows, crowd))
    },
  }
}

async function sellOut(library: Worker, shows: string[], { seats }: Crowd): Promise<void> {
  for (const show of shows) {
    await library.ask('time', { method: 'book', calls: [[show, { count: seats }]] })
  }
}

async function countBookings(
  { sql }: BenchDatabase,
  shows: string[],
  { isSoldOut = false }: Crowd,
): Promise<Stored> {
  const [row] = await sql<Stored>(
    `select count(*) filter (where status = 'CONFIRMED')::int as confirmed,
            count(*) filter (where status = 'FAILED')::int as refused
     from bookings where show_id = any($1)`,
    [shows],
  )
  const { confirmed, refused } = row!
  return { confirmed: confirmed - (isSoldOut ? shows.length : 0), refused }
}

/** Throws if `verify` finds a seat sold twice, a lost booking, or a history that disagrees. */
export async function verifyOurs(library: Worker): Promise<void> {
  const violations = await library.ask<unknown[]>('verify')
  if (violations.length > 0) throw new Error(`verify: ${JSON.stringify(violations.slice(0, 10))}`)
}
