import { interleave, median } from './measure.js'
import type { BenchDatabase } from './server.js'
import { addShow } from './shows.js'
import type { Worker } from './worker.js'

/** A hot show's house: as a row, small enough that nobody's row is stored out of line. */
export const HOT_HOUSE = 10_000

/** How many connections the hand-written loop is tried with. */
export const LOOP_CONNECTIONS = [1, 4, 16, 64]

/** Sells `count` seats of a fresh show, `callers` at a time; bookings a second. */
export async function salesRate(
  worker: Worker,
  database: BenchDatabase,
  { count, callers }: { count: number; callers: number },
): Promise<number> {
  const show = await addShow(database, HOT_HOUSE)
  const ms = await worker.ask<number>('sell', { show, first: 1, count, callers })
  await assertSold(database, show, count)
  return (count / ms) * 1000
}

/** The loop at the number of connections that suits it best: its bookings a second there. */
export async function bestLoopRate(
  loop: Worker,
  database: BenchDatabase,
  options: { rounds: number; count: number },
): Promise<{ connections: number; samples: number[] }> {
  const rates = await interleave(
    options.rounds,
    Object.fromEntries(
      LOOP_CONNECTIONS.map((callers) => [
        String(callers),
        () => salesRate(loop, database, { count: options.count, callers }),
      ]),
    ),
  )
  return bestOf(Object.entries(rates))
}

/** Of samples by number of connections, those with the highest median. */
export function bestOf(rates: [connections: string, samples: number[]][]): {
  connections: number
  samples: number[]
} {
  const [best] = rates.sort(([, a], [, b]) => median(b) - median(a))
  return { connections: Number(best![0]), samples: best![1] }
}

/** '1 connection', '4 connections'. */
export function connections(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`
}

/** Everything that is counted must have happened. */
export async function assertSold(
  { sql }: BenchDatabase,
  show: string,
  count: number,
): Promise<void> {
  const [row] = await sql<{ sold: number; confirmed: number }>(
    `select confirmed_seats_count as sold,
            (select count(*)::int from bookings where show_id = $1 and status = 'CONFIRMED')
              as confirmed
     from shows where id = $1`,
    [show],
  )
  if (row?.sold !== count || row.confirmed !== count) {
    throw new Error(`${count} bookings were made, but there are ${JSON.stringify(row)}.`)
  }
}
