import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writePlanText } from '../../../../src/house/plan/plan-text.js'
import { openTickets, type Tickets } from '../../../../src/index.js'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { blocksOf, filesOf, Names } from '../../../support/examples.js'
import { globeWith } from '../../../support/globe.js'
import { runInProcess } from '../../../support/in-process.js'
import { openTerminal, type TerminalOptions, type TestTerminal } from '../../../support/terminal.js'
import { notices, questions } from '../../../support/wording.js'

let db: TestDatabase
let directory: string
let globe: string
let box: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  box = openTickets({ database: db.url })
  directory = await mkdtemp(join(tmpdir(), 'tickets-picker-'))
  const plan = join(directory, 'globe.plan')
  const { name, stage, sections, rows } = globeWith('bottom')
  const outline = sections.map((section) => ({
    name: section.name,
    rows: rows.slice(section.firstRow, section.lastRow + 1),
  }))
  await writeFile(plan, writePlanText({ name, stage, sections: outline }))
  globe = await create('Hamlet', plan)
})
afterAll(async () => {
  await box.close()
  await db.drop()
  await rm(directory, { recursive: true, force: true })
})

const opened: TestTerminal[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

async function create(name: string, plan: string): Promise<string> {
  const time = ['--start-time', '2030-01-01T19:00Z']
  const made = await runInProcess(
    ['show', 'create', '--name', name, ...time, '--plan', plan, '--json'],
    { DATABASE_URL: db.url },
  )
  return JSON.parse(made.stdout).id
}

function startClerk(args: string[], { env, ...options }: TerminalOptions = {}): TestTerminal {
  const terminal = openTerminal(process.execPath, [program, ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...env },
    ...options,
  })
  opened.push(terminal)
  return terminal
}

