import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal } from '../../../support/terminal.js'
import { questions, withFacts } from '../../../support/wording.js'

let db: TestDatabase
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())
beforeEach(async () => {
  show = await insertShow(db, {
    seats: 20,
    seatsPerRow: 10,
    name: `Cats ${randomUUID().slice(0, 8)}`,
  })
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const json = async (...args: string[]) => (await run(...args, '--json')).json()
const inTerminal = (...args: string[]) =>
  openTerminal(process.execPath, [program, ...args], { env: { DATABASE_URL: db.url } })

describe('show edit', () => {
  it('changes only what is given; a local time is in the zone of the show', async () => {
    const before = await json('show', 'view', show)
    const flags = ['--time-zone', 'Europe/Paris', '--start-time', '2031-07-01 20:00']
    const edited = await json('show', 'edit', show, ...flags)
    expect(edited).toMatchObject({
      name: before.name,
      total_seats: 20,
      start_time: '2031-07-01T18:00:00.000Z',
      time_zone: 'Europe/Paris',
    })
    expect(
      await json('show', 'edit', show, '--name', 'Evita', '--total-seats', '25'),
    ).toMatchObject({
      name: 'Evita',
      total_seats: 25,
      start_time: edited.start_time,
    })
  })

  it('refuses to remove sold or held seats, and names them', async () => {
    await run('book', show, '--seats', 'B5')
    await run('book', show, '--seats', 'B7', '--hold', 'forever')
    const refused = await run('show', 'edit', show, '--total-seats', '14', '--json')
    expect(refused.exitCode).toBe(4)
    expect(refused.json().error).toMatchObject({
      code: 'SEATS_TAKEN',
      seats: [15, 17],
      message: withFacts('14', 'B5, B7', '17', 'B7', 'held'),
    })
    expect(await json('show', 'edit', show, '--total-seats', '17')).toMatchObject({
      total_seats: 17,
    })
  })

  // A house of 20 in rows of 10.
  it.each<[what: string, sales: string[][], refused: string, least: string, ...facts: string[]]>([
    ['nothing is sold', [], '9', '10'],
    ['a seat of the first row is sold', [['A5']], '9', '10'],
    ['B5 is sold, and a row would be cut', [['B5']], '9', '15', 'B5', 'sold'],
    ['B5 is sold', [['B5']], '14', '15', 'B5', 'sold'],
    ['B5 is held', [['B5', '--hold', '1h']], '14', '15', 'B5', 'held'],
    ['B7 is held behind B5', [['B5'], ['B7', '--hold', 'forever']], '10', '17', 'B7', 'held'],
    ['B7 is sold behind B5', [['B7'], ['B5', '--hold', 'forever']], '10', '17', 'B7', 'sold'],
    ['a hold of B7 has expired', [['B5'], ['B7', '--hold', '1ms']], '10', '15', 'B5', 'sold'],
    ['the house is too large', [['B5']], '100001', '15', 'B5', 'sold', '100,000'],
  ])('gives the smallest possible size: %s', async (_, sales, refused, least, ...facts) => {
    for (const [spec, ...flags] of sales) await run('book', show, '--seats', spec!, ...flags)
    const ran = await run('show', 'edit', show, '--total-seats', refused, '--json')
    expect(ran.json().error.message).toEqual(withFacts(least, ...facts))
    const taken = await run('show', 'edit', show, '--total-seats', least, '--json')
    expect(taken).toMatchObject({ exitCode: 0 })
  })

  it('also in a house without rows, where one seat is the smallest size', async () => {
    const plain = await insertShow(db, { seats: 40 })
    await run('book', plain, '--seats', '36')
    const refused = await run('show', 'edit', plain, '--total-seats', '10', '--json')
    expect(refused.json().error).toMatchObject({ code: 'SEATS_TAKEN', seats: [36] })
    expect(refused.json().error.message).toEqual(withFacts('10', '36', 'sold'))
    const empty = await insertShow(db, { seats: 40 })
    expect(await json('show', 'edit', empty, '--total-seats', '1')).toMatchObject({
      total_seats: 1,
    })
  })

  it('at a terminal asks for no fewer seats than that', async () => {
    await run('book', show, '--seats', 'B5')
    const terminal = inTerminal('show', 'edit', show)
    await terminal.waitFor(questions.nameOfShow)
    terminal.press('enter')
    await terminal.waitFor(questions.start)
    terminal.press('enter')
    await terminal.waitFor(/\(15 .*100,000 .*B5 .*sold/)
    terminal.press('backspace')
    terminal.type('14\r')
    await terminal.waitFor(/✗ .*15 .*100,000 .*B5 .*sold/)
    terminal.press('ctrl-u')
    terminal.type('15\r')
    expect((await terminal.exit).code).toBe(0)
    await terminal.close()
    expect(await json('show', 'view', show)).toMatchObject({ total_seats: 15 })
  })

  it('without flags or with wrong values is refused, naming them', async () => {
    const ran = await Promise.all([
      run('show', 'edit', show),
      run('show', 'edit', show, '--total-seats', '0'),
      run('show', 'edit', show, '--total-seats', '9'),
      run('show', 'edit', show, '--name', ' '),
      run('show', 'edit', show, '--start-time', 'soon'),
      run('show', 'edit', 'nothing', '--name', 'x'),
    ])
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2, 2, 3])
    expect(ran[0]!.stderr).toContain('--name')
  })

  it('asks at a terminal, and Enter keeps the old value', async () => {
    const terminal = inTerminal('show', 'edit', show)
    await terminal.waitFor(questions.nameOfShow)
    terminal.press('enter')
    await terminal.waitFor(questions.start)
    terminal.press('enter')
    await terminal.waitFor(questions.total)
    terminal.type('30\r')
    expect((await terminal.exit).code).toBe(0)
    await terminal.close()
    expect(await json('show', 'view', show)).toMatchObject({
      total_seats: 30,
      start_time: '2030-01-01T19:00:00.000Z',
    })
  })
})

describe('show copy', () => {
  it('creates a show for each time, with the same house and without the bookings', async () => {
    await run('book', show, '--seats', 'A1')
    const times = ['2030-01-02 19:00', '2030-01-03 19:00']
    const copies = await json('show', 'copy', show, '--start-time', ...times)
    const { name } = await json('show', 'view', show)
    expect(copies).toMatchObject(
      times.map((time) => ({
        name,
        start_time: `${time.replace(' ', 'T')}:00.000Z`,
        total_seats: 20,
        seats_per_row: 10,
        confirmed_seats_count: 0,
      })),
    )
  })

  it('creates none of a series if one of its times is wrong', async () => {
    const name = `Series ${randomUUID().slice(0, 8)}`
    const times = ['2030-01-02 19:00', '2030-02-30 19:00']
    const ran = await run('show', 'copy', show, '--name', name, '--start-time', ...times)
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await db.sql('select 1 from shows where name = $1', [name])).toEqual([])
  })
})

