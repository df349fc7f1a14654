import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Answers, type Crowd, timesOf } from '../crowd.js'
import type { BenchDatabase } from '../server.js'

/** The scripts of a peer: one sale, and one map read. */
export interface Scripts {
  sale: string
  map: string
}

/** A ramp that is longer than any machine needs. */
const MOST_RAMP_MS = 30_000

/** The first version that retries a failed serializable transaction. */
const OLDEST = 15

export async function hasPgbench(): Promise<boolean> {
  const { stdout = '' } = await execa('pgbench', ['--version'], { reject: false })
  return Number(/\d+/.exec(stdout)?.[0] ?? 0) >= OLDEST
}

/**
 * Runs a peer with prepared statements and a connection for each client. pgbench begins when all
 * are connected; if that takes longer than the ramp, it runs again with a longer one.
 */
export async function runPgbench(
  database: BenchDatabase,
  scripts: Scripts,
  crowd: Crowd,
  rampMs = timesOf(crowd).rampMs,
): Promise<Answers> {
  const { callers, seats, looks = 0 } = crowd
  const { windowMs } = timesOf(crowd)
  const { host, port, user, database: name } = database.connection
  const directory = await mkdtemp(join(tmpdir(), 'tickets-pgbench-'))
  const script = async (name: string, text: string, weight: number) => {
    const path = join(directory, name)
    await writeFile(path, text)
    return ['--file', `${path}@${weight}`]
  }
  try {
    const files = [
      ...(await script('sale.sql', scripts.sale, 1)),
      ...(looks > 0 ? await script('map.sql', scripts.map, looks) : []),
    ]
    const seconds = Math.ceil((rampMs + windowMs) / 1000)
    const begin = Date.now() + rampMs
    await execa(
      'pgbench',
      [
        ...['--no-vacuum', '--protocol=prepared', '--max-tries=0', ...files],
        ...['--define', `seats=${seats}`],
        ...['--client', String(callers), '--jobs', String(Math.min(callers, 2))],
        ...['--time', String(seconds), '--log', '--log-prefix', join(directory, 'log')],
        name,
      ],
      { env: { PGHOST: host, PGPORT: String(port), PGUSER: user } },
    )
    const done = await readLogs(directory)
    if (!done.some(({ at }) => at < begin)) {
      if (rampMs > MOST_RAMP_MS) throw new Error(`pgbench did nothing in ${rampMs / 1000} s.`)
      return await runPgbench(database, scripts, crowd, rampMs * 2)
    }
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

/**
 * The logs, one for each thread: client, number, microseconds, script, and the time in s and µs.
 */
async function readLogs(directory: string): Promise<Done[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('log'))
  const logs = await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))
  return logs
    .flatMap((log) => log.split('\n'))
    .filter((line) => line !== '' && !line.includes('failed')) // It was still running when the time was over.
    .map((line) => {
      const [, , us, script, s, rest] = line.split(' ').map(Number)
      return { isLook: script === 1, ms: us! / 1000, at: s! * 1000 + rest! / 1000 }
    })
}