describe('a house with a plan', () => {
  it('is picked from by section in a low terminal, and as a whole in a high one', async () => {
    const terminal = startClerk(['book', globe, '--customer', 'Ada'], { rows: 16 })
    await terminal.waitFor(/ {2}Circle .* 24 free\n❯ Stalls .* 59 free\n/)
    terminal.press('enter')
    await terminal.waitFor(/ A \[○\]○ ○ ○ ○ ○ {3}○/)
    terminal.press('escape')
    await terminal.waitFor('❯ Stalls')
    terminal.type('circle aa13 ')
    await terminal.waitFor('★ 1 picked: Circle AA13')
    await terminal.waitFor('★ Circle AA13 yours, restricted view')
    terminal.resize(80, 24)
    await terminal.waitFor(/ {2}Circle\n[\s\S]* {2}Stalls\n[\s\S]*╭─+ STAGE ─+╮/)
    terminal.press('enter')
    await terminal.waitFor(/Booked 1 seat: Circle AA13/)
    terminal.type('q')
    expect((await terminal.exit).code).toBe(0)
  })

  it('warns in a dry run of the seats with a restricted view, and books nothing', async () => {
    const before = (await box.findShow(globe)).confirmedSeats
    const terminal = startClerk(['book', globe, '--dry-run'], { rows: 16 })
    await terminal.waitFor('❯ Stalls')
    terminal.type('circle aa14 ')
    await terminal.waitFor('1 picked: Circle AA14')
    terminal.press('enter')
    await terminal.waitFor(/\nWarning: .*\bCircle AA14\b.*\n[\s\S]*1 seat .*Circle AA14\b/)
    expect((await terminal.exit).code).toBe(0)
    expect((await box.findShow(globe)).confirmedSeats).toBe(before)
  })

  it('that gets another plan while the map is shown books no seat of the old one', async () => {
    const { id } = await box.createShow({
      name: 'Othello',
      startTime: new Date('2040-01-01T19:00Z'),
      plan: 'section Stalls\nA 1-4\nsection Box\nA 1-2\n',
    })
    const terminal = startClerk(['book', id, '--customer', 'Ada'])
    await terminal.waitFor('Stalls')
    terminal.type('stalls a2 ')
    await terminal.waitFor('1 picked: Stalls A2')
    await box.editShow(id, { plan: 'section Stalls\nA 9 1-4\nsection Box\nA 1-2\n' })
    await terminal.waitFor('The house got another plan')
    expect((await terminal.exit).code).toBe(4)
    expect((await box.findShow(id)).availableSeats).toBe(7)
  })

  it('is asked about in lines by section, with the kinds of seats', async () => {
    const terminal = startClerk(['book', globe, '--customer', 'Bo'], {
      cols: 120,
      env: { TICKETS_PLAIN: '1' },
    })
    await terminal.waitFor(/1\. {2}Any, .*\n2\. {2}Stalls, 59 free\n3\. {2}Circle, .* free\n/)
    terminal.type('st\r')
    await terminal.waitFor('Which seats in Stalls? (Stalls A1-A2, or 4 best)')
    expect(terminal.screen()).not.toMatch(/^ {2}Circle$/m)
    terminal.type('c1-c2\r')
    await terminal.waitFor(
      questions.book('2 seats: Stalls C1-C2 (wheelchair: Stalls C1; companion: Stalls C2)', 'Bo'),
    )
    terminal.type('\r')
    await terminal.waitFor(/✓ .*2 .*Stalls C1-C2/)
  })

  it('is asked about by section for a move as well, where the booking’s own seats count as free', async () => {
    const { booking } = await box.book(globe, { seats: 'Stalls A3-A4' })
    await box.book(globe, { seats: 'Circle AA3' })
    const terminal = startClerk(['booking', 'move', booking.reference], {
      cols: 120,
      env: { TICKETS_PLAIN: '1' },
    })
    await terminal.waitFor(/1\. {2}Any, .*\n2\. {2}Stalls, \d+ .*\n3\. {2}Circle, \d+ .*\n/)
    terminal.type('ALLS\r')
    await terminal.waitFor(`${questions.seatsInstead('Stalls A3-A4', 'Stalls')} (2 `)
    expect(terminal.screen()).not.toMatch(/^ {2}Circle$/m)
    terminal.type('circle aa3-aa4\r')
    await terminal.waitFor(/✗ .*Circle AA3\b/)
    terminal.type('a4-a5\r')
    await terminal.waitFor(/✓ .*Stalls A3-A4 → Stalls A4-A5 /)
    expect((await terminal.exit).code).toBe(0)
  })

  it('is sold in lines as docs/plans.md shows it', async () => {
    const page = await readFile(new URL('../../../../docs/plans.md', import.meta.url), 'utf8')
    const startTime = new Date('2031-03-08T19:30Z')
    const plan = filesOf(page).get('small.plan')!
    await box.createShow({ name: 'Lear', startTime, timeZone: 'Europe/London', plan })
    const shown = blocksOf(page).filter(({ text }) => / tickets book Lear\n/.test(text))
    const names = new Names()
    const sales = [
      ['TICKETS_PLAIN', '1', 'circle', 'aa12-aa13', 'Ada', '2 seats: Circle AA12-AA13'],
      ['TERM', 'dumb', '', '2 best', 'Grace', '2 seats: Stalls'],
    ] as const
    for (const [index, [name, value, section, seats, customer, booked]] of sales.entries()) {
      const terminal = startClerk(['book', 'Lear'], { env: { [name]: value } })
      for (const [question, answer] of [
        [questions.section, section],
        [/Which seats.*\? \(/, seats],
        [questions.whom, customer],
        [`Book ${booked}`, ''],
        [questions.done, 'q'],
      ] as const) {
        await terminal.waitFor(question)
        terminal.type(`${answer}\r`)
      }
      await terminal.exit
      const actual = `$ ${name}=${value} tickets book Lear\n${terminal.history()}\n`
      const expected = shown[index]!.text
      const isSame = names.match(expected.split('\n'), actual.split('\n'))
      expect(isSame ? expected : actual).toBe(expected)
    }
    expect(shown).toHaveLength(sales.length)
  })

  it('is drawn by show view, and summed up by section by --watch if it is too large', async () => {
    const arena = fileURLToPath(new URL('../../../../docs/plans/arena.plan', import.meta.url))
    const [{ stdout }, show] = await Promise.all([
      runInProcess(['show', 'view', globe], { DATABASE_URL: db.url }),
      create('Concert', arena),
    ])
    expect(stdout).toContain('  Sections  Stalls 59, Circle 24')
    expect(stdout).toMatch(/ {2}Circle\n.* {2}Stalls\n.* STAGE .*w wheelchair {3}c companion/s)
    const terminal = startClerk(['show', 'view', show, '--watch'])
    await terminal.waitFor(/\d+-\S+ +[░█]+ +0\/\d[\s\S]*PgDn: /)
    terminal.press('ctrl-c')
    await terminal.exit
  })
})

describe('when only wheelchair places and companions’ seats are left', () => {
  const question = /\? [^?]*\b2\b[^?]*\? \(y\/N\)/
  const lined = { cols: 120, env: { TICKETS_PLAIN: '1' } }
  let chapel: string
  beforeEach(async () => {
    const startTime = new Date('2030-01-01T19:00Z')
    chapel = (await box.createShow({ name: 'Evita', startTime, plan: 'A  w1 c2 3' })).id
    await box.book(chapel, { seats: 'A3' })
  })
  const sold = () =>
    db.sql(
      `select seats from bookings where show_id = $1 and status = 'CONFIRMED' and seats <> '{3}'`,
      [chapel],
    )

  it('the clerk is asked, and yes sells them', async () => {
    const terminal = startClerk(['book', chapel, '--count', '2'], { cols: 120 })
    await terminal.waitFor(question)
    terminal.type('y\r')
    await terminal.waitFor(/✓ .*A1-A2/)
    expect((await terminal.exit).code).toBe(0)
    expect(await sold()).toEqual([{ seats: [1, 2] }])
  })

  it('Enter means no: nothing is booked', async () => {
    const terminal = startClerk(['book', chapel, '--count', '2'], lined)
    await terminal.waitFor(question)
    terminal.type('\r')
    await terminal.waitFor(notices.unbooked)
    expect((await terminal.exit).code).toBe(0)
    expect(await sold()).toEqual([])
  })

  it('a number that is typed as an answer asks as well, and no asks for other seats', async () => {
    const terminal = startClerk(['book', chapel, '--customer', 'Ada'], lined)
    await terminal.waitFor(questions.seats)
    terminal.type('2 best\r')
    await terminal.waitFor(question)
    terminal.type('n\r')
    await terminal.waitFor(/✗ .*2[\s\S]*\n\? [^\n]*$/)
    terminal.type('1 best\r')
    await terminal.waitFor(/\? .*1 best\n\? [^?]*\b2\b[^?]*\? \(y\/N\)/)
    terminal.type('y\r')
    await terminal.waitFor(`${questions.book('1 seat: A2 (companion: A2)', 'Ada')} (Y/n)`)
    terminal.type('\r')
    await terminal.waitFor(/✓ .*A2/)
  })

  it.each([['--yes'], ['--key', 'k'], ['--no-input'], ['--json']])(
    'no question is asked with %s, and the refusal names the flag that sells them',
    async (...flags) => {
      const terminal = startClerk(['book', chapel, '--count', '2', ...flags], { cols: 200 })
      expect((await terminal.exit).code).toBe(4)
      expect(terminal.screen()).toContain('--include-accessible')
      expect(await sold()).toEqual([])
    },
  )
})
