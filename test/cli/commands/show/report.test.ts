import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTickets, type showReportJson } from '../../../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { examplePlan } from '../../../support/plans.js'
import { insertShow } from '../../../support/shows.js'

let db: TestDatabase
let show: string
let report: ReturnType<typeof showReportJson>
const run = (args: string[], env = {}) => runInProcess(args, { DATABASE_URL: db.url, ...env })
const json = async (...args: string[]) => (await run([...args, '--json'])).json()

beforeAll(async () => {
  db = await cloneDatabase()
  show = await insertShow(db, { seats: 25, seatsPerRow: 10, name: 'Cats' })
  const other = await insertShow(db, { seats: 5, name: 'Evita' })
  const as = (operator: string, ...args: string[]) => json(...args, '--operator', operator)
  const ada = await as('ada', 'book', show, '--seats', 'A1-A6')
  await as('ben', 'book', show, '--seats', 'B1-B2')
  await as('ben', 'book', show, '--seats', 'C1-C2', '--hold', 'forever', '--note', 'press')
  await as('ben', 'book', show, '--seats', 'C3', '--hold', '1h')
  await as('ben', 'book', show, '--seats', 'C4', '--hold', '1ms')
  await as('eve', 'booking', 'cancel', ada.reference, '--seats', 'A1', '-y')
  const gone = await as('eve', 'book', show, '--seats', 'C5')
  await as('eve', 'booking', 'move', gone.reference, '--to', '1', '--to-show', other)
  const come = await as('eve', 'book', other, '--seats', '2-3')
  await as('eve', 'booking', 'move', come.reference, '--to', 'B9-B10', '--to-show', show)
  report = await json('show', 'report', show)
})
afterAll(() => db.drop())

it('the capacity is sold + held + house + free, in total and row by row', () => {
  expect(report.capacity).toEqual({ total: 25, sold: 9, held: 1, house: 2, free: 13 })
  expect(report.rows).toEqual([
    { row: 'A', total: 10, sold: 5, held: 0, house: 0, free: 5 },
    { row: 'B', total: 10, sold: 4, held: 0, house: 0, free: 6 },
    { row: 'C', total: 5, sold: 0, held: 1, house: 2, free: 2 },
  ])
})

it('sales and returns by operator add up to what is sold, including moves between shows', () => {
  expect(report.operators).toEqual([
    { operator: 'ada', sold: 6, returned: 0 },
    { operator: 'eve', sold: 3, returned: 2 },
    { operator: 'ben', sold: 2, returned: 0 },
  ])
  const net = (sales: { sold: number; returned: number }[]) =>
    sales.reduce((sum, { sold, returned }) => sum + sold - returned, 0)
  expect(net(report.operators)).toBe(9)
  expect(net(report.hours)).toBe(9)
  expect(report.hours[0]!.hour).toMatch(/:00:00\.000Z$/)
})

it('a cancelled show is reported as cancelled', async () => {
  const gone = await insertShow(db, { name: 'Gone' })
  await run(['show', 'cancel', gone, '-y', '--expect-bookings', '0'])
  expect((await run(['show', 'report', gone])).stdout).toMatch(/^Gone\n.*\nCancelled\n/)
})

it('a terminal shows bars that fit, with different characters if there is no colour', async () => {
  for (const columns of [40, 80]) {
    const { stdout } = await run(['show', 'report', show], { COLUMNS: String(columns) })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns)
    for (const text of ['9 sold', '1 held', '2 house', '13 free', '= 25 seats', 'ada', '█', '░']) {
      expect(stdout.replace(/\s+/g, ' ')).toContain(text)
    }
  }
  const plain = await run(['show', 'report', show], { TERM: 'dumb', COLUMNS: '80' })
  expect(plain.stdout).toMatch(/^[\x20-\x7e\n]*$/)
})

it('a house without rows, without sales, or of the largest size is reported as well', async () => {
  const empty = await insertShow(db, { seats: 3, name: 'Empty' })
  expect(await json('show', 'report', empty)).toMatchObject({
    capacity: { total: 3, sold: 0, free: 3 },
    rows: null,
    hours: [],
    operators: [],
  })
  expect((await run(['show', 'report', empty])).exitCode).toBe(0)
  const huge = await insertShow(db, { seats: 100_000, seatsPerRow: 1, name: 'Huge' })
  const { stdout } = await run(['show', 'report', huge], { COLUMNS: '80' })
  expect(stdout.split('\n').length).toBeLessThan(60)
  expect(stdout).toMatch(/\n +A-CRD +░+ +0\/2500\n/)
})

it('every section is reported, in any number, and the rows are summed up', async () => {
  const tickets = openTickets({ database: db.url, env: {} })
  const startTime = new Date('2040-01-01T19:00Z')
  const { plan } = await tickets.createShow({
    name: 'Arena',
    startTime,
    plan: examplePlan('arena'),
  })
  await tickets.close()
  const { stdout } = await run(['show', 'report', 'Arena'], { COLUMNS: '80' })
  const [, sections, rows] = stdout.split(/\nSections\n|\nRows\n/)
  const lines = (part?: string) => part!.split('\n').filter((line) => line !== '')
  expect(lines(sections).map((line) => line.trim().split(/ {2,}/)[0])).toEqual(
    plan!.sections.map(({ name }) => name),
  )
  expect(lines(sections)).toHaveLength(51)
  expect(lines(rows).length).toBeLessThanOrEqual(40)
})

it('an unnamed operator is reported as unknown, and the library returns the same report', async () => {
  const quiet = await insertShow(db, { seats: 3, name: 'Quiet' })
  const tickets = openTickets({ database: db.url, env: {} })
  await tickets.book(quiet, { seats: [1] })
  expect((await tickets.reportOnShow('Quiet')).operators).toEqual([
    { operator: null, sold: 1, returned: 0 },
  ])
  await tickets.close()
  expect((await run(['show', 'report', quiet])).stdout).toContain('unknown')
})
