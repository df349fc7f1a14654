import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Crowd, type Told, timesOf } from '../crowd.js'
import type { BenchDatabase } from '../server.js'

/** The scripts of a peer: one sale, and one look at the map. */
export interface Scripts {
  sale: string
  map: string
}

/** The first version that repeats what a serializable transaction has lost. */
const OLDEST = 15

export async function hasPgbench(): Promise<boolean> {
  const { stdout = '' } = await execa('pgbench', ['--version'], { reject: false })
  return Number(/\d+/.exec(stdout)?.[0] ?? 0) >= OLDEST
}

/** Runs a peer with prepared statements, each client a connection of its own. */
export async function runPgbench(
  { connection }: BenchDatabase,
  { sale, map }: Scripts,
  crowd: Crowd,
): Promise<Told> {
  const { callers, seats, looks = 0 } = crowd
  const directory = await mkdtemp(join(tmpdir(), 'tickets-pgbench-'))
  const script = async (name: string, text: string, weight: number) => {
    const path = join(directory, name)
    await writeFile(path, text)
    return ['--file', `${path}@${weight}`]
  }
  try {
    const scripts = [
      ...(await script('sale.sql', sale, 1)),
      ...(looks > 0 ? await script('map.sql', map, looks) : []),
    ]
    const { rampMs, windowMs } = timesOf(crowd)
    const begin = Date.now() + rampMs
    await execa(
      'pgbench',
      [
        ...['--no-vacuum', '--protocol=prepared', '--max-tries=0', ...scripts],
        ...['--define', `seats=${seats}`],
        ...['--client', String(callers), '--jobs', String(Math.min(callers, 2))],
        ...[
          '--time',
          String((rampMs + windowMs) / 1000),
          '--log',
          '--log-prefix',
          join(directory, 'log'),
        ],
        connection.database,
      ],
      {
        env: { PGHOST: connection.host, PGPORT: String(connection.port), PGUSER: connection.user },
      },
    )
    const done = await readLogs(directory)
    const measured = done.filter(({ at }) => at >= begin && at < begin + windowMs)
    return {
      booked: done.filter(({ isLook }) => !isLook).length,
      times: measured.filter(({ isLook }) => !isLook).map(({ ms }) => ms),
      looks: measured.filter(({ isLook }) => isLook).length,
    }
  } finally {
    await rm(directory, { recursive: true })
  }
}

interface Done {
  isLook: boolean
  ms: number
  /** When it was answered, in milliseconds since 1970. */
  at: number
}

/** The logs, one for each job: client, number, microseconds, script, and the time in s and µs. */
async function readLogs(directory: string): Promise<Done[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('log'))
  const logs = await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))
  return logs
    .flatMap((log) => log.split('\n'))
    .filter((line) => line !== '' && !line.includes('failed')) // Its time was over.
    .map((line) => {
      const [, , us, script, s, rest] = line.split(' ').map(Number)
      return { isLook: script === 1, ms: us! / 1000, at: s! * 1000 + rest! / 1000 }
    })
}
