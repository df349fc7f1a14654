import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { type RanInProcess, runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { withFacts } from '../../../support/wording.js'

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

/** The flags of the booking, and the step: its flags after the reference. */
type Case = [
  title: string,
  before: (string | string[])[],
  step: (names: { other: string }) => string[],
  said: string[],
]

const ada = ['--customer', 'Ada']

const steps: Case[] = [
  [
    'confirm a hold',
    ['A1-A4', '--hold', '1h', ...ada],
    () => ['confirm'],
    ['✓', '4', 'A1-A4', 'Ada'],
  ],
  [
    'confirm one seat of it',
    ['A1-A4', '--hold', '1h'],
    () => ['confirm', '--seats', 'A2'],
    ['✓', '1', 'A2'],
  ],
  ['move', ['B2-B3', ...ada], () => ['move', '--to', 'C1-C2'], ['✓', 'B2-B3', 'C1-C2', '2', 'Ada']],
  ['move one seat', ['B2'], () => ['move', '--to', 'C1'], ['✓', 'B2', 'C1', '1']],
  ['move along the row', ['B2-B3'], () => ['move', '--to', 'B3-B4'], ['✓', 'B2-B3', 'B3-B4', '2']],
  [
    'move to another show',
    ['B2-B3'],
    ({ other }) => ['move', '--to-show', other, '--to', 'A1-A2'],
    ['✓', 'B2-B3', 'Cats', 'A1-A2', '2'],
  ],
  ['move to its own seats', ['B2-B3', ...ada], () => ['move', '--to', 'B2-B3'], ['✓']],
  ['cancel', ['A1-A4', ...ada], () => ['cancel', '-y'], ['✓', '4', 'A1-A4', 'Ada']],
  ['cancel a hold of one seat', ['A1', '--hold', '1h'], () => ['cancel', '-y'], ['✓', '1', 'A1']],
  [
    'return a part',
    ['A1-A3', ...ada],
    () => ['cancel', '-y', '--seats', 'A1'],
    ['✓', 'A1', 'A2-A3', '1', '3', 'Ada'],
  ],
  [
    'return all of its seats',
    ['A1-A3'],
    () => ['cancel', '-y', '--seats', 'A1-A3'],
    ['✓', '3', 'A1-A3'],
  ],
  ['cancel many', ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'], () => ['cancel', '-y'], ['✓', '10']],
  [
    'move many',
    ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'],
    () => ['move', '--to', 'C1,C3,C5,C7,C9,C11,D1,D3,D5,D7'],
    ['✓', '10'],
  ],
  [
    'return some of many',
    ['A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'],
    () => ['cancel', '-y', '--seats', 'A1'],
    ['✓', '1', '10'],
  ],
  ['let in', ['A1-A4', ...ada], () => ['check-in'], ['✓', 'A1-A4', '4']],
  ['let one in', ['A1-A4', ...ada], () => ['check-in', '--seats', 'A3'], ['✓', 'A3', '1']],
]

describe('a step reports what it has done, and to which seats', () => {
  it.each(steps)('%s', async (_title, [spec, ...flags], step, said) => {
    const reference = await book(show, '--seats', ...([spec, ...flags] as string[]))
    const [verb, ...rest] = step({ other })
    const ran = await run('booking', verb!, reference, ...rest)
    expect([ran.exitCode, head(ran)]).toEqual([0, withFacts(...said)])
  })

  it.each([
    ['--seats', 'A1-A4', ['✓', '4', 'A1-A4', 'Ada']],
    ['--count', '1', ['✓', '1', 'B6', 'Ada']],
    ['--count', '12', ['✓', '12', 'B1-B12', 'Ada']],
  ])('book %s %s', async (flag, value, said) => {
    expect(head(await run('book', show, flag, value, ...ada))).toEqual(withFacts(...said))
  })

  it('hold, dry run, and a house without rows', async () => {
    expect(head(await run('book', show, '--seats', 'A1-A2', '--hold', '1h'))).toEqual(
      withFacts('◐', '2', 'A1-A2'),
    )
    expect(head(await run('book', plain, '--seats', '5', ...ada))).toEqual(
      withFacts('✓', '1', '5', 'Ada'),
    )
    expect(head(await run('book', plain, '--seats', '7-9'))).toEqual(withFacts('✓', '3', '7-9'))
    expect(head(await run('book', plain, '--seats', '11-12', '--dry-run'))).toEqual(
      withFacts('2', '11-12'),
    )
  })

  it('undo of a check-in', async () => {
    const reference = await book(show, '--seats', 'A1-A2')
    await run('booking', 'check-in', reference)
    expect(head(await run('booking', 'check-in', reference, '--undo'))).toEqual(
      withFacts('◐', 'A1-A2', '2'),
    )
  })

  it('in ASCII as well', async () => {
    const reference = await book(show, '--seats', 'A1')
    const ran = await runInProcess(['booking', 'move', reference, '--to', 'B1'], {
      DATABASE_URL: db.url,
      TERM: 'dumb',
    })
    expect(head(ran)).toMatch(/^\+ .*A1 -> B1.*1/)
  })
})

describe('a step that has nothing to do says so, exits with 0 and changes nothing', () => {
  it.each([
    ['cancel', [], ['cancel', '-y']],
    ['return', [], ['cancel', '-y', '--seats', 'A1']],
    ['confirm', ['--hold', '1h'], ['confirm']],
    ['move', [], ['move', '--to', 'B1-B2']],
  ])('%s', async (_, flags, [verb, ...rest]) => {
    const reference = await book(show, '--seats', 'A1-A2', ...flags)
    const first = await run('booking', verb!, reference, ...rest)
    expect(first.exitCode).toBe(0)
    const before = await db.sql('select * from bookings order by id')
    const again = await run('booking', verb!, reference, ...rest)
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    // It is a success with another message, without seats.
    expect(head(again)).toMatch(/^✓ [^\d]+$/)
    expect(head(again)).not.toBe(head(first))
    expect(again.stdout).toContain(reference)
    expect(await db.sql('select * from bookings order by id')).toEqual(before)
  })

  it('cancelling a show', async () => {
    const cancel = ['show', 'cancel', show, '-y', '--expect-bookings', '0']
    expect(await run(...cancel)).toMatchObject({ exitCode: 0, stderr: '' })
    const again = await run(...cancel)
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^.+\n$/) })
  })
})

it('viewing a cancelled booking shows the sign of its state, not that of a success', async () => {
  const reference = await book(show, '--seats', 'A1')
  await run('booking', 'cancel', reference, '-y')
  expect(head(await run('booking', 'view', reference))).toEqual(withFacts('✗', '1', 'A1'))
})
