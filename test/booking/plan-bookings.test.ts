import { parse } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BookingRequest, openTickets, type Tickets } from '../../src/index.js'
import { tickets as run } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { lockShow } from '../support/shows.js'
import { until } from '../support/until.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let box: Tickets
let other: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  box = openTickets({ database: db.url })
  other = openTickets({ database: db.url })
})
afterEach(() => db.sql('truncate shows, bookings, plans cascade'))
afterAll(async () => {
  await Promise.all([box.close(), other.close()])
  await db.drop()
})

const GLOBE = `name: Globe
section Stalls
A  1-6
B  w1 c2 3-6
section Circle
A  1-4 r5-6
`
const startTime = new Date('2040-12-25T19:00:00Z')
const create = async (plan = GLOBE) => (await box.createShow({ name: 'Lear', startTime, plan })).id
const failure = (booking: Promise<unknown>) =>
  booking.then(
    () => undefined,
    ({ code, message }) => ({ code, message }),
  )

describe('seats by number, in a house with a plan', () => {
  it('are chosen only from the requested section', async () => {
    const show = await create()
    const { booking } = await box.book(show, { count: 4, section: 'cIrcle' })
    expect(booking).toMatchObject({ section: 'Circle', seats: [13, 14, 15, 16] })
    expect(await failure(box.book(show, { count: 3, section: 'Circle' }))).toMatchObject({
      code: 'NOT_ENOUGH_SEATS',
      message: withFacts('2', 'Circle'),
    })
  })

  it('include wheelchair places only when asked for, and the refusal says how many are left', async () => {
    const show = await create('A w1 c2 3-4')
    await box.book(show, { count: 2 })
    expect(await failure(box.book(show, { count: 1 }))).toMatchObject({
      code: 'NOT_ENOUGH_SEATS',
      message: withFacts('2'),
    })
    const { booking } = await box.book(show, { count: 2, includeAccessible: true })
    expect(booking.seatLabels).toEqual(['A1', 'A2'])
  })

  it("are a wheelchair place, its companion's seat and seats next to them, for a party with a wheelchair", async () => {
    const show = await create()
    const { booking } = await box.book(show, { count: 3, accessible: true })
    expect(booking.seatLabels).toEqual(['Stalls B1', 'Stalls B2', 'Stalls B3'])
    expect(await failure(box.book(show, { count: 1, accessible: true }))).toMatchObject({
      code: 'NOT_ENOUGH_SEATS',
    })
  })

  it.each<[request: BookingRequest, code: string, ...facts: string[]]>([
    [{ count: 1, section: 'Balcony' }, 'NO_SUCH_SEAT', 'Stalls, Circle'],
    [{ seats: 'A1', section: 'Stalls' }, 'INVALID_INPUT'],
    [{ seats: [1], accessible: true }, 'INVALID_INPUT'],
    [{ seats: [1], includeAccessible: true }, 'INVALID_INPUT'],
  ])('are refused if the request makes no sense: %j', async (request, code, ...facts) => {
    const show = await create()
    expect(await failure(box.book(show, request))).toEqual({
      code,
      message: withFacts(...facts),
    })
  })

  it('are replayed by their key; the same key with another section is another request', async () => {
    const show = await create()
    const request = { count: 2, section: 'Circle', key: 'k' }
    const first = await box.book(show, request)
    const again = await other.book(show, { ...request, section: 'circle' })
    expect([again.replayed, again.booking.id]).toEqual([true, first.booking.id])
    for (const changed of [
      { ...request, section: 'Stalls' },
      { count: 2, key: 'k' },
      { ...request, accessible: true },
      { ...request, includeAccessible: true },
    ]) {
      expect(await failure(box.book(show, changed))).toMatchObject({ code: 'KEY_REUSED' })
    }
  })
})

