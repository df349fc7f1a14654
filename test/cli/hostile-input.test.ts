import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ErrorCode, errorCodes } from '../../src/core/errors.js'
import { openTickets } from '../../src/index.js'
import { tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import {
  BOOKING,
  CANCELLED,
  HOUSE,
  type HostileInput,
  hostileInputs,
  ROWS,
  TWINS,
  USED_KEY,
} from './hostile-inputs.js'

let db: TestDatabase
/** The database as the latest input left it. */
let last: Awaited<ReturnType<typeof fingerprint>>
beforeAll(async () => {
  db = await cloneDatabase()
  await insertShow(db, { id: HOUSE, name: 'Cats' })
  await insertShow(db, { id: ROWS, name: 'Rows', seats: 15, seatsPerRow: 10 })
  await insertShow(db, { id: CANCELLED, name: 'Off' })
  for (const id of TWINS) await insertShow(db, { id, name: 'Twin' })
  const box = openTickets({ database: db.url })
  await box.book(HOUSE, { seats: '1', key: USED_KEY })
  await box.book(HOUSE, { seats: '2', hold: 'forever' })
  await box.book(CANCELLED, { seats: '5' })
  await box.close()
  await db.sql('update shows set cancelled_at = now() where id = $1', [CANCELLED])
  await db.sql('update bookings set id = $1 where show_id = $2', [BOOKING, CANCELLED])
  last = await fingerprint()
})
afterAll(() => db.drop())

describe.each(Object.entries(hostileInputs))('%s', (_, inputs) => {
  it.each(inputs.map((input) => [shown(input), input] as const))('%s', async (_, input) => {
    const { argv, exit } = input
    const env = { DATABASE_URL: db.url, ...input.env }
    const before = last
    const plain = await runInProcess(['--quiet', ...argv], env)
    expect([plain.exitCode, plain.stdout]).toEqual([exit, ''])
    expectOneSentence(plain.stderr)

    const json = await runInProcess(['--quiet', '--json', ...argv], env)
    expect([json.exitCode, json.stderr]).toEqual([exit, ''])
    expectOneDocument(json.stdout, exit)

    last = await fingerprint()
    // A refusal is remembered; nothing else may leave a trace, and a dry run nothing at all.
    const mayRecord = exit === 4 && !argv.includes('--dry-run')
    expect(last).toEqual({ ...before, failed: before.failed + (mayRecord ? 2 : 0) })
  })
})

describe('as a real process', () => {
  // NUL cannot stand in an argument, and an argument of Linux has 128 kB at most.
  const isPassable = ({ argv, env = {} }: HostileInput) =>
    [...argv, ...Object.values(env)].every((text) => !text.includes('\0') && text.length < 120_000)

  it.each(Object.entries(hostileInputs))(
    '%s: the same exit, the same one sentence',
    async (_, inputs) => {
      const passable = inputs.filter(isPassable)
      const sample = [0, 0.37, 0.71].map((part) => passable[Math.floor(part * passable.length)]!)
      const before = await fingerprint()
      await Promise.all(
        sample.map(async ({ argv, exit, env }) => {
          const ran = await tickets(['--quiet', ...argv], {
            db: db.url,
            env: { COLUMNS: '100000', ...env },
          })
          expect([argv, ran.exitCode, ran.stdout]).toEqual([argv, exit, ''])
          expectOneSentence(`${ran.stderr}\n`)
        }),
      )
      expect({ ...(await fingerprint()), failed: 0 }).toEqual({ ...before, failed: 0 })
    },
  )
})

it('has at least two hundred of them', () => {
  expect(Object.values(hostileInputs).flat().length).toBeGreaterThan(200)
})

/** One line that says what is wrong and ends like a sentence; below it may stand other free seats. */
function expectOneSentence(stderr: string): void {
  expect(stderr).toMatch(/^✗ [^\n]+[.?!)`]\n( {2}Free instead: [^\n]+\n)?$/u)
  // What would move a cursor, colour a terminal, turn a line around or end it.
  expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  expect(stderr).not.toMatch(/\bbug\b|undefined|\[object|\n\s*at /)
  expect(stderr.length).toBeLessThan(500)
}

function expectOneDocument(stdout: string, exit: number): void {
  expect(stdout).toMatch(/^\{[^\n]+\}\n$/)
  expect(stdout.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  const { error } = JSON.parse(stdout)
  expect(errorCodes[error.code as ErrorCode]?.exit).toBe(exit)
  expect(error.message).toMatch(/\S.*[.?!)`]$/s)
  expect(error.message.length).toBeLessThan(500)
}

/** All that must stay as it is, and how many refusals are remembered beside it. */
async function fingerprint() {
  const [row] = await db.sql<{ failed: number }>(`
    select (select md5(string_agg(shows::text, '|' order by id)) from shows) as shows,
      (select md5(string_agg(bookings::text, '|' order by id)) from bookings
       where status <> 'FAILED') as bookings,
      (select count(*)::int from bookings where status = 'FAILED') as failed,
      (select count(*)::int from pg_class) as relations,
      (select count(*)::int from knex_migrations) as migrations`)
  return row!
}

function shown({ argv, env = {} }: HostileInput): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return [...settings, ...argv]
    .map((text) =>
      JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…(${text.length})` : text),
    )
    .join(' ')
}
