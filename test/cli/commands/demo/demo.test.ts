import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program, tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { openTerminal } from '../../../support/terminal.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const expectNothingLeft = async () => {
  expect(
    await db.sql(`select nspname from pg_namespace where nspname like 'tickets_throwaway_%'`),
  ).toEqual([])
  expect(await db.sql('select id from shows')).toEqual([])
}

describe('demo', () => {
  it('on a fresh machine it starts its own server, and 24 processes sell 12 seats, each once', async () => {
    const TICKETS_DATA_DIR = await mkdtemp('/tmp/tickets-demo-')
    try {
      const ran = await tickets(['demo', '--json'], { env: { TICKETS_DATA_DIR } })
      expect(ran.exitCode).toBe(0)
      const { ok, show, bookings, race, violations } = ran.json()
      expect({ ok, violations }).toEqual({ ok: true, violations: [] })
      expect(race).toMatchObject({ processes: 24, seats_left: 12, confirmed: 6, refused: 18 })
      expect(show).toMatchObject({ total_seats: 60, held_seats_count: 4, available_seats: 0 })
      expect(bookings).toMatchObject([
        { booking: { status: 'CONFIRMED', seats: [17, 18, 19, 20] } },
        { booking: { status: 'CONFIRMED', seat_labels: ['C5', 'C6', 'C7', 'C8'] } },
        { error: { code: 'SEATS_TAKEN', seats: [31, 32] }, booking: { status: 'FAILED' } },
        { booking: { status: 'HELD' } },
        { booking: { status: 'CONFIRMED' } },
      ])
    } finally {
      await tickets(['db', 'stop'], { env: { TICKETS_DATA_DIR } })
      await rm(TICKETS_DATA_DIR, { recursive: true, force: true })
    }
  })

  it('shows everything in 80 columns of a terminal, and leaves nothing behind', async () => {
    const terminal = openTerminal(process.execPath, [program, 'demo'], {
      env: { DATABASE_URL: db.url },
    })
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    const screen = terminal.history()
    await terminal.close()
    expect(screen).toMatch(/✗ .*C7-C8.*\n.*: C9-C10\n/)
    expect(screen).toMatch(/\b24 .*\b12 /)
    expect(screen).toMatch(/A {2}○ ○ ○ ○ ◐ ◐ ◐ ◐ ○ ○ ○ ○ {2}A .* A {2}● ● ● ● ◐ ◐ ◐ ◐ ● ● ● ● {2}A/)
    expect(screen).toMatch(/✓ .* 1 show, 29 bookings\./)
    expect(screen).toContain('./bin/tickets.js show create')
    await expectNothingLeft()
  })

  it('in a pipe is plain text without wrapped lines, and names the database of a .env once', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'tickets-demo-env-'))
    await writeFile(join(cwd, '.env'), `DATABASE_URL=${db.url}\n`)
    const ran = await tickets(['demo'], { cwd })
    await rm(cwd, { recursive: true })
    expect(ran.exitCode).toBe(0)
    expect(ran.stderr).toMatch(/^[^\n]* "test_\w+" [^\n]*\(\.env\)$/)
    expect(ran.stdout).not.toContain('(.env)')
    expect(ran.stdout).not.toContain('\u001b')
    // In another directory, the path of the program is long.
    const text = ran.stdout.replaceAll(program, './bin/tickets.js')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    await expectNothingLeft()
  })
})