describe('show cancel', () => {
  const sell = async () => {
    await run('book', show, '--seats', 'A1-A3')
    await run('book', show, '--seats', 'B1', '--hold', 'forever')
  }

  it('shows a script what it would affect, and does it only with the right number', async () => {
    await sell()
    // It expires at once, and keeps no seats.
    await run('book', show, '--seats', 'B2', '--hold', '1ms')
    expect(await json('show', 'cancel', show, '--dry-run')).toMatchObject({
      dry_run: true,
      confirmed_bookings: 1,
      confirmed_seats: 3,
      held_bookings: 1,
    })
    const bare = await run('show', 'cancel', show)
    expect(bare.exitCode).toBe(2)
    expect(bare.stderr).toEqual(withFacts('1 booking', '3', '1 hold', '--expect-bookings 2'))
    const ran = await Promise.all([
      run('show', 'cancel', show, '-y'),
      run('show', 'cancel', show, '--expect-bookings', '2'),
      run('show', 'cancel', show, '-y', '--expect-bookings', 'two'),
      run('show', 'cancel', show, '-y', '--expect-bookings', '1'),
    ])
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 4])
    expect((await json('show', 'view', show)).cancelled_at).toBeNull()

    const done = await json('show', 'cancel', show, '-y', '--expect-bookings', '2')
    expect(done.cancelled_at).toMatch(/^\d{4}/)
    // A second time does nothing, with any number.
    const again = await json('show', 'cancel', show, '-y', '--expect-bookings', '0')
    expect(again.cancelled_at).toBe(done.cancelled_at)
    const sale = await run('book', show, '--seats', 'A9', '--json')
    expect(sale).toMatchObject({ exitCode: 4 })
    expect(sale.json().error.code).toBe('SHOW_CANCELLED')
    expect((await run('booking', 'list', show)).stdout.split('\n')).toHaveLength(4 + 1)
  })

  it('accepts the name in any spelling', async () => {
    const id = await insertShow(db, { name: 'L’Été  à Paris' })
    const terminal = inTerminal('show', 'cancel', id)
    await terminal.waitFor(questions.typeName)
    terminal.type("l'e\u0301te\u0301 a\u0300 paris\r")
    await terminal.waitFor('Cancelled')
    expect((await terminal.exit).code).toBe(0)
    await terminal.close()
    expect((await json('show', 'view', id)).cancelled_at).not.toBeNull()
  })

  it('asks for the name at a terminal; Ctrl-C changes nothing', async () => {
    await sell()
    const { name } = await json('show', 'view', show)
    const shy = inTerminal('show', 'cancel', show)
    await shy.waitFor(questions.typeName)
    // No word is broken at the edge of the terminal.
    expect(shy.screen().replaceAll(/\s+/g, ' ')).toEqual(withFacts('1 booking', '3', '1 hold'))
    shy.type('yes\r')
    await shy.waitFor(/✗ ./)
    shy.press('ctrl-c')
    expect((await shy.exit).code).toBe(130)
    await shy.close()
    expect((await json('show', 'view', show)).cancelled_at).toBeNull()

    const sure = inTerminal('show', 'cancel', show)
    await sure.waitFor(questions.typeName)
    sure.type(`${name}\r`)
    expect((await sure.exit).code).toBe(0)
    await sure.close()
    expect((await json('show', 'view', show)).cancelled_at).not.toBeNull()
  })
})
