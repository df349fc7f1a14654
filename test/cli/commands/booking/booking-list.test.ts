import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { linesInTerminal } from '../../../support/terminal.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
let show: string
/** Customers in the order in which they booked, an hour apart, starting at noon in UTC. */
const GUESTS = Array.from({ length: 60 }, (_, n) => `Guest ${String(n + 1).padStart(2, '0')}`)

beforeAll(async () => {
  db = await cloneDatabase()
  show = await insertShow(db, { name: 'Cats', seats: 100 })
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, customer, created_at)
     select gen_random_uuid(), translate(lpad(nth::text, 8, 'X'), '01', 'AB'), $1, 'CANCELLED', '{1}',
            name, '2030-05-01T12:00Z'::timestamptz + (nth - 1) * interval '1 hour'
     from unnest($2::text[]) with ordinality as guests (name, nth)`,
    [show, GUESTS],
  )
})
afterAll(() => db.drop())

const onTerminal = async (...args: string[]) =>
  linesInTerminal(process.execPath, [program, 'booking', 'list', ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent' },
  })
/** The customers in the order of the list, on a terminal or for programs. */
const seen = async (...args: string[]) =>
  (await onTerminal(...args)).join('\n').match(/Guest \d\d/g) ?? []
async function listed(...args: string[]): Promise<string[]> {
  const { stdout } = await runInProcess(['booking', 'list', ...args], {
    DATABASE_URL: db.url,
    TZ: 'UTC',
  })
  return stdout.match(/Guest \d\d/g) ?? []
}

const NEWEST = [...GUESTS].reverse()

describe('the list of bookings', () => {
  it('on a terminal begins with the newest', async () => {
    expect(await seen()).toEqual(NEWEST.slice(0, 50))
    expect((await onTerminal()).join('\n')).toEqual(
      withFacts('50', '--all', '--customer', '--since'),
    )
    expect(await seen(show, '--limit', '2')).toEqual(NEWEST.slice(0, 2))
    expect(await seen('--all')).toEqual(NEWEST)
    expect(await seen('--customer', 'guest', '--limit', '3')).toEqual(NEWEST.slice(0, 3))
  })

  it('on a terminal has another order if asked for', async () => {
    expect(await seen('--sort', 'time', '--limit', '3')).toEqual(GUESTS.slice(0, 3))
    expect((await onTerminal('--sort', 'time')).slice(52).join(' ')).toEqual(
      withFacts('first 50', '--all', '--customer', '--since'),
    )
    expect(await seen('--sort', 'customer', '--limit', '3')).toEqual(GUESTS.slice(0, 3))
    expect(await seen('--json', '--limit', '3')).toEqual(GUESTS.slice(0, 3))
  })

  it.each([
    ['lines', []],
    ['--json', ['--json']],
    ['-o csv', ['-o', 'csv']],
    ['-o ndjson', ['-o', 'ndjson']],
  ])('for programs is in the order in which they were made: %s', async (_, format) => {
    expect(await listed(...format)).toEqual(GUESTS)
    expect(await listed('--sort', 'newest', ...format)).toEqual(NEWEST)
    const times = ['--since', '2030-05-01T13:00Z', '--until', '2030-05-01T15:00Z']
    expect(await listed(...times, ...format)).toEqual(GUESTS.slice(1, 3))
  })

  it('is limited by time on a terminal as well, for one show, one customer, and by customer', async () => {
    const times = ['--since', '2030-05-01T13:00Z', '--until', '2030-05-01T15:00Z']
    expect(await seen(...times)).toEqual(GUESTS.slice(1, 3).reverse())
    expect(await seen(show, ...times)).toEqual(GUESTS.slice(1, 3).reverse())
    expect(await seen('--customer', 'guest', ...times)).toEqual(GUESTS.slice(1, 3).reverse())
    expect(await seen('--sort', 'customer', ...times)).toEqual(GUESTS.slice(1, 3))
  })

  it('takes a local time in the time zone that is named, or else in that of the system', async () => {
    const since = ['--since', '2030-05-03 22:00']
    expect(await listed(...since, '--time-zone', 'UTC')).toEqual(GUESTS.slice(58))
    expect(await listed(...since, '--time-zone', 'America/New_York')).toEqual([])
    expect(await listed(...since, '--time-zone', 'Asia/Tokyo')).toEqual(GUESTS.slice(49))
  })
})
