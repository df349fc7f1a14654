import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program, tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal } from '../../../support/terminal.js'
import { notices, questions, withFacts } from '../../../support/wording.js'

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
const book = async (...args: string[]) => (await json('book', show, ...args)).reference as string
const inTerminal = (...args: string[]) => openTickets(args)
const openTickets = (args: string[], env = {}) =>
  openTerminal(process.execPath, [program, ...args], { env: { DATABASE_URL: db.url, ...env } })

describe('the life of a booking, with flags only', () => {
  it('held, confirmed in part, moved, cancelled: every answer shows the new state of the booking', async () => {
    const hold = await book('--seats', 'A1-A4', '--hold', '1h', '--customer', 'Ada')
    const part = await json('booking', 'confirm', hold.toLowerCase(), '--seats', 'A1-A2')
    expect(part).toMatchObject({
      status: 'CONFIRMED',
      seat_labels: ['A1', 'A2'],
      had_expired: false,
      replayed: false,
    })
    const again = await json('booking', 'confirm', hold, '--seats', 'A1-A2')
    expect(again).toMatchObject({ reference: part.reference, replayed: true })
    const moved = await json('booking', 'move', part.reference.replace('-', ''), '--to', 'A2,B1')
    expect(moved).toMatchObject({ reference: part.reference, seat_labels: ['A2', 'B1'] })
    const fewer = await json('booking', 'cancel', part.id, '--seats', 'A2', '--reason', 'ill', '-y')
    expect(fewer).toMatchObject({ status: 'CONFIRMED', seat_labels: ['B1'] })
    expect(await json('booking', 'cancel', hold, '-y')).toMatchObject({ status: 'CANCELLED' })
    expect(await json('booking', 'cancel', hold, '-y')).toMatchObject({
      status: 'CANCELLED',
      replayed: true,
    })
  })

  it('an expired hold is sold while its seats are free, and both answers say that it had expired', async () => {
    const hold = await book('--seats', 'A1', '--hold', '1ms')
    const ran = await run('booking', 'confirm', hold)
    expect(ran).toMatchObject({ exitCode: 0 })
    // One message says so; there is none for a hold that has not expired.
    expect(ran.stderr).toMatch(/^.+\.\n$/)

    const lost = await book('--seats', 'A2-A3', '--hold', '1ms')
    await book('--seats', 'A3')
    const refused = await run('booking', 'confirm', lost, '--json')
    expect(refused).toMatchObject({ exitCode: 4, stderr: '' })
    expect(refused.json().error).toMatchObject({ code: 'SEATS_TAKEN', seats: [3] })
  })

  it('a hold sold in part says which seats it still holds; an expired one says that it holds none', async () => {
    const hold = await book('--seats', 'A1-A4', '--hold', '1h')
    const ran = await run('booking', 'confirm', hold, '--seats', 'A1-A2')
    expect(ran.stderr).toEqual(withFacts('held', 'A3-A4', hold))

    const old = await book('--seats', 'B1-B2', '--hold', '1ms')
    const { stdout } = await run('booking', 'view', old)
    expect(stdout).toMatch(/^✗ No longer holding 2 seats: B1-B2\n/)
    expect(stdout).toMatch(
      /\n {2}.* held {2}.*\n {6}B1-B2; held until: \d{4}-\d\d-\d\d [\d:]+ UTC\n$/,
    )
    const terminal = inTerminal('booking', 'list', show)
    await terminal.exit
    expect(terminal.screen()).toMatch(new RegExp(`${old} {2}expired[^]*${hold} {2}held`))
    await terminal.close()
  })

  it('a missing booking is not found, a missing argument is named, a wrong one changes nothing', async () => {
    const reference = await book('--seats', 'A1-A2')
    const ran = await Promise.all([
      run('booking', 'view', 'K7Q2-9FMX'),
      run('booking', 'cancel', '--json'),
      run('booking', 'move', reference, '--json'),
      run('booking', 'move', reference, '--to', 'B1'),
      run('booking', 'move', reference, '--to', 'Z1-Z2'),
      run('booking', 'cancel', reference, '--seats', 'B1'),
      run('booking', 'confirm', reference, '--seats', 'A'),
      run('booking', 'print', await book('--seats', 'B9', '--hold', '1h')),
    ])
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([3, 2, 2, 2, 3, 4, 2, 4])
    expect(ran[1]!.json().error).toMatchObject({ code: 'INPUT_REQUIRED' })
    expect(ran[2]!.json().error.message).toContain('--to')
    expect(await json('booking', 'view', reference)).toMatchObject({ seats: [1, 2] })
  })
})