it('a restricted view is a warning in every sale', async () => {
  const show = await create()
  const warnings = [{ code: 'RESTRICTED_VIEW', message: withFacts('Circle A5-A6') }]
  const held = await box.book(show, { seats: 'Circle A5-A6', hold: 'forever' })
  expect(held.warnings).toEqual(warnings)
  const { booking, ...sold } = await box.confirmBooking(held.booking.id)
  expect(sold.warnings).toEqual(warnings)
  const moved = await box.moveBooking(booking.id, { to: 'Circle A1-A2' })
  expect(moved.warnings).toBeUndefined()
  const back = await box.moveBooking(booking.id, { to: 'Circle A4-A5' })
  expect(back.warnings).toMatchObject([
    { code: 'RESTRICTED_VIEW', message: withFacts('Circle A5') },
  ])
  const typed = await run(['book', show, '--seats', 'Circle A6', '--json'], { db: db.url })
  expect(typed.json().warnings).toMatchObject([{ code: 'RESTRICTED_VIEW' }])
  expect(typed.stderr).toEqual(withFacts('Circle A6'))
})

it('a restricted view is named on its ticket, as text, SVG and JSON, and on no other ticket', async () => {
  const show = await create()
  const [mixed, clear] = [
    (await box.book(show, { seats: 'Circle A3-A6' })).booking,
    (await box.book(show, { seats: 'Circle A1' })).booking,
  ]
  const print = (reference: string, ...flags: string[]) =>
    runInProcess(['booking', 'print', reference, ...flags], { DATABASE_URL: db.url })
  for (const flags of [[], ['--svg', '-']]) {
    // The list of all its seats shows Circle A3-A6 instead of it.
    expect((await print(mixed.reference, ...flags)).stdout).toEqual(withFacts('Circle A5-A6'))
    expect((await print(clear.reference, ...flags)).stdout).not.toMatch(/restricted/i)
  }
  expect((await print(mixed.reference, '--json')).json().warnings).toEqual([
    { code: 'RESTRICTED_VIEW', message: withFacts('Circle A5-A6') },
  ])
  expect((await print(clear.reference, '--json')).json()).not.toHaveProperty('warnings')
})

it('the command line, files and their columns accept sections and wheelchair places', async () => {
  const show = await create()
  const typed = await run(['book', show, '--count', '2', '--section', 'Circle', '--json'], {
    db: db.url,
  })
  expect(typed.json()).toMatchObject({ section: 'Circle', status: 'CONFIRMED' })
  const csv =
    'count,section,accessible,include_accessible\n2,Stalls,yes,\n4,,,true\n1,circle,false,no\n'
  const file = await run(['book', show, '--file', '-', '--json'], {
    db: db.url,
    stdin: 'pipe',
    input: csv,
  })
  const lines = file.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ seat_labels }) => seat_labels)).toEqual([
    ['Stalls B1', 'Stalls B2'],
    ['Stalls A2', 'Stalls A3', 'Stalls A4', 'Stalls A5'].map((label) =>
      expect.stringContaining(label.slice(0, 8)),
    ),
    [expect.stringMatching(/^Circle/)],
  ])
  const wrong = await run(['book', show, '--file', '-'], {
    db: db.url,
    stdin: 'pipe',
    input: 'count,accessible\n1,perhaps\n',
  })
  expect([wrong.exitCode, wrong.stderr]).toEqual([4, withFacts('1', 'accessible', 'true', 'false')])
})

