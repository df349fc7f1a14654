import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SharedTickets } from '../../src/daemon/shared-tickets.js'
import { type BookingOutcome, openTickets } from '../../src/index.js'
import { type ErrorCode, errorCodes } from '../../src/shared/errors.js'
import { tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type RanInProcess, runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { commandOf, untried } from './hostile/command-lines.js'
import { hostileInputs } from './hostile/inputs.js'
import { hostileRows } from './hostile/rows.js'
import {
  BOOKING,
  CANCELLED,
  GIVEN_BACK,
  HELD,
  HOUSE,
  type HostileInput,
  INSIDE,
  OFF,
  REFUSED,
  ROWS,
  SOLD,
  TOKEN,
  TWINS,
  USED_KEY,
} from './hostile/values.js'

let db: TestDatabase
/** The state of the database after the latest input. */
let last: Awaited<ReturnType<typeof fingerprint>>
beforeAll(async () => {
  db = await cloneDatabase()
  await insertShow(db, { id: HOUSE, name: 'Cats' })
  await insertShow(db, { id: ROWS, name: 'Rows', seats: 15, seatsPerRow: 10 })
  await insertShow(db, { id: CANCELLED, name: 'Off' })
  for (const id of TWINS) await insertShow(db, { id, name: 'Twin' })
  await db.sql(`update shows set time_zone = 'Europe/London'`)
  await makeBookings()
  await db.sql('update shows set cancelled_at = now() where id = $1', [CANCELLED])
  await db.sql('update bookings set id = $1 where show_id = $2', [BOOKING, CANCELLED])
  await db.sql(
    `insert into api_tokens (id, name, role, secret_hash) values ($1, 'x', 'read', sha256('x'))`,
    [TOKEN],
  )
  last = await fingerprint()
})
afterAll(async () => {
  await clients.close()
  await db.drop()
})

/** Runs share their clients as those of a daemon do: connecting would take longer than the run. */
const runs = new Set<Promise<unknown>>()
const clients = new SharedTickets(runs)

function run(argv: readonly string[], env: HostileInput['env'] = {}): Promise<RanInProcess> {
  const environment = { open: clients.open.bind(clients) }
  const ran = runInProcess(['--quiet', ...argv], { DATABASE_URL: db.url, ...env }, environment)
  runs.add(ran)
  return ran.finally(() => runs.delete(ran))
}

describe.each(Object.entries(hostileInputs))('%s', (_, inputs) => {
  it.each(inputs.map((input) => [shown(input), input] as const))('%s', async (_, input) => {
    const { argv, exit } = input
    if (exit === 0) return expectNoHarm(input)
    const before = last
    const plain = await run(argv, input.env)
    expect([plain.exitCode, plain.stdout]).toEqual([exit, ''])
    expectOneSentence(plain.stderr)

    const json = await run(['--json', ...argv], input.env)
    expect([json.exitCode, json.stderr]).toEqual([exit, ''])
    expectOneDocument(json.stdout, exit)

    last = await fingerprint()
    // A refusal is recorded; nothing else may leave a trace, and a dry run nothing at all.
    const mayRecord = exit === 4 && argv[0] === 'book' && !argv.includes('--dry-run')
    expect(last).toEqual({ ...before, failed: before.failed + (mayRecord ? 2 : 0) })
  })
})

describe('in a file', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tickets-hostile-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  it.each(Object.entries(hostileRows))('rows with %s', async (_, { rows, exit }) => {
    const file = join(directory, 'rows.ndjson')
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const before = await fingerprint()
    const argv = ['book', '--file', file]
    const plain = await run(argv)
    expect([plain.exitCode, plain.stdout]).toEqual([4, ''])
    const sentences = plain.stderr.trimEnd().split('\n')
    expect(sentences).toHaveLength(rows.length)
    for (const sentence of sentences) expectOneSentence(`✗ ${sentence}\n`)

    const json = await run([...argv, '--json'])
    expect([json.exitCode, json.stderr]).toEqual([4, ''])
    const documents = json.stdout.trimEnd().split('\n')
    expect(documents).toHaveLength(rows.length)
    for (const document of documents) expectOneDocument(`${document}\n`, exit)
    const recorded = exit === 4 ? 2 * rows.length : 0
    expect(await fingerprint()).toEqual({ ...before, failed: before.failed + recorded })
  })
})

