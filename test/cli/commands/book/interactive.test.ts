import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal, type TerminalOptions, type TestTerminal } from '../../../support/terminal.js'
import { notices, questions, withFacts } from '../../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const opened: TestTerminal[] = []
beforeEach(() => db.sql('truncate shows, bookings cascade'))
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

/** A clerk at a terminal with a command that has just been started and asks in lines. */
function startClerk(args: string[], { env, ...options }: TerminalOptions = {}) {
  const terminal = openTerminal(process.execPath, [program, ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', TICKETS_PLAIN: '1', ...env },
    ...options,
  })
  opened.push(terminal)
  return {
    terminal,
    sees: (expected: string | RegExp) => terminal.waitFor(expected),
    async answers(question: string | RegExp, answer: string) {
      await terminal.waitFor(question)
      terminal.type(`${answer}\r`)
    },
    /**
     * Waits for the error in the answer and for the repeated question, and types another answer.
     */
    async corrects(reason: string | RegExp, answer: string) {
      await terminal.waitFor(reason)
      await terminal.waitFor(/\n\? .*$/)
      terminal.press('ctrl-u')
      terminal.type(`${answer}\r`)
    },
    /** Ends the booking loop after this customer. */
    async leaves() {
      await terminal.waitFor(new RegExp(`${questions.done}|enter done`))
      terminal.type('q\r')
      return this.ends()
    },
    async ends() {
      const { code } = await terminal.exit
      return { code, screen: terminal.screen(), history: terminal.history() }
    },
  }
}

const bookings = () =>
  db.sql(`select status, seats, customer from bookings order by created_at, status`)