describe('the check-in', () => {
  it('admits a ticket once with exit code 0; a copy exits with 4, and the time of the first check-in', async () => {
    const reference = await book('--seats', 'A1-A2', '--customer', 'Ada')
    const first = await run('booking', 'check-in', reference, '--show', show, '--seats', 'A1')
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^✓ .*: A1 \(1 /),
    })
    const rest = await run('booking', 'check-in', reference, '--json')
    expect(rest.exitCode).toBe(0)
    expect(rest.json()).toMatchObject({ admitted: [2], already: [{ seat: 1 }] })
    const copy = await run('booking', 'check-in', reference, '--json')
    expect(copy.exitCode).toBe(4)
    expect(copy.json()).toMatchObject({ admitted: [], booking: { reference } })
    expect(copy.json().already).toEqual(
      [1, 2].map((seat) => ({ seat, at: expect.stringMatching(/^\d{4}-.*Z$/) })),
    )
    const seen = await run('booking', 'check-in', reference)
    expect(seen.stdout).toMatch(/: A1-A2 since|A1 since [^,]+, A2 since/)
    expect(await run('booking', 'check-in', reference, '--undo')).toMatchObject({ exitCode: 0 })
    expect(await run('booking', 'check-in', reference, '--undo')).toMatchObject({ exitCode: 0 })
    expect(await run('booking', 'check-in', reference)).toMatchObject({ exitCode: 0 })
  })

  it('refuses a cancelled booking, and a ticket of another show, with codes that a scanner can distinguish', async () => {
    const [here, gone] = [await book('--seats', 'A1'), await book('--seats', 'A2')]
    const other = await insertShow(db, { name: 'Evita' })
    await run('booking', 'cancel', gone, '-y')
    const [wrong, cancelled] = await Promise.all([
      run('booking', 'check-in', here, '--show', other, '--json'),
      run('booking', 'check-in', gone, '--json'),
    ])
    expect(wrong).toMatchObject({ exitCode: 4 })
    expect(wrong.json().error.message).toMatch(/: Cats .*, 2030-01-01 19:00 UTC\b/)
    expect(wrong.json()).toMatchObject({
      error: { code: 'WRONG_STATE' },
      booking: { status: 'CONFIRMED', show_id: show },
    })
    expect(cancelled).toMatchObject({ exitCode: 4 })
    expect(cancelled.json()).toMatchObject({
      error: { code: 'WRONG_STATE' },
      booking: { status: 'CANCELLED' },
    })
  })
})

