import type { Contender, Crowd } from './crowd.js'
import { median } from './measure.js'
import { ours, verifyOurs } from './ours.js'
import { withPeers } from './peers/peers.js'
import type { BenchServer } from './server.js'
import { formatNumber, formatRows } from './table.js'
import { withWorkers } from './worker.js'

export interface Contenders {
  ours: Contender
  peers: Contender[]
}

/** Gives `work` all ways to sell seats, in a new database, and verifies ours at the end. */
export async function withContenders<T>(
  server: BenchServer,
  name: string,
  work: (contenders: Contenders) => Promise<T>,
): Promise<T> {
  const database = await server.createDatabase(name)
  const library = { file: 'library.mjs', args: [database.url] }
  return withWorkers({ library }, ({ library }) =>
    withPeers(database, async (peers) => {
      const result = await work({ ours: ours(library, database), peers })
      await verifyOurs(library)
      return result
    }),
  )
}

/** A contender, and the callers that it sells to. */
export interface Case {
  contender: Contender
  crowd: Crowd
}

/**
 * The samples of a case: bookings and map reads a second, and the p99 of a booking in milliseconds.
 */
export interface Result {
  /** The contender's own figures. */
  name: string
  callers: number
  rates: number[]
  p99s: number[]
}

/**
 * Measures the cases in turn (A B C A B C …), so that any other load on the machine affects all of
 * them alike. The ramp of each sale warms up.
 */
export async function sellInTurn(rounds: number, cases: readonly Case[]): Promise<Result[]> {
  const results: Result[] = cases.map(({ contender, crowd }) => ({
    name: contender.name,
    callers: crowd.callers,
    rates: [],
    p99s: [],
  }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, { contender, crowd }] of cases.entries()) {
      try {
        const { perSecond, p99Ms } = await contender.sell(crowd)
        results[i]!.rates.push(perSecond)
        results[i]!.p99s.push(p99Ms)
      } catch (cause) {
        throw new Error(`${contender.name}, ${JSON.stringify(crowd)}`, { cause })
      }
    }
  }
  return results
}

export function fastest(results: readonly Result[]): Result {
  return results.toSorted((a, b) => median(b.rates) - median(a.rates))[0]!
}

/** One line for each contender. */
export function formatResults(headings: [rate: string, p99: string], results: readonly Result[]) {
  return formatRows(
    ['', ...headings],
    results.map(({ name, rates, p99s }) => [
      name,
      formatNumber(median(rates)),
      `${formatNumber(median(p99s))} ms`,
    ]),
  )
}
