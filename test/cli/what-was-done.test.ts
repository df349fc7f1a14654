import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type RanInProcess, runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'

let db: TestDatabase
let show: string
let other: string
let plain: string
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())
beforeEach(async () => {
  show = await insertShow(db, { name: 'Cats', seats: 60, seatsPerRow: 12 })
  other = await insertShow(db, { name: 'Evita', seats: 60, seatsPerRow: 12 })
  plain = await insertShow(db, { name: 'Plain', seats: 60 })
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const head = ({ stdout }: RanInProcess) => stdout.split('\n')[0]
const book = async (at: string, ...args: string[]) =>
  (await run('book', at, ...args, '--json')).json().reference as string

/** What a booking is before the step, and the step: its flags after the booking's reference. */
type Case = [
  title: string,
  before: (string | string[])[],
  step: (names: { other: string }) => string[],
  said: string,
]

const ada = ['--customer', 'Ada']

const steps: Case[] = [
  [
    'confirm a hold',
    ['A1-A4', '--hold', '1h', ...ada],
    () => ['confirm'],
    '✓ Confirmed 4 seats: A1-A4 for Ada',
  ],
  [
    'confirm one seat of it',
    ['A1-A4', '--hold', '1h'],
    () => ['confirm', '--seats', 'A2'],
    '✓ Confirmed 1 seat: A2',
  ],
  [
    'move',
    ['B2-B3', ...ada],
    () => ['move', '--to', 'C1-C2'],
    '✓ Moved B2-B3 → C1-C2 (2 seats) for Ada',
  ],
  ['move one seat', ['B2'], () => ['move', '--to', 'C1'], '✓ Moved B2 → C1 (1 seat)'],
  [
    'move along the row',
    ['B2-B3'],
    () => ['move', '--to', 'B3-B4'],
    '✓ Moved B2-B3 → B3-B4 (2 seats)',
  ],
  [
    'move to another show',
    ['B2-B3'],
    ({ other }) => ['move', '--to-show', other, '--to', 'A1-A2'],
    '✓ Moved B2-B3 of Cats → A1-A2 (2 seats)',
  ],
  [
    'move where it is',
    ['B2-B3', ...ada],
    () => ['move', '--to', 'B2-B3'],
    '✓ Already there; nothing changed.',
  ],
  ['cancel', ['A1-A4', ...ada], () => ['cancel', '-y'], '✓ Cancelled 4 seats: A1-A4 for Ada'],
  [
    'cancel a hold of one seat',
    ['A1', '--hold', '1h'],
    () => ['cancel', '-y'],
    '✓ Cancelled 1 seat: A1',
  ],
  [
    'return a part',
    ['A1-A3', ...ada],
    () => ['cancel', '-y', '--seats', 'A1'],
    '✓ Returned A1; kept A2-A3 (1 of 3 seats) for Ada',
  ],
  [
    'return the whole by its seats',
    ['A1-A3'],
    () => ['cancel', '-y', '--seats', 'A1-A3'],
    '✓ Cancelled 3 seats: A1-A3',
  ],
  [
    'cancel many',
    ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'],
    () => ['cancel', '-y'],
    '✓ Cancelled 10 seats',
  ],
  [
    'move many',
    ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'],
    () => ['move', '--to', 'C1,C3,C5,C7,C9,C11,D1,D3,D5,D7'],
    '✓ Moved 10 seats',
  ],
  [
    'return some of many',
    ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'],
    () => ['cancel', '-y', '--seats', 'A1'],
    '✓ Returned 1 of 10 seats',
  ],
  ['let in', ['A1-A4', ...ada], () => ['check-in'], '✓ Let in: A1-A4 (4 seats)'],
  ['let one in', ['A1-A4', ...ada], () => ['check-in', '--seats', 'A3'], '✓ Let in: A3 (1 seat)'],
]

describe('a step says what it has done, and to how many seats', () => {
  it.each(steps)('%s', async (_title, [spec, ...flags], step, said) => {
    const reference = await book(show, '--seats', ...([spec, ...flags] as string[]))
    const [verb, ...rest] = step({ other })
    const ran = await run('booking', verb!, reference, ...rest)
    expect([ran.exitCode, head(ran)]).toEqual([0, said])
  })

  it.each([
    ['--seats', 'A1-A4', '✓ Booked 4 seats: A1-A4 for Ada'],
    ['--count', '1', '✓ Booked 1 seat: B6 for Ada'],
    ['--count', '12', '✓ Booked 12 seats: B1-B12 for Ada'],
  ])('book %s %s', async (flag, value, said) => {
    expect(head(await run('book', show, flag, value, ...ada))).toBe(said)
  })

  it('hold, dry run, and a house without rows', async () => {
    expect(head(await run('book', show, '--seats', 'A1-A2', '--hold', '1h'))).toBe(
      '◐ Holding 2 seats: A1-A2',
    )
    expect(head(await run('book', plain, '--seats', '5', ...ada))).toBe(
      '✓ Booked 1 seat: 5 for Ada',
    )
    expect(head(await run('book', plain, '--seats', '7-9'))).toBe('✓ Booked 3 seats: 7-9')
    expect(head(await run('book', plain, '--seats', '11-12', '--dry-run'))).toBe(
      '2 seats free: 11-12. Nothing was booked (dry run).',
    )
  })

  it('let out again', async () => {
    const reference = await book(show, '--seats', 'A1-A2')
    await run('booking', 'check-in', reference)
    expect(head(await run('booking', 'check-in', reference, '--undo'))).toBe(
      '◐ Out again: A1-A2 (2 seats)',
    )
  })

  it('in ASCII too', async () => {
    const reference = await book(show, '--seats', 'A1')
    const ran = await runInProcess(['booking', 'move', reference, '--to', 'B1'], {
      DATABASE_URL: db.url,
      TERM: 'dumb',
    })
    expect(head(ran)).toBe('+ Moved A1 -> B1 (1 seat)')
  })
})

describe('a step that has nothing to do says so, exits 0 and changes nothing', () => {
  it.each([
    ['cancel', [], ['cancel', '-y'], 'Already cancelled'],
    ['return', [], ['cancel', '-y', '--seats', 'A1'], 'Already returned'],
    ['confirm', ['--hold', '1h'], ['confirm'], 'Already confirmed'],
    ['move', [], ['move', '--to', 'B1-B2'], 'Already there'],
  ])('%s', async (_, flags, [verb, ...rest], said) => {
    const reference = await book(show, '--seats', 'A1-A2', ...flags)
    const first = await run('booking', verb!, reference, ...rest)
    expect(first.exitCode).toBe(0)
    const before = await db.sql('select * from bookings order by id')
    const again = await run('booking', verb!, reference, ...rest)
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    expect(head(again)).toBe(`✓ ${said}; nothing changed.`)
    expect(again.stdout).toContain(reference)
    expect(await db.sql('select * from bookings order by id')).toEqual(before)
  })

  it('cancelling a show', async () => {
    const cancel = ['show', 'cancel', show, '-y', '--expect-bookings', '0']
    expect(await run(...cancel)).toMatchObject({ exitCode: 0, stderr: '' })
    const again = await run(...cancel)
    expect(again).toMatchObject({ exitCode: 0, stderr: 'Already cancelled; nothing changed.\n' })
  })
})

it('to look at what is cancelled is no success: its state keeps the sign of one', async () => {
  const reference = await book(show, '--seats', 'A1')
  await run('booking', 'cancel', reference, '-y')
  expect(head(await run('booking', 'view', reference))).toBe('✗ Cancelled 1 seat: A1')
})