describe('the list', () => {
  it('is limited by show, status, seat and words of the customer, in one show or in all', async () => {
    const unique = `Zoe${randomUUID().slice(0, 8)}`
    const first = await book('--seats', 'A1-A2', '--customer', `${unique} Adams`)
    const held = await book('--seats', 'B3', '--hold', '1h', '--customer', `Ben ${unique}`)
    const other = await insertShow(db, { name: 'Evita' })
    const { reference: there } = await json('book', other, '--seats', '1', '--customer', unique)
    const references = async (...args: string[]) =>
      (await json('booking', 'list', ...args)).map((row: { reference: string }) => row.reference)
    expect(await references(show)).toEqual([first, held])
    expect(await references(show, '--status', 'held')).toEqual([held])
    expect(await references(show, '--seat', 'a2')).toEqual([first])
    expect(await references(show, '--limit', '1')).toEqual([first])
    expect(await references('--customer', unique.slice(0, 8))).toEqual([first, held, there])
    expect(await references(show, '--customer', `adams ${unique}`)).toEqual([first])
    const refusals = await Promise.all([
      run('booking', 'list', '--seat', '1'),
      run('booking', 'list', show, '--seat', '1-2'),
      run('booking', 'list', show, '--status', 'lost'),
      run('booking', 'list', 'no such show'),
    ])
    expect(refusals.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 3])
  })

  it('on a terminal of 80 columns abbreviates seats, and names the show only if there are several', async () => {
    const reference = await book('--seats', 'A1-A4,A6,B1', '--customer', 'Ada Lovelace')
    const here = inTerminal('booking', 'list', show)
    await here.exit
    expect(here.screen()).toContain(`${reference}  confirmed  Ada Lovelace  A1-A4, A6, B1  `)
    expect(here.screen()).not.toMatch(/SHOW|Cats/)
    const all = inTerminal('booking', 'list')
    await all.exit
    expect(all.screen()).toMatch(/SHOW[\s\S]*Cats/)
    await Promise.all([here.close(), all.close()])
  })

  it('by customer is the door list, and as CSV it contains no formulas', async () => {
    await book('--seats', 'A1', '--customer', 'zeno')
    await book('--seats', 'A2')
    await book('--seats', 'A3-A4', '--customer', '=cmd()')
    await book('--seats', 'A5', '--customer', 'Ada')
    const { stdout } = await run('booking', 'list', show, '--sort', 'customer', '-o', 'csv')
    const [head, ...lines] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^reference,status,customer,seats,/)
    const customers = lines.map((line) => line.split(',')[2])
    expect(customers.slice(1)).toEqual(['Ada', 'zeno', ''])
    expect(customers[0]).toBe("'=cmd()")
    expect(lines[0]).toContain('"A3, A4"')
  })

  it('of 3,000 bookings is streamed in a stable order', async () => {
    await db.sql(
      `insert into bookings (id, reference, show_id, status, seats, customer)
       select gen_random_uuid(), translate(lpad(n::text, 8, 'X'), '01', 'AB'), $1, 'CANCELLED', '{1}',
              case when n % 7 = 0 then null else 'Guest ' || n % 40 end
       from generate_series(1, 3000) n`,
      [show],
    )
    for (const sort of ['time', 'customer']) {
      const lists = await Promise.all(
        [1, 2].map(() => run('booking', 'list', show, '--sort', sort, '-o', 'ndjson')),
      )
      const rows = lists[0]!.stdout.trimEnd().split('\n')
      expect(new Set(rows.map((row) => JSON.parse(row).id)).size).toBe(3000)
      expect(lists[1]!.stdout).toBe(lists[0]!.stdout)
    }
  })
})

