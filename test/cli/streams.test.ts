import { existsSync } from 'node:fs'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'

const SHOWS = 20_000

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), rpad('Show ' || n || ' ', 200, '.'), timestamptz '2030-01-01 00:00:00.0005' + n * interval '1 minute',
            'UTC', 8, '\\x00'
     from generate_series(1, ${SHOWS}) n`,
  )
})
afterAll(() => db.drop())

function nameOf(n: number): string {
  return `Show ${n} `.padEnd(200, '.')
}

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

/** Runs a line of shell in which `tickets` is the program. Fails if any part of a pipe does. */
async function shell(line: string) {
  const { exitCode, stdout, stderr } = await execa(
    'bash',
    ['-c', `set -o pipefail; tickets() { "$NODE" "$PROGRAM" "$@"; }; ${line}`],
    { env: { NODE: process.execPath, PROGRAM: program, DATABASE_URL: db.url }, reject: false },
  )
  return { exitCode, stdout, stderr }
}

describe('a list in a pipe', () => {
  it('ends without an error and with exit code 0 if its reader closes the pipe, in every format', async () => {
    const [json, lines, csv, head] = [
      await shell('tickets show list --json | head -c 10'),
      await shell('tickets show list | head -1'),
      await shell('tickets show list -o csv | head -2'),
      await shell('tickets show list -o ndjson | true'),
    ]
    for (const ran of [json, lines, csv, head]) {
      expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    }
    expect(json!.stdout).toMatch(/^\[\{"id":"..$/)
    expect(lines!.stdout).toMatch(/^\S{36}\tShow 1 \.+\t/)
    expect(csv!.stdout.split('\n')).toHaveLength(2)
  })

  it('is complete: twenty thousand shows, each once, in order, as one document, in no more memory than a few need', async () => {
    // Enough for the program and a page of shows; all of them at once take 30 MB.
    const env = { NODE_OPTIONS: '--max-old-space-size=20' }
    const ran = await tickets(['show', 'list', '--json'], { db: db.url, env })
    expect([ran.exitCode, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout.length).toBeGreaterThan(10_000_000)
    const names = ran.json().map((show: { name: string }) => show.name)
    expect(names).toEqual(Array.from({ length: SHOWS }, (_, i) => nameOf(i + 1)))

    const { stdout: counted } = await shell('tickets show list | wc -l')
    expect(Number(counted)).toBe(SHOWS)
  })

  it('obeys --limit and prints [] if nothing matches', async () => {
    const [few, none, nothing] = await Promise.all([
      run('show', 'list', '--limit', '3', '--json'),
      run('show', 'list', '--search', 'nowhere', '--json', '-q'),
      run('show', 'list', '--search', 'nowhere'),
    ])
    expect(few.json()).toHaveLength(3)
    expect(none).toMatchObject({ exitCode: 0, stdout: '[]\n', stderr: '' })
    expect(nothing).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringMatching(/^.+\n$/),
    })
  })
})

it.skipIf(!existsSync('/dev/full'))(
  'a full disk for the output is a failure, with one message',
  async () => {
    for (const command of ['show list', 'show list --json', 'migrate --status --json']) {
      const { exitCode, stderr } = await shell(`tickets ${command} > /dev/full`)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/: ENOSPC/)
      expect(stderr).not.toMatch(/bug|\n\s+at /)
    }
  },
)

it('colours are not written to a pipe unless they are forced', async () => {
  const [plain, forced] = await Promise.all([
    runInProcess(['show', 'view', nameOf(7)], { DATABASE_URL: db.url, TERM: 'xterm-256color' }),
    runInProcess(['show', 'view', nameOf(7)], { DATABASE_URL: db.url, FORCE_COLOR: '1' }),
  ])
  expect(plain.stdout).not.toContain('\u001b')
  expect(forced.stdout).toContain('\u001b[')
})
