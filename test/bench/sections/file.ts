import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { program } from '../child.js'
import { interleave } from '../measure.js'
import { compare, type Target } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import type { Bench, Section } from './section.js'

/** Many bookings from a file, each committed before its line is answered. */
export const file: Section = {
  name: 'file',
  title: '`book --file --json`: lines a second, the start of the program included',
  async run(bench) {
    const { server, isQuick } = bench
    const lines = isQuick ? 2000 : 100_000
    const database = await server.createDatabase('file')
    const peaks: number[] = []
    const bookAll = async (shows: number, seatsOf: (line: number) => string) => {
      const { rate, peakMb } = await bookFile(bench, database, { lines, shows, seatsOf })
      peaks.push(peakMb)
      return rate
    }
    const samples = await interleave(isQuick ? 1 : 5, {
      seats: () => bookAll(1, (line) => `${line},`),
      count: () => bookAll(10, () => ',1'),
    })
    const name = `${lines.toLocaleString('en-GB')} lines`
    const cost = (what: string, rates: number[], base?: { what: string; samples: number[] }) => ({
      ...compare(what, rates, 'lines/s', base),
      peakMb: Math.max(...peaks),
    })
    const floors: Target[] = [
      { of: 'value', atLeast: 10_000 },
      { of: 'peakMb', atMost: 200 },
    ]
    const ofSeats = { what: 'one show', samples: samples.seats }
    return {
      measurements: [
        { ...cost(`${name}, one show, by seats`, samples.seats), targets: floors },
        {
          ...cost(`${name}, ten shows in turn, by count`, samples.count, ofSeats),
          targets: [...floors, { of: 'ratio', atLeast: 1 }],
        },
      ],
      notes: ['The peak of `book --file` is the highest of both files.'],
    }
  },
}

interface FileOptions {
  lines: number
  shows: number
  /** The cells 'seats,count' of a line, from 1. */
  seatsOf: (line: number) => string
}

async function bookFile(
  { server, runner }: Bench,
  database: BenchDatabase,
  { lines, shows, seatsOf }: FileOptions,
): Promise<{ rate: number; peakMb: number }> {
  const ids: string[] = []
  while (ids.length < shows) ids.push(await addShow(database, lines))
  const path = join(server.directory, 'bookings.csv')
  const csv = await open(path, 'w')
  await csv.writeFile('show,seats,count,customer\n')
  await csv.writeFile(
    Array.from(
      { length: lines },
      (_, i) => `${ids[i % shows]},${seatsOf(i + 1)},Customer ${i + 1}\n`,
    ).join(''),
  )
  await csv.close()

  const answers = join(server.directory, 'answers.ndjson')
  const args = [program, 'book', '--file', path, '--db', database.url, '--json']
  const { wallMs, peakMb, exitCode } = await runner.run(args, { stdout: answers })
  const answered = (await readFile(answers, 'utf8')).split('"CONFIRMED"').length - 1
  if (exitCode !== 0 || answered !== lines) {
    throw new Error(`book --file exited ${exitCode} with ${answered} of ${lines} lines confirmed.`)
  }
  return { rate: (lines / wallMs) * 1000, peakMb }
}