describe('the ticket', () => {
  it('is drawn with its reference as a QR code, and written as a picture to a file', async () => {
    const reference = await book('--seats', 'A1-A2', '--customer', 'Ada <b>')
    const drawn = await run('booking', 'print', reference)
    expect(drawn.stdout).toContain(reference)
    expect(drawn.stdout.match(/[█▀▄]/g)!.length).toBeGreaterThan(100)
    const plain = await runInProcess(['booking', 'print', reference], {
      DATABASE_URL: db.url,
      TERM: 'dumb',
    })
    expect(plain.stdout).toMatch(/^ *############## {2}/m)
    for (const [env, ground] of [
      [{}, /^ {2}█+$/m],
      [{ COLORFGBG: '0;15' }, /^ {4}█▀▀▀▀▀█ /m],
    ] as const) {
      const terminal = openTerminal(process.execPath, [program, 'booking', 'print', reference], {
        env: { DATABASE_URL: db.url, NO_COLOR: '1', ...env },
      })
      await terminal.exit
      expect(terminal.history()).toMatch(ground)
      await terminal.close()
    }
    const narrow = await runInProcess(['booking', 'print', reference], {
      DATABASE_URL: db.url,
      COLUMNS: '20',
    })
    expect(narrow.stdout).not.toMatch(/[█▀▄]/)

    const directory = await mkdtemp(join(tmpdir(), 'tickets-print-'))
    const file = join(directory, 'ticket.svg')
    expect(await run('booking', 'print', reference, '--svg', file)).toMatchObject({
      exitCode: 0,
      stdout: '',
    })
    const svg = await readFile(file, 'utf8')
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
    expect(svg).toContain(reference)
    expect(svg).not.toContain('<b>')
    expect((await run('booking', 'print', reference, '--svg', '-')).stdout).toBe(svg)
    const nowhere = join(directory, 'no', 'ticket.svg')
    expect(await run('booking', 'print', reference, '--svg', nowhere)).toMatchObject({
      exitCode: 2,
    })
    await rm(directory, { recursive: true })
  })
})

describe('at a terminal', () => {
  it('asks a clerk for the booking and for confirmation, and changes nothing if the answer is no', async () => {
    const reference = await book('--seats', 'A1-A2', '--customer', 'Ada')
    const terminal = inTerminal('booking', 'cancel')
    await terminal.waitFor(questions.booking)
    terminal.type('K7Q2-9FMX\r')
    await terminal.waitFor(notices.noMatch('booking'))
    terminal.press('ctrl-u')
    terminal.type(`${reference.toLowerCase()}\r`)
    await terminal.waitFor(/\? .*2.*A1-A2.*Ada/)
    terminal.press('enter')
    expect((await terminal.exit).code).toBe(0)
    expect(terminal.screen().split(notices.unchanged)).toHaveLength(2)
    await terminal.close()
    expect(await json('booking', 'view', reference)).toMatchObject({ status: 'CONFIRMED' })
  })

  it('moves a booking on the live map, for the number of seats that the booking has', async () => {
    const reference = await book('--seats', 'A1-A2')
    await book('--seats', 'B1')
    const terminal = inTerminal('booking', 'move', reference)
    await terminal.waitFor(/A \[★\]★ ○[\s\S]*★ 2 \S+ 2 \S+: A1-A2[\s\S]*enter /)
    terminal.type('b')
    await terminal.waitFor('B [●]○')
    terminal.press('right')
    terminal.type('2')
    await terminal.waitFor(/★ 2 \S+ 2 \S+: B2-B3/)
    await book('--seats', 'B3')
    await terminal.waitFor(notices.takenElsewhere('B3'))
    terminal.press('enter')
    await terminal.waitFor(/ 2 .* 1 [^:]*\.$/m)
    terminal.press('right')
    terminal.press('right')
    terminal.type(' ')
    await terminal.waitFor(/★ 2 \S+ 2 \S+: B2, B4/)
    terminal.press('enter')
    await terminal.waitFor(/✓ .*A1-A2 → B2, B4 /)
    expect((await terminal.exit).code).toBe(0)
    expect(terminal.screen()).toContain(`✓ ${questions.seatsInstead('A1-A2')} B2, B4\n✓ `)
    await terminal.close()

    const undecided = inTerminal('booking', 'move', reference)
    await undecided.waitFor(/★ 2 \S+ 2 \S+/)
    undecided.press('escape')
    expect(await undecided.exit).toEqual({ code: 0, signal: null })
    expect(undecided.screen()).toBe(notices.unchanged)
    await undecided.close()
    expect(await json('booking', 'view', reference)).toMatchObject({ seats: [12, 14] })
  })

  it('moves a booking in lines: shows the house, refuses taken seats, and takes those that are typed', async () => {
    const reference = await book('--seats', 'A1-A2')
    await book('--seats', 'B1')
    const terminal = openTickets(['booking', 'move', reference], { TICKETS_PLAIN: '1' })
    await terminal.waitFor(questions.seatsInstead('A1-A2'))
    terminal.type('B1-B2\r')
    await terminal.waitFor(/✗ .*\bB1 /)
    terminal.press('ctrl-u')
    terminal.type('A2-A3\r')
    await terminal.waitFor(/✓ .*A1-A2 → A2-A3 /)
    expect((await terminal.exit).code).toBe(0)
    await terminal.close()
    expect(await json('booking', 'view', reference)).toMatchObject({ seats: [2, 3] })
  })

  it('Ctrl-C at a question leaves everything as it was', async () => {
    const reference = await book('--seats', 'A1')
    const terminal = inTerminal('booking', 'move', reference)
    await terminal.waitFor(/★ 1 \S+ 1 \S+/)
    terminal.press('ctrl-c')
    expect((await terminal.exit).code).toBe(130)
    expect(terminal.screen()).toContain(notices.unchanged)
    await terminal.close()
  })
})

it('a real process does the same as the tests above, and prints hints only on stderr', async () => {
  const reference = await book('--seats', 'A1')
  const ran = await tickets(['booking', 'cancel', reference, '-y'], { db: db.url })
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
  expect(ran.stdout).toMatch(/^✓ .*1 .*A1\n/)
})
