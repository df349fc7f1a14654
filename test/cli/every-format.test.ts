import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { ask, type OwnHttpServer, serveHere } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'

let db: TestDatabase
let server: OwnHttpServer
/** The subjects of the lists, by the name that the tables below use. */
const real: Record<string, string> = {}
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveHere(db.url)
  real.hamlet = await insertShow(db, { name: 'Hamlet', seats: 60, seatsPerRow: 12 })
  real.full = await insertShow(db, { name: 'Full', seats: 1 })
  real.off = await insertShow(db, { name: 'Off', seats: 20, seatsPerRow: 10 })
  const book = async (show: string, ...args: string[]) => {
    const { booking, ...own } = (await run('book', show, ...args, '--json')).json()
    return (booking ?? own).reference as string
  }
  real.inside = await book(real.hamlet, '--seats', 'A1-A2', '--customer', 'Ada')
  real.held = await book(real.hamlet, '--seats', 'B1', '--hold', '1h')
  real.house = await book(real.hamlet, '--seats', 'B2', '--hold', 'forever')
  real.expired = await book(real.hamlet, '--seats', 'C1', '--hold', '1ms')
  real.gone = await book(real.hamlet, '--seats', 'D1', '--note', 'aisle')
  real.failed = await book(real.hamlet, '--seats', 'A1')
  await book(real.full, '--seats', '1')
  real.ticket = await book(real.off, '--seats', 'A1')
  await run('booking', 'check-in', real.inside, '--seats', 'A1')
  await run('booking', 'cancel', real.gone, '-y', '--reason', 'ill')
  await run('show', 'cancel', real.off, '-y', '--expect-bookings', '1')
  for (const name of ['lobby', 'lost']) {
    const made = await run('token', 'create', '--name', name, '--role', 'read', '--json')
    real[name] = made.json().id
  }
  await run('token', 'revoke', real.lost!)
})
afterAll(async () => {
  await server.close()
  await db.drop()
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const anIso = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)

type Row = Record<string, unknown>

/** One row of a list, with its facts in each format. */
interface Fact {
  /** The subject of the row, in `real`. */
  of: string
  /** The line in the table for people. */
  table: RegExp
  /** The fields in JSON, and those that must be missing. */
  json: Row
  without?: string[]
  /** Cells of CSV and tab-separated lines, by column. */
  cells: Record<string, unknown>
}

interface List {
  argv: (names: typeof real) => string[]
  /** The columns of CSV; new ones come last, as scripts count them. */
  columns: string[]
  /** The cell and the field that identify the subject of a row. */
  key: [column: string, field: string]
  rows: number
  facts: Fact[]
}

const bookingColumns = [
  ...['reference', 'status', 'customer', 'seats', 'admitted_seats_count', 'show_name', 'note'],
  ...['createdAt', 'id', 'expired', 'section'],
]

const bookingFacts: Fact[] = [
  {
    of: 'inside',
    table: /confirmed +Ada +A1-A2 +1\/2/,
    json: { status: 'CONFIRMED', customer: 'Ada', admitted_seats: [1], createdAt: anIso },
    without: ['expired'],
    cells: { status: 'CONFIRMED', seats: 'A1, A2', admitted_seats_count: '1', expired: '' },
  },
  {
    of: 'held',
    table: / held +B1/,
    json: { status: 'HELD' },
    without: ['expired'],
    cells: { status: 'HELD', expired: '' },
  },
  {
    of: 'house',
    table: / held +B2/,
    json: { status: 'HELD', held_until: null },
    without: ['expired'],
    cells: { status: 'HELD', expired: '' },
  },
  {
    of: 'expired',
    table: / expired +C1/,
    json: { status: 'HELD', expired: true },
    cells: { status: 'HELD', expired: 'true' },
  },
  {
    of: 'gone',
    table: / cancelled +D1.* aisle/,
    json: { status: 'CANCELLED', note: 'aisle' },
    without: ['expired'],
    cells: { status: 'CANCELLED', note: 'aisle', expired: '' },
  },
  {
    of: 'failed',
    table: / failed +A1/,
    json: { status: 'FAILED', failure: 'SEATS_TAKEN' },
    cells: { status: 'FAILED' },
  },
]

const lists: Record<string, List> = {
  'show list': {
    argv: () => ['show', 'list'],
    columns: [
      ...['id', 'name', 'start_time', 'total_seats', 'confirmed_seats_count'],
      ...['held_seats_count', 'available_seats', 'cancelled_at'],
    ],
    key: ['id', 'id'],
    rows: 3,
    facts: [
      {
        of: 'hamlet',
        table: /Hamlet +2030-01-01 19:00 UTC +60 +2 +2 +56$/,
        json: {
          start_time: '2030-01-01T19:00:00.000Z',
          ...{ total_seats: 60, confirmed_seats_count: 2, held_seats_count: 2 },
          ...{ available_seats: 56, cancelled_at: null },
        },
        cells: {
          start_time: '2030-01-01T19:00:00.000Z',
          ...{ total_seats: '60', confirmed_seats_count: '2', held_seats_count: '2' },
          ...{ available_seats: '56', cancelled_at: '' },
        },
      },
      {
        of: 'full',
        table: /[^\d\s]$/,
        json: { available_seats: 0, cancelled_at: null },
        cells: { available_seats: '0', cancelled_at: '' },
      },
      {
        of: 'off',
        table: / cancelled$/,
        json: { available_seats: 19, cancelled_at: anIso },
        cells: { available_seats: '19', cancelled_at: anIso },
      },
    ],
  },
  'booking list': {
    argv: () => ['booking', 'list'],
    columns: bookingColumns,
    key: ['reference', 'reference'],
    rows: 8,
    facts: bookingFacts.map((fact) => ({
      ...fact,
      json: { ...fact.json, show_name: 'Hamlet' },
      cells: { ...fact.cells, show_name: 'Hamlet' },
    })),
  },
  'booking list SHOW': {
    argv: ({ hamlet }) => ['booking', 'list', hamlet!],
    columns: bookingColumns,
    key: ['reference', 'reference'],
    rows: 6,
    facts: bookingFacts,
  },
  'booking list --status held': {
    argv: ({ hamlet }) => ['booking', 'list', hamlet!, '--status', 'held'],
    columns: bookingColumns,
    key: ['reference', 'reference'],
    rows: 3,
    facts: bookingFacts.filter(({ of }) => ['held', 'house', 'expired'].includes(of)),
  },
  'history --show': {
    argv: ({ off }) => ['history', '--show', off!],
    columns: ['at', 'action', 'reference', 'what', 'operator', 'command', 'login'],
    key: ['action', 'action'],
    rows: 3,
    facts: [
      {
        of: 'cancelled',
        table: /cancelled at: .* UTC .*show cancel +\S+$/,
        json: {
          ...{ at: anIso, command: 'show cancel', login: expect.stringMatching(/./) },
          after: { cancelled_at: expect.any(String) },
        },
        cells: {
          ...{ at: anIso, command: 'show cancel', login: expect.stringMatching(/./) },
          what: expect.stringMatching(/^cancelled at/),
        },
      },
    ],
  },
  'history --booking': {
    argv: ({ gone }) => ['history', '--booking', gone!],
    columns: ['at', 'action', 'reference', 'what', 'operator', 'command', 'login'],
    key: ['action', 'action'],
    rows: 2,
    facts: [
      {
        of: 'cancelled',
        table: /D1; cancel reason: ill .*booking cancel +\S+$/,
        json: {
          ...{ at: anIso, command: 'booking cancel', login: expect.stringMatching(/./) },
          after: { cancel_reason: 'ill' },
        },
        cells: {
          ...{ at: anIso, command: 'booking cancel', login: expect.stringMatching(/./) },
          what: 'D1; cancel reason: ill',
        },
      },
    ],
  },
}

describe.each(Object.entries(lists))('%s', (_, list) => {
  const { columns, key, rows, facts } = list
  /** An event has no name: its action stands for it. */
  const name = (fact: Fact) => real[fact.of] ?? fact.of
  const read = async (...flags: string[]) => (await run(...list.argv(real), ...flags)).stdout

  it('has the same rows in the same order in every format', async () => {
    const json = JSON.parse(await read('--json')) as Row[]
    expect(json).toHaveLength(rows)
    expect(JSON.parse(await read('-o', 'json'))).toEqual(json)
    expect(linesOf(await read('-o', 'ndjson')).map((line) => JSON.parse(line))).toEqual(json)
    const [head, ...records] = linesOf(await read('-o', 'csv')).map(cellsOf)
    expect(head).toEqual(columns)
    const tabs = linesOf(await read()).map((line) => line.split('\t'))
    expect(tabs).toEqual(records)
    const place = columns.indexOf(key[0])
    expect(records.map((cells) => cells[place])).toEqual(json.map((row) => row[key[1]]))
    expect(linesOf(await table(list.argv(real)))).toHaveLength(rows + 2)
  })

  it.each(facts.map((fact) => [fact.of, fact] as const))(
    'has the same facts about %s in JSON, CSV and lines as in the table',
    async (_, fact) => {
      const seen = linesOf(await table(list.argv(real)))
      const shown = name(fact).slice(0, key[0] === 'id' ? 8 : undefined)
      expect(seen.find((line) => line.includes(shown))).toMatch(fact.table)

      const row = (JSON.parse(await read('--json')) as Row[]).find(
        (each) => each[key[1]] === name(fact),
      )
      expect(row).toMatchObject(fact.json)
      for (const field of fact.without ?? []) expect(row).not.toHaveProperty(field)

      const place = columns.indexOf(key[0])
      const csv = linesOf(await read('-o', 'csv')).map(cellsOf)
      const tabs = linesOf(await read()).map((line) => line.split('\t'))
      for (const records of [csv, tabs]) {
        const cells = records.find((each) => each[place] === name(fact))!
        expect(Object.fromEntries(columns.map((column, i) => [column, cells[i]]))).toMatchObject(
          fact.cells,
        )
      }
    },
  )
})

/** The list as a terminal of 200 columns shows it. */
async function table(argv: string[]): Promise<string> {
  const ran = await runInProcess(argv, { DATABASE_URL: db.url }, { columns: 200 })
  expect(ran.exitCode).toBe(0)
  return stripVTControlCharacters(ran.stdout + ran.stderr)
}

describe('outputs without CSV', () => {
  it('token list: a revoked token is revoked in each format', async () => {
    const json = (await run('token', 'list', '--json')).json()
    const tabs = linesOf((await run('token', 'list')).stdout).map((line) => line.split('\t'))
    expect(tabs).toEqual(
      json.map((token: Record<string, string | null>) => [
        ...[token.id, token.name, token.role, token.created_at],
        token.revoked_at ?? '',
      ]),
    )
    expect(json.map(({ revoked_at }: Row) => revoked_at)).toEqual([null, anIso])
    const seen = linesOf(await table(['token', 'list']))
    // To the minute, like every time on a terminal.
    const minute = json[1].revoked_at.slice(0, 16).replace('T', ' ')
    expect(seen.find((line) => line.includes(real.lost!))).toContain(minute)
  })

  it('show report: the state of the show, its seats and its sales', async () => {
    const [people, json] = [
      (await run('show', 'report', real.off!)).stdout,
      (await run('show', 'report', real.off!, '--json')).json(),
    ]
    expect(people).toMatch(/^Off\n.*\nCancelled\n[\s\S]*\b1 [\s\S]*\b19 .* = 20 /)
    expect(json).toMatchObject({
      show: { cancelled_at: anIso },
      capacity: { total: 20, sold: 1, held: 0, house: 0, free: 19 },
    })
    expect(json.rows).toHaveLength(2)
    expect(json.operators).toMatchObject([{ sold: 1, returned: 0 }])
  })

  it('show view: that the show is cancelled, and its counts', async () => {
    expect((await run('show', 'view', real.off!)).stdout).toMatch(/\nCancelled\n/)
    expect((await run('show', 'view', real.off!, '--json')).json()).toMatchObject({
      cancelled_at: anIso,
      booked_seats: [1],
    })
  })

  it('booking view: an expired hold, on the command line and over HTTP; a live one has no such field', async () => {
    expect((await run('booking', 'view', real.expired!)).stdout).toMatch(/^✗ /)
    const view = (await run('booking', 'view', real.expired!, '--json')).json()
    expect(view).toMatchObject({ status: 'HELD', expired: true })
    const http = (await ask(`${server.url}/bookings/${real.expired}`)).body
    expect(http).toMatchObject({ status: 'HELD', expired: true })
    expect((await run('booking', 'view', real.held!, '--json')).json()).not.toHaveProperty(
      'expired',
    )
    expect((await ask(`${server.url}/bookings/${real.held}`)).body).not.toHaveProperty('expired')
  })

  it('booking print: that the show is cancelled', async () => {
    expect((await run('booking', 'print', real.ticket!)).stdout).toMatch(
      /^Off\n2030-01-01 19:00 UTC\n[A-Z].*\.\n/,
    )
    const json = (await run('booking', 'print', real.ticket!, '--json')).json()
    expect(json.show_cancelled_at).toEqual(anIso)
    expect((await run('booking', 'print', real.inside!, '--json')).json()).toMatchObject({
      show_cancelled_at: null,
    })
  })

  it('verify and stress: how much was verified', async () => {
    expect((await run('verify')).stdout).toContain('3 shows, 8 bookings.')
    expect((await run('verify', '--json')).json()).toMatchObject({ shows: 3, bookings: 8 })
    const load = ['stress', '--in-process', '--bookings', '5']
    expect((await run(...load)).stdout).toContain('1 show, 5 bookings.')
    expect((await run(...load, '--json')).json()).toMatchObject({
      verified: { shows: 1, bookings: 5 },
    })
  })
})

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** The cells of one line of CSV. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
  )
}
