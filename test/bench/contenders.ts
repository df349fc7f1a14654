import type { Contender, Crowd, Rush } from './crowd.js'
import { ours, verifyOurs } from './ours.js'
import { withPeers } from './peers/peers.js'
import type { BenchServer } from './server.js'
import { withWorkers } from './worker.js'

export interface Contenders {
  ours: Contender
  peers: Contender[]
}

/** Gives `work` all ways to sell seats, in a database of its own, and verifies ours at the end. */
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

/** A crowd before one of the contenders. */
export interface Case {
  contender: Contender
  crowd: Crowd
}

/**
 * Measures the cases in turn (A B C A B C …), so that whatever else the machine does meets them all
 * alike; the rushes of each case. The ramp of each rush warms up.
 */
export async function rushInTurn(rounds: number, cases: readonly Case[]): Promise<Rush[][]> {
  const rushes: Rush[][] = cases.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, { contender, crowd }] of cases.entries()) {
      try {
        rushes[i]!.push(await contender.rush(crowd))
      } catch (cause) {
        throw new Error(`${contender.name}, ${JSON.stringify(crowd)}`, { cause })
      }
    }
  }
  return rushes
}
