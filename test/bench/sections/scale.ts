import { performance } from 'node:perf_hooks'
import { program } from '../child.js'
import { COMMON_WORD, loadDatabase, showName, UNCOMMON_WORD } from '../load.js'
import { interleave, median, ratio } from '../measure.js'
import { compare, type Measurement, type Point } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { type Worker, withWorkers } from '../worker.js'
import type { Bench, Section } from './section.js'

/** Compares the cost of a booking in a full and in an empty database. */
export const scale: Section = {
  name: 'scale',
  title: 'Lists, lookups and a booking through the library, by number of shows',
  async run(bench) {
    const { isQuick, bookings } = bench
    const sizes = isQuick ? [100, 10_000] : [100, 10_000, 1_000_000]
    const perShow = Math.min(Math.max(Math.round(bookings / sizes.at(-1)!), 1), 40)
    const databases: BenchDatabase[] = []
    const notes: string[] = []
    for (const shows of sizes) {
      bench.progress(`loading ${shows.toLocaleString('en-GB')} shows …`)
      const started = performance.now()
      const database = await bench.server.createDatabase(`scale_${shows}`)
      await loadDatabase(database, { shows, bookingsPerShow: perShow })
      databases.push(database)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      notes.push(
        `${shows.toLocaleString('en-GB')} shows with ${(shows * perShow).toLocaleString('en-GB')} bookings, loaded in ${seconds} s.`,
      )
    }
    const { measurements, points } = await measureLookups(bench, sizes, databases)
    measurements.push(await measureWholeList(bench, databases.at(-1)!, sizes.at(-1)!))
    return { measurements, points, notes }
  },
}

async function measureLookups(
  { isQuick, progress }: Bench,
  sizes: number[],
  databases: BenchDatabase[],
): Promise<{ measurements: Measurement[]; points: Point[] }> {
  const files = Object.fromEntries(
    databases.map(({ url }, i) => [String(sizes[i]), { file: 'library.mjs', args: [url] }]),
  )
  return withWorkers(files, async (workers) => {
    const rounds = isQuick ? 3 : 20
    const measurements: Measurement[] = []
    const points: Point[] = []
    for (const { name, method, callsOn } of LOOKUPS) {
      progress(name)
      const contenders = Object.fromEntries(
        sizes.map((size, i) => [
          String(size),
          async () => timeCalls(workers[size]!, method, await callsOn(databases[i]!)),
        ]),
      )
      const samples = await interleave(rounds, contenders, LOOKUP_BUDGET_MS)
      for (const size of sizes) {
        const base = { what: `${sizes[0]} shows`, samples: samples[sizes[0]!]! }
        const y = ratio(samples[size]!, base.samples)
        points.push({ panel: 'scale', series: name, x: size, y })
        measurements.push({
          ...compare(`${name}, ${size.toLocaleString('en-GB')} shows`, samples[size]!, 'ms', base),
          peakMb: await workers[size]!.peakMb(),
          ...(size === sizes.at(-1) && { targets: [{ of: 'ratio', atMost: 2 }] }),
        })
      }
    }
    return { measurements, points }
  })
}

/** Even one lookup that scans a whole table exceeds this. */
const LOOKUP_BUDGET_MS = 10_000

/** The number of calls whose median is one sample. */
const CALLS = 10

interface Lookup {
  name: string
  method: string
  /** The arguments of each call. */
  callsOn(database: BenchDatabase): Promise<unknown[][]>
}

const LOOKUPS: Lookup[] = [
  {
    name: 'list --limit 20',
    method: 'listShows',
    callsOn: async () => repeat([{ limit: 20 }]),
  },
  {
    name: 'list --upcoming --limit 20',
    method: 'listShows',
    callsOn: async () => repeat([{ limit: 20, upcoming: true }]),
  },
  {
    name: 'list --search, a rare word',
    method: 'listShows',
    callsOn: async (database) =>
      (await someShows(database)).map(({ name }) => [
        { limit: 20, search: name.split(' ').at(-1) },
      ]),
  },
  {
    name: 'list --search, a whole name',
    method: 'listShows',
    callsOn: async (database) =>
      (await someShows(database)).map(({ name }) => [{ limit: 20, search: name }]),
  },
  {
    name: 'list --search, a word of one show in 100',
    method: 'listShows',
    callsOn: async () => repeat([{ limit: 20, search: COMMON_WORD }]),
  },
  {
    name: 'list --search, a word of one show in 1,000',
    method: 'listShows',
    callsOn: async () => repeat([{ limit: 20, search: UNCOMMON_WORD }]),
  },
  {
    name: 'list --search, a word of nearly all',
    method: 'listShows',
    callsOn: async () => repeat([{ limit: 20, search: 'tempest' }]),
  },
  {
    name: 'show by name',
    method: 'findShow',
    callsOn: async (database) => (await someShows(database)).map(({ name }) => [name]),
  },
  {
    name: 'show by beginning of id',
    method: 'findShow',
    // 13 characters: eight would often match two shows among a million.
    callsOn: async (database) => (await someShows(database)).map(({ id }) => [id.slice(0, 13)]),
  },
  {
    name: 'book --count 2',
    method: 'book',
    callsOn: async (database) =>
      (await someShows(database)).map(({ id }) => [id, { count: 2, customer: 'Ada' }]),
  },
  {
    name: 'booking by reference',
    method: 'findBooking',
    callsOn: async (database) => (await someBookings(database)).map(({ reference }) => [reference]),
  },
  {
    name: 'bookings of a seat',
    method: 'listBookings',
    callsOn: async (database) =>
      (await someBookings(database)).map(({ show_id, seats }) => [
        { show: show_id, seat: seats[0] },
      ]),
  },
  {
    name: 'bookings of a customer',
    method: 'listBookings',
    callsOn: async (database) =>
      (await someBookings(database)).map(({ customer }) => [{ customer, limit: 20 }]),
  },
]

function repeat(args: unknown[]): unknown[][] {
  return Array.from({ length: CALLS }, () => args)
}

/** Different shows every time, from all over the table. */
async function someShows({ sql }: BenchDatabase): Promise<{ id: string; name: string }[]> {
  const [row] = await sql<{ shows: number }>(
    `select reltuples::int as shows from pg_class where oid = 'shows'::regclass`,
  )
  const names = Array.from({ length: CALLS }, () => showName(1 + randomBelow(row!.shows)))
  return sql('select id, name from shows where name = any($1)', [names])
}

async function someBookings(
  database: BenchDatabase,
): Promise<{ reference: string; show_id: string; seats: number[]; customer: string }[]> {
  const shows = await someShows(database)
  return database.sql(
    `select distinct on (show_id) reference, show_id, seats, customer from bookings
     where show_id = any($1) and customer <> 'Ada' order by show_id, random()`,
    [shows.map(({ id }) => id)],
  )
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit)
}

async function timeCalls(worker: Worker, method: string, calls: unknown[][]): Promise<number> {
  return median(await worker.ask<number[]>('time', { method, calls }))
}

async function measureWholeList(
  { runner }: Bench,
  { url }: BenchDatabase,
  shows: number,
): Promise<Measurement> {
  const { wallMs, peakMb, exitCode } = await runner.run([
    program,
    ...['show', 'list', '--json', '--db', url],
  ])
  if (exitCode !== 0) throw new Error(`show list --json exited ${exitCode}.`)
  return {
    what: `show list --json, all ${shows.toLocaleString('en-GB')} shows`,
    value: wallMs / 1000,
    unit: 's',
    peakMb,
    targets: [{ of: 'peakMb', atMost: 150 }],
  }
}
