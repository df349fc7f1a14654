import { readFile } from 'node:fs/promises'
import {
  type Answers,
  type Contender,
  type Crowd,
  checkAnswers,
  type Stored,
  showsFor,
  timesOf,
} from '../crowd.js'
import type { BenchDatabase } from '../server.js'
import { type Worker, withWorkers } from '../worker.js'
import { hasPgbench, runPgbench, type Scripts } from './pgbench.js'

/** A way to sell seats with plain SQL; its file describes it and its weakness. */
interface Peer {
  name: string
  file: string
  /** An index that it needs. */
  index?: string
}

const FASTEST: Peer = { name: 'compare and set', file: 'compare-and-set.sql' }

const PEERS: readonly Peer[] = [
  { name: 'locked row', file: 'locked-row.sql' },
  {
    name: 'skip locked',
    file: 'skip-locked.sql',
    index: 'create index on peers.seats (show, seat) where booking is null',
  },
  FASTEST,
  { name: 'serializable', file: 'serializable.sql' },
]

const MOST_A_SECOND = 20_000

/** Sells to the callers with these scripts. */
type Run = (scripts: Scripts, crowd: Crowd) => Promise<Answers>

/**
 * Gives `work` the peers, in this database, run by pgbench if it is installed, else by loop.mjs.
 * The fastest is run by loop.mjs as well, which shows how fast its SQL is in a program for Node.
 */
export async function withPeers<T>(
  database: BenchDatabase,
  work: (peers: Contender[]) => Promise<T>,
): Promise<T> {
  const args = [JSON.stringify(database.connection)]
  return withWorkers({ loop: { file: 'peers/loop.mjs', args } }, async ({ loop }) => {
    const inNode: Run = (scripts, crowd) => runLoop(loop, scripts, crowd)
    if (!(await hasPgbench())) return work(await openPeers(database, PEERS, inNode))
    const inPgbench: Run = (scripts, crowd) => runPgbench(database, scripts, crowd)
    return work([
      ...(await openPeers(database, PEERS, inPgbench)),
      ...(await openPeers(database, [{ ...FASTEST, name: `${FASTEST.name}, in Node` }], inNode)),
    ])
  })
}

function runLoop(loop: Worker, scripts: Scripts, crowd: Crowd): Promise<Answers> {
  return loop.ask('sell', { ...crowd, ...timesOf(crowd), ...scripts })
}

async function openPeers(
  database: BenchDatabase,
  peers: readonly Peer[],
  run: Run,
): Promise<Contender[]> {
  const [tables, check, map] = await Promise.all(['tables.sql', 'check.sql', 'map.sql'].map(read))
  return Promise.all(
    peers.map(async ({ name, file, index }) => {
      const sale = await read(file)
      return {
        name,
        async sell(crowd) {
          await database.sql(tables!)
          if (index) await database.sql(index)
          await addSeats(database, crowd)
          const answers = await run({ sale, map: map! }, crowd)
          const [stored] = await database.sql<Stored & Faults>(check!)
          const { sold_twice, lost, without_history, ...counts } = stored!
          if (sold_twice + lost + without_history > 0) {
            throw new Error(`${name} is no peer: ${JSON.stringify(stored)}`)
          }
          return checkAnswers(crowd, answers, counts)
        },
      } satisfies Contender
    }),
  )
}

interface Faults {
  sold_twice: number
  lost: number
  without_history: number
}

async function addSeats({ sql }: BenchDatabase, crowd: Crowd): Promise<void> {
  const shows = showsFor(crowd, MOST_A_SECOND)
  await sql('insert into peers.shows (show) select generate_series(0, $1::int - 1)', [shows])
  await sql(
    `insert into peers.seats (show, seat, booking)
     select show, seat, case when $2 then '00000000-0000-0000-0000-000000000000'::uuid end
     from peers.shows, generate_series(1, $1::int) as seat`,
    [crowd.seats, crowd.isSoldOut ?? false],
  )
  await sql('vacuum analyze peers.shows, peers.seats')
}

function read(file: string): Promise<string> {
  return readFile(new URL(file, import.meta.url), 'utf8')
}