describe('a dry run, and a file, give the same answer as a booking', () => {
  const env = () => ({ DATABASE_URL: db.url })
  const here = (args: string[], input = '') => runInProcess(['book', ...args], env(), { input })
  /** The fields about seats in the JSON of each printed line. */
  const facts = (stdout: string) =>
    stdout.split('\n').flatMap((line) => {
      if (line === '') return []
      const { seats, seat_labels, section, warnings, error } = JSON.parse(line)
      return [{ seats, seat_labels, section, warnings, error: error?.code }]
    })

  it.each([
    ['Circle', { count: 2, section: 'circle' }],
    [null, { seats: 'Stalls A1, Circle A6' }],
    [undefined, { count: 1, section: 'Balcony' }],
    ['Circle', { seats: 'Circle A4-A6' }],
    ['Stalls', { count: 2, accessible: true }],
  ])('with the section %j, and warnings: %j', async (section, request) => {
    const show = await create()
    const flags = Object.entries(request).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, String(value)],
    )
    const [columns, values] = [Object.keys(request), Object.values(request)]
    const tabbed = `customer\t${columns.join('\t')}\nAda\t${values.join('\t')}\n`
    const ran = [
      await here([show, ...flags, '--dry-run', '--json']),
      await here([show, '--file', '-', '--dry-run', '--json'], tabbed),
      await here([show, '--file', '-', '--json'], tabbed),
    ]
    const [, , booked] = ran.map(({ stdout }) => facts(stdout))
    expect(booked).toMatchObject([
      { section, error: section === undefined ? 'NO_SUCH_SEAT' : undefined },
    ])
    expect(ran.map(({ stdout }) => facts(stdout))).toEqual([booked, booked, booked])
  })

  it('a section is refused in a house without sections', async () => {
    const show = await create('A 1-4')
    const dry = await here([show, '--count', '2', '--dry-run', '--json'])
    expect(dry.json()).not.toHaveProperty('section')
  })

  it('each printed line of a file has its section, after its warning', async () => {
    const show = await create()
    const file = 'seats\nCircle A5\nStalls A1\n"Stalls A2, Circle A1"\nCircle A6\n'
    for (const flags of [['--dry-run'], ['--atomic']]) {
      const { stdout, stderr } = await here([show, '--file', '-', ...flags], file)
      const lines = stdout.split('\n').slice(0, -1)
      expect(lines.map((line) => line.split('\t')[6])).toEqual(['Circle', 'Stalls', '', 'Circle'])
      expect(stderr.match(/Warning: .*/g)).toEqual(
        ['A5', 'A6'].map((seat) => `Warning: Circle ${seat} has a restricted view.`),
      )
    }
  })
})

it('the list of bookings has the section in each format: of one, of several, and of a house without sections', async () => {
  const show = await create()
  await box.book(show, { seats: 'Circle A1-A2' })
  await box.book(show, { seats: 'Stalls A1, Circle A3' })
  const plain = await create('A 1-4')
  await box.book(plain, { seats: 'A1' })
  const list = async (...format: string[]) => {
    const { stdout } = await runInProcess(['booking', 'list', ...format], { DATABASE_URL: db.url })
    return stdout
  }
  const json = JSON.parse(await list('--json'))
  expect(json.map((booking: object) => 'section' in booking && booking.section)).toEqual([
    'Circle',
    null,
    false,
  ])
  const sections = ['Circle', '', '']
  const csv: Record<string, string>[] = parse(await list('-o', 'csv'), { columns: true })
  expect(csv.map(({ section }) => section)).toEqual(sections)
  const lines = (await list()).split('\n').slice(0, -1)
  expect(lines.map((line) => line.split('\t').at(-1))).toEqual(sections)
  expect((await list(show, '--seat', 'circle a3')).split('\n')).toEqual([lines[1], ''])
})