describe('book with questions', () => {
  it('lists the shows, finds one by the first letters of a word, draws its house, and books what is typed', async () => {
    const lionKing = await insertShow(db, { name: 'The Lion King', seats: 40, seatsPerRow: 10 })
    // Both start at the same time; the ids decide the order.
    await insertShow(db, { id: '00000000-0000-4000-8000-000000000000', name: 'Hamlet' })
    await runInProcess(['book', lionKing, '--seats', 'A5-A6'], { DATABASE_URL: db.url })
    const clerk = startClerk(['book'])
    await clerk.sees(
      /^1\. {2}Hamlet, 2030-01-01 19:00 UTC, 10 .*\n2\. {2}The Lion King, .* 38 .*\n/,
    )
    await clerk.answers(questions.show, 'cats')
    await clerk.corrects(`✗ ${notices.noMatch('show')}`, 'li')
    await clerk.sees('A  ○ ○ ○ ○ ● ● ○ ○ ○ ○  A')
    await clerk.answers(`${questions.seats} (A1-A4`, 'A1-A2, b3')
    await clerk.answers(questions.whom, 'Ada Lovelace')
    await clerk.answers(`${questions.book('3 seats: A1-A2, B3', 'Ada Lovelace')} (Y/n)`, '')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toMatch(
      /✓ .*A1-A2, B3.*Ada Lovelace\n {2}The Lion King, 2030-01-01 19:00 UTC\n\n {2}Reference {2}[2-9A-Z]{4}-[2-9A-Z]{4}\n\? .* q$/,
    )
    expect((await bookings()).at(-1)).toEqual({
      status: 'CONFIRMED',
      seats: [1, 2, 13],
      customer: 'Ada Lovelace',
    })
  })

  it('writes only the booking to stdout', async () => {
    const show = await insertShow(db)
    const directory = await mkdtemp('/tmp/tickets-card-')
    const card = join(directory, 'card')
    const script = `"${process.execPath}" "${program}" book ${show} > "${card}"`
    const terminal = openTerminal('bash', ['-c', script], {
      env: { DATABASE_URL: db.url, TICKETS_PLAIN: '1' },
    })
    opened.push(terminal)
    await terminal.waitFor(questions.seats)
    terminal.type('1\r')
    await terminal.waitFor(questions.whom)
    terminal.type('Ada\r')
    await terminal.waitFor(questions.book('1 seat: 1', 'Ada'))
    terminal.type('\r')
    await terminal.waitFor(questions.done)
    terminal.type('q\r')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(await readFile(card, 'utf8')).toMatch(
      /^✓ .*1 .*Ada\n {2}Cats, .*\n\n {2}Reference {2}.{9}\n$/,
    )
    await rm(directory, { recursive: true })
  })

  it('asks only for what the command line leaves out', async () => {
    const show = await insertShow(db)
    const clerk = startClerk(['book', show, '--customer', 'Ada', '--note', 'aisle', '--yes'])
    await clerk.answers(questions.seats, '4 best')
    const { code, history } = await clerk.leaves()
    expect(code).toBe(0)
    expect(
      history.match(/^\? .*/gm)!.map((line) => line.slice(2, 2 + questions.seats.length)),
    ).toEqual([questions.seats, expect.any(String)])
    expect(await db.sql('select seats, customer, note from bookings')).toEqual([
      { seats: [1, 2, 3, 4], customer: 'Ada', note: 'aisle' },
    ])
  })

  it('asks nothing if the command line is complete', async () => {
    const show = await insertShow(db)
    const clerk = startClerk(['book', show, '--seats', '7'])
    expect((await clerk.ends()).screen).toMatch(/^✓ .*\b7\n/)
  })

  it('asks again with the reason and other seats if the answer is refused', async () => {
    const show = await insertShow(db, { seats: 30, seatsPerRow: 10 })
    await runInProcess(['book', show, '--seats', 'A5'], { DATABASE_URL: db.url })
    const clerk = startClerk(['book', show])
    await clerk.answers(questions.seats, '')
    await clerk.corrects(/✗ .*A1-A4.*"4 best"/, 'many')
    await clerk.corrects(/✗ .*"many"/, 'D1')
    await clerk.corrects(/✗ .*D1.* A .*C/, 'A5')
    await clerk.corrects(/✗ .*A5.*: A4\./, '31 best')
    await clerk.corrects(/✗ .*29.*31/, 'A4')
    await clerk.answers(questions.whom, '')
    await clerk.answers(`${questions.book('1 seat: A4')} (Y/n)`, 'y')
    expect((await clerk.leaves()).screen).toMatch(/^✓ .*\bA4\n/m)
    // Answers that were only typed leave no FAILED record.
    expect(await bookings()).toHaveLength(2)
  })

  it('says so if the seats are sold while the clerk decides, and keeps the customer', async () => {
    const show = await insertShow(db)
    const clerk = startClerk(['book', show])
    await clerk.answers(questions.seats, '2 best')
    await clerk.answers(questions.whom, 'Ada')
    await clerk.sees(questions.book('2 seats: 1-2', 'Ada'))
    expect(
      (await runInProcess(['book', show, '--seats', '2'], { DATABASE_URL: db.url })).exitCode,
    ).toBe(0)
    clerk.terminal.press('enter')
    await clerk.sees(/\n\n✗ .*2.*\n {2}.*: 3-4\n\? .*$/)
    await clerk.answers(questions.seats, '3-4')
    await clerk.answers(questions.book('2 seats: 3-4', 'Ada'), '')
    const { code, history } = await clerk.leaves()
    expect(code).toBe(0)
    expect(history.split(questions.whom)).toHaveLength(2)
    expect(await bookings()).toEqual([
      { status: 'CONFIRMED', seats: [2], customer: null },
      { status: 'FAILED', seats: [1, 2], customer: 'Ada' },
      { status: 'CONFIRMED', seats: [3, 4], customer: 'Ada' },
    ])
  })

  it('exits with 4 if the last seats are sold, since there is nothing more to ask', async () => {
    const show = await insertShow(db, { seats: 2 })
    const clerk = startClerk(['book', show])
    await clerk.answers(questions.seats, '1')
    await clerk.sees(questions.whom)
    await runInProcess(['book', show, '--count', '2'], { DATABASE_URL: db.url })
    await clerk.answers(questions.whom, 'Ada')
    await clerk.answers(questions.book('1 seat: 1', 'Ada'), '')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(4)
    expect(screen).toMatch(/✗ .*\bCats\b.*$/)
  })

  it('exits with 0 after a no, and nothing was booked', async () => {
    const show = await insertShow(db)
    const clerk = startClerk(['book', show, '--count', '2', '--customer', 'Ada', '--key', 'k'])
    expect((await clerk.ends()).code).toBe(0)

    const another = startClerk(['book'])
    await another.answers(questions.show, '1')
    await another.answers(questions.seats, '5')
    await another.answers(questions.whom, '')
    await another.answers(questions.book('1 seat: 5'), 'n')
    const { code, screen } = await another.ends()
    expect({ code, end: screen.split('\n').at(-1) }).toEqual({
      code: 0,
      end: notices.unbooked,
    })
    expect(await bookings()).toEqual([{ status: 'CONFIRMED', seats: [1, 2], customer: 'Ada' }])
  })

  it('under --dry-run asks for seats only, and books nothing', async () => {
    const show = await insertShow(db)
    const clerk = startClerk(['book', show, '--dry-run'])
    await clerk.answers(questions.seats, '3 best')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(0)
    expect(screen).toMatch(/3 .*1-3\b.*$/)
    expect(await bookings()).toEqual([])
  })

  it('refuses a key for a request that is not complete', async () => {
    const show = await insertShow(db)
    const { code, screen } = await startClerk(['book', show, '--key', 'k']).ends()
    expect(code).toBe(2)
    expect(screen).toEqual(withFacts('✗', 'SHOW', '--seats', '--count'))
  })

  it('exits with 3 if there is no show', async () => {
    const { code, screen } = await startClerk(['book']).ends()
    expect(code).toBe(3)
    expect(screen).toEqual(withFacts('✗', '`tickets show create`'))
  })

  it('offers future shows first and no cancelled ones, and only names a show that it cannot draw', async () => {
    const past = await insertShow(db, { name: 'Past' })
    const gone = await insertShow(db, { name: 'Gone' })
    await insertShow(db, { name: 'Vast', seats: 100_000, seatsPerRow: 100 })
    await db.sql(`update shows set start_time = '2020-01-01T19:00Z' where id = $1`, [past])
    await db.sql('update shows set cancelled_at = now() where id = $1', [gone])
    const clerk = startClerk(['book', '--count', '1', '--yes'])
    await clerk.sees(/^1\. {2}Vast, .* 100,000 .*\n2\. {2}Past, .* 10 .*\n\? .*$/)
    clerk.terminal.press('ctrl-c')

    const another = startClerk(['book', 'Vast'])
    await another.sees(/`tickets show view [0-9a-f]/)
    await another.answers(questions.seats, 'AA1')
    await another.answers(questions.whom, '')
    await another.answers(questions.book('1 seat: AA1'), '')
    expect((await another.leaves()).code).toBe(0)
  })
})

describe('the shows to choose from', () => {
  const insertShows = (name: string, count: number, values: string) =>
    db.sql(
      `insert into shows (id, name, time_zone, total_seats, start_time, booked_seats, confirmed_seats_count)
       select gen_random_uuid(), '${name} ' || n, 'UTC', 8, ${values} from generate_series(1, ${count}) n`,
    )

  it('begin with those that still have seats, then other future ones, then past ones, the latest first', async () => {
    await insertShows('Full', 60, `now() + n * interval '1 day', '\\xff', 8`)
    await insertShows('Free', 2, `now() + (n + 100) * interval '1 day', '\\x00', 0`)
    await insertShows('Past', 2, `now() - n * interval '1 day', '\\x00', 0`)
    const held = await insertShow(db, { name: 'Full by holds', seats: 2 })
    await runInProcess(['book', held, '--count', '2', '--hold', '1h'], { DATABASE_URL: db.url })
    const clerk = startClerk(['book'])
    await clerk.sees(
      /^1\. {2}Free 1, .* 8 .*\n2\. {2}Free 2, .* 8 .*\n3\. {2}Full 1, (?!.* 8 \S+\n)/,
    )
    await clerk.answers(questions.show, 'past')
    await clerk.sees(/1\. {2}Past 1, .*\n2\. {2}Past 2, .*\n✗ 2 /)
    clerk.terminal.press('ctrl-c')

    const another = startClerk(['book'], { env: { TICKETS_PLAIN: undefined } })
    await another.sees(/^\? .*\n❯ Free 1 .*\n {2}Free 2 .*\n {2}Full 1 /)
    another.terminal.type('full')
    await another.sees(/❯ Full 1 /)
    another.terminal.press('ctrl-c')
  })
})

describe('Ctrl-C', () => {
  const asked = [
    questions.show,
    questions.seats,
    questions.whom,
    questions.book('2 seats: 1-2', 'Ada'),
  ]
  const answers = ['', '1-2', 'Ada']

  it.each(asked.map((question, index) => ({ question, index })))(
    'at "$question" exits with 130 and books nothing',
    async ({ question, index }) => {
      await insertShow(db)
      const clerk = startClerk(['book'])
      for (const [i, answer] of answers.slice(0, index).entries()) {
        await clerk.answers(asked[i]!, answer)
      }
      await clerk.sees(question)
      clerk.terminal.press('ctrl-c')
      const { code, screen } = await clerk.ends()
      expect(code).toBe(130)
      expect(screen).toContain(`✗ ${notices.interrupted(notices.unbooked)}`)
      expect(await bookings()).toEqual([])
    },
  )

  it('ends the program while an answer is still being checked', async () => {
    const clerk = startClerk(['show', 'create', '--name', 'Cats'])
    await clerk.sees(questions.start)
    // In one write: the interruption is read before the check of the answer is done.
    clerk.terminal.type('tomorrow\r\u0003')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(130)
    expect(screen).toContain(`✗ ${notices.interrupted(notices.uncreated)}`)
  })

  it('leaves the terminal as it was: what is typed next is visible', async () => {
    await insertShow(db)
    const shell = openTerminal('bash', ['--norc', '-i'], {
      env: { PS1: 'shell> ', DATABASE_URL: db.url },
    })
    opened.push(shell)
    await shell.waitFor('shell>')
    shell.type(`"${process.execPath}" "${program}" book\r`)
    await shell.waitFor('❯ Cats')
    shell.press('ctrl-c')
    await shell.waitFor(`${notices.unbooked}\nshell>`)
    shell.type('echo $?\r')
    await shell.waitFor(/shell> echo \$\?\n130\n/)
  })
})

it.each([questions.show, questions.seats])(
  'the end of input at "%s" exits with 2 and books nothing',
  async (question) => {
    await insertShow(db)
    const clerk = startClerk(['book'])
    if (question !== questions.show) await clerk.answers(questions.show, '')
    await clerk.sees(question)
    clerk.terminal.press('ctrl-d')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(2)
    expect(screen).toContain(notices.inputEnded(notices.unbooked))
    expect(await bookings()).toEqual([])
  },
)

describe('no question is asked', () => {
  it.each([
    ['under CI', [], { CI: 'true' }],
    ['under --no-input', ['--no-input'], {}],
    ['under --json', ['--json'], {}],
  ])('%s, on a terminal or not: exit code 2, naming what is missing', async (_, flags, env) => {
    const book = await startClerk(['book', ...flags], { env }).ends()
    const create = await startClerk(['show', 'create', '--name', 'x', ...flags], { env }).ends()
    expect([book.code, create.code]).toEqual([2, 2])
    expect(book.screen.replaceAll('\n', '')).toEqual(withFacts('SHOW, --seats or --count'))
    expect(create.screen.replaceAll('\n', '')).toEqual(
      withFacts('--start-time, --total-seats or --plan'),
    )
  })
})

describe('show create with questions', () => {
  it('asks for what is missing until it is valid, and creates the show', async () => {
    const clerk = startClerk(['show', 'create', '--time-zone', 'Europe/London'])
    await clerk.answers(questions.nameOfShow, ' ')
    await clerk.corrects(/✗ .*/, 'The Lion King')
    await clerk.answers(`${questions.start} (Europe/London`, '2029-03-25 01:30')
    await clerk.corrects(/✗ .*"2029-03-25 01:30"/, '2029-03-25 19:30')
    await clerk.answers(questions.total, '100,001')
    await clerk.corrects(/✗ .*1 .*100,000/, '1,000')
    await clerk.answers(questions.inRow, '1001')
    await clerk.corrects(/✗ .*1 .*1000/, '40')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(0)
    expect(screen).toMatch(
      /\nThe Lion King\n2029-03-25 19:30 BST\n\n.*\n {2}0 .* 1,000 .* 1,000\n\n {2}.*\bA\b.*\bY\b.*40.*\n.* [0-9a-f-]{36}$/,
    )
    expect(await db.sql('select name, start_time, total_seats, seats_per_row from shows')).toEqual([
      {
        name: 'The Lion King',
        start_time: new Date('2029-03-25T18:30:00Z'),
        total_seats: 1000,
        seats_per_row: 40,
      },
    ])
  })

  it('checks the given arguments before it asks for the rest', async () => {
    const { code, screen } = await startClerk(['show', 'create', '--start-time', 'soon']).ends()
    expect(code).toBe(2)
    expect(screen).not.toContain(questions.nameOfShow)
  })
})

describe('a small or plain terminal', () => {
  it('of 40 columns shows everything: no line is broken within a word', async () => {
    const show = await insertShow(db, { name: 'The Lion King', seats: 100, seatsPerRow: 10 })
    await runInProcess(['book', show, '--seats', 'A5'], { DATABASE_URL: db.url })
    const clerk = startClerk(['book'], { cols: 40 })
    await clerk.answers(/^1\. {2}The Lion King, 2030-01-01 19:00 UTC,\n {4}99 .*\n\? .*$/, '')
    await clerk.answers(questions.seats, 'A5')
    await clerk.corrects(/✗ [^?]*A5[^?]*: A4\.\n/, '4 best')
    await clerk.answers(questions.whom, 'Ada')
    await clerk.answers(questions.book('4 seats: D4-D7', 'Ada'), '')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toContain('J  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○  J')
    expect(screen).toMatch(/^✓ .*D4-D7.*Ada/m)
  })

  it('of 24 lines shows a house of ten rows, the refusal and the question at once', async () => {
    const show = await insertShow(db, { name: 'The Lion King', seats: 100, seatsPerRow: 10 })
    await runInProcess(['book', show, '--seats', 'A5'], { DATABASE_URL: db.url })
    const clerk = startClerk(['book', show, '--seats', 'A5', '--dry-run'])
    expect((await clerk.ends()).code).toBe(4)
    const another = startClerk(['book', show])
    await another.answers(questions.seats, 'A1')
    await another.sees(questions.whom)
    await runInProcess(['book', show, '--seats', 'A1'], { DATABASE_URL: db.url })
    await another.answers(questions.whom, '')
    await another.answers(questions.book('1 seat: A1'), '')
    await another.sees(
      /The Lion King, 2030.*\n[\s\S]*STAGE[\s\S]*J {2}○[\s\S]*✗ .*A1\b[\s\S]*\n\? [^\n]*$/,
    )
  })

  it('that cannot move its cursor gets no control sequences, and only ASCII', async () => {
    await insertShow(db)
    const clerk = startClerk(['book'], { env: { TERM: 'dumb', TICKETS_PLAIN: undefined } })
    await clerk.answers(questions.show, 'dogs')
    await clerk.corrects(/\n[x✗] .*/, 'cats')
    await clerk.answers(questions.seats, '1')
    await clerk.answers(questions.whom, '')
    await clerk.answers(questions.book('1 seat: 1'), '')
    await clerk.answers(questions.undo, 'x')
    await clerk.answers(/\nx .*\n.*$/, 'u')
    await clerk.leaves()
    expect(clerk.terminal.written()).toMatch(/^[ -~\r\n]*$/)
    expect(await bookings()).toMatchObject([{ status: 'CANCELLED' }])
  })

  it('has no colour under NO_COLOR', async () => {
    const show = await insertShow(db)
    const plain = startClerk(['book', show], { env: { NO_COLOR: '1' } })
    await plain.answers(questions.seats, 'x')
    await plain.sees(/✗ .*"x"/)
    const buffer = plain.terminal.xterm.buffer.active
    for (let row = 0; row < buffer.length; row++) {
      for (let column = 0; column < 80; column++) {
        const cell = buffer.getLine(row)!.getCell(column)!
        expect([cell.isFgDefault(), cell.isBold(), cell.isDim()]).toEqual([true, 0, 0])
      }
    }
  })
})