describe('as a real process', () => {
  // An argument is UTF-8 without NUL, and Linux limits it to 128 kB.
  const isPassable = ({ argv, env = {} }: HostileInput) =>
    [...argv, ...Object.values(env)].every(
      (text) => text.isWellFormed() && !text.includes('\0') && text.length < 120_000,
    )

  const passable = Object.values(hostileInputs).flat().filter(isPassable)

  const commands = [...new Set(passable.map(commandOf))]
  // A process differs only in how arguments arrive and how a refusal is printed.
  const some = commands.filter((command, i) => command === 'book' || i % 4 === 0)

  it.each(some)('tickets %s: the same exit code, and one message', async (command) => {
    const inputs = passable.filter((input) => commandOf(input) === command)
    const refused = inputs.filter(({ exit }) => exit > 0)
    const { argv, exit, env } = refused[Math.floor(0.29 * refused.length)]!
    const before = await fingerprint()
    const ran = await tickets(['--quiet', ...argv], {
      db: db.url,
      env: { COLUMNS: '100000', ...env },
    })
    expect([argv, ran.exitCode, ran.stdout]).toEqual([argv, exit, ''])
    expectOneSentence(`${ran.stderr}\n`)
    expect({ ...(await fingerprint()), failed: 0 }).toEqual({ ...before, failed: 0 })
  })

  // Inside this process, the time zone is that of the test.
  it('with an invalid time zone of the system: the variable and the flag are named', async () => {
    const argv = ['show', 'create', '--name', 'x', '--total-seats', '5', '--start-time']
    const before = await fingerprint()
    for (const TZ of ['Mars/Phobos', 'CET-1CEST,M3.5.0,M10.5.0/3', 'BST', '']) {
      const ran = await tickets([...argv, '2031-01-01 19:00'], { db: db.url, env: { TZ } })
      expect([TZ, ran.exitCode, ran.stdout]).toEqual([TZ, 2, ''])
      expect(ran.stderr).toContain(`TZ is "${TZ}"`)
      expect(ran.stderr).toContain('--time-zone')
    }
    expect(await fingerprint()).toEqual(before)
  })
})

it('has at least two hundred inputs, for every command and every flag', () => {
  const all = Object.values(hostileInputs).flat()
  expect(all.length).toBeGreaterThan(200)
  expect(untried(all)).toEqual([])
})

/** One booking in each state, with the reference that the table uses. */
async function makeBookings(): Promise<void> {
  const box = openTickets({ database: db.url })
  const name = (reference: string, { booking }: BookingOutcome) =>
    db.sql('update bookings set reference = $1 where id = $2', [reference, booking.id])
  await name(SOLD, await box.book(HOUSE, { seats: '1', key: USED_KEY }))
  await name(HELD, await box.book(HOUSE, { seats: '2', hold: 'forever' }))
  await name(GIVEN_BACK, await box.book(HOUSE, { seats: '9' }))
  await box.cancelBooking(GIVEN_BACK)
  await box.book(HOUSE, { seats: '1' }).catch(({ outcome }) => name(REFUSED, outcome))
  await name(INSIDE, await box.book(ROWS, { seats: 'B5' }))
  await box.checkIn(INSIDE)
  await name(OFF, await box.book(CANCELLED, { seats: '5' }))
  await box.close()
}

/**
 * The input is not wrong: whatever the answer, it changes nothing and contains no control
 * characters.
 */
async function expectNoHarm({ argv }: HostileInput): Promise<void> {
  const ran = await run(argv)
  expect([ran.exitCode, ran.stderr]).toEqual([0, ''])
  expect(ran.stdout.replaceAll(/[\n\t]/g, '')).not.toMatch(HARMFUL)
  expect(await fingerprint()).toEqual(last)
}

/** One line with the error, which ends like a sentence; other free seats may follow below. */
function expectOneSentence(stderr: string): void {
  expect(stderr).toMatch(/^✗ [^\n]+[.?!)`]\n( {2}[^\n:]+: [^\n]+\n)?$/u)
  expect(stderr.replaceAll('\n', '')).not.toMatch(HARMFUL)
  expect(stderr).not.toMatch(/\bbug\b|undefined|\[object|\n\s*at /)
  expect(stderr.length).toBeLessThan(500)
}

function expectOneDocument(stdout: string, exit: number): void {
  expect(stdout).toMatch(/^\{[^\n]+\}\n$/)
  expect(stdout.trimEnd()).not.toMatch(HARMFUL)
  const { error } = JSON.parse(stdout)
  expect(errorCodes[error.code as ErrorCode]?.exit).toBe(exit)
  expect(error.message).toMatch(/\S.*[.?!)`]$/s)
  expect(error.message.length).toBeLessThan(500)
}

/** What would move a cursor, colour a terminal, or reverse or end a line. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Everything that must not change, and how many refusals are recorded. */
async function fingerprint() {
  const [row] = await db.sql<{ failed: number }>(`
    select (select md5(string_agg(shows::text, '|' order by id)) from shows) as shows,
      (select md5(string_agg(bookings::text, '|' order by id)) from bookings
       where status <> 'FAILED') as bookings,
      (select count(*)::int from bookings where status = 'FAILED') as failed,
      (select md5(string_agg(admissions::text, '|' order by seat)) from admissions) as admissions,
      (select md5(string_agg(api_tokens::text, '|' order by id)) from api_tokens) as tokens,
      (select max(id) from history where action <> 'failed') as history,
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