describe('a plan that changes during a request', () => {
  /** The same seats, with another row before row B. */
  const WIDER = GLOBE.replace('B  w1', 'AA  1-2\nB  w1')

  it('books the seat with that label in the new plan, and no other', async () => {
    const show = await create()
    // `other` has read the old plan, in which Stalls B3 is seat 9.
    await other.book(show, { seats: 'Stalls A1' })
    await box.editShow(show, { plan: WIDER })
    const { booking } = await other.book(show, { seats: 'Stalls B3' })
    expect(booking).toMatchObject({ seats: [11], seatLabels: ['Stalls B3'] })
    expect(await failure(box.book(show, { seats: 'Stalls B3' }))).toMatchObject({
      code: 'SEATS_TAKEN',
    })
    expect(await box.verify()).toMatchObject({ ok: true })
  })

  it('is read by a process that has read the house without a plan', async () => {
    const show = (await box.createShow({ name: 'Lear', startTime, totalSeats: 18 })).id
    expect(await failure(other.book(show, { seats: '19' }))).toMatchObject({ code: 'NO_SUCH_SEAT' })
    await box.editShow(show, { plan: GLOBE })
    const { booking } = await other.book(show, { seats: 'Stalls A1' })
    expect(booking).toMatchObject({ seats: [1], seatLabels: ['Stalls A1'] })
  })

  it('keeps the label of the seat that a request is waiting for', async () => {
    const { edit, booking } = await editAndBookBehindLock((show) =>
      other.book(show, { seats: 'Stalls B3' }),
    )
    await edit
    const { id } = (await booking).booking
    const seat = { status: 'CONFIRMED', seats: [11], seatLabels: ['Stalls B3'] }
    expect((await booking).booking).toMatchObject(seat)
    expect(await other.findBooking(id)).toMatchObject(seat)
  })

  it('books seats by number with a key as they were first read, so that the key finds them by label', async () => {
    const { edit, booking } = await editAndBookBehindLock((show) =>
      other.book(show, { seats: [9], key: `${show} nine` }),
    )
    await edit
    const { id, showId, seatLabels } = (await booking).booking
    expect(seatLabels).toEqual(['Stalls B3'])
    const again = await box.book(showId, { seats: 'Stalls B3', key: `${showId} nine` })
    expect(again).toMatchObject({ replayed: true, booking: { id } })
  })

  it('is used for requests with a key by a process that has read the house without a plan', async () => {
    const show = (await box.createShow({ name: 'Lear', startTime, totalSeats: 18 })).id
    await other
      .book(show, { seats: '1', hold: 'forever', key: `${show} hold` })
      .then((hold) => other.cancelBooking(hold.booking.id))
    await box.editShow(show, { plan: GLOBE })
    const request = { seats: [9], key: `${show} nine` }
    const { booking } = await other.book(show, request)
    expect(await box.book(show, request)).toMatchObject({
      replayed: true,
      booking: { id: booking.id },
    })
  })

  it('is used to choose a number of seats', async () => {
    const { edit, booking } = await editAndBookBehindLock((show) =>
      other.book(show, { count: 4, section: 'Circle' }),
    )
    await edit
    const labels = ['Circle A1', 'Circle A2', 'Circle A3', 'Circle A4']
    expect((await booking).booking).toMatchObject({ seats: [15, 16, 17, 18], seatLabels: labels })
  })

  it('is used to name the seats of bookings that are made together', async () => {
    const { edit, booking } = await editAndBookBehindLock((show) =>
      other.bookAllOrNothing([{ showId: show, request: { count: 1, section: 'Circle' } }]),
    )
    await edit
    expect(await booking).toMatchObject({
      booked: [{ booking: { seats: [17], seatLabels: ['Circle A3'], section: 'Circle' } }],
    })
  })

  /** Both wait for the lock of the show, the edit before the booking. */
  async function editAndBookBehindLock<Result>(book: (show: string) => Promise<Result>) {
    const show = await create()
    const lock = await lockShow(db, show)
    const edit = box.editShow(show, { plan: WIDER })
    edit.catch(() => {}) // Its failure is awaited later.
    await until(async () => (await waiting()) === 1)
    const booking = book(show)
    await until(async () => (await waiting()) === 2)
    await lock.release()
    return { edit, booking }
  }

  it('refuses a seat that is gone, and records the refusal', async () => {
    const show = await create()
    await other.book(show, { seats: 'Stalls A1' })
    await box.editShow(show, { plan: GLOBE.replace('A  1-4 r5-6', 'A  1-4') })
    expect(await failure(other.book(show, { seats: 'Circle A6' }))).toEqual({
      code: 'NO_SUCH_SEAT',
      message: withFacts('Circle A6'),
    })
    expect(await box.verify()).toMatchObject({ ok: true })
  })

  async function waiting(): Promise<number> {
    const [row] = await db.sql<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return row!.count
  }
})
