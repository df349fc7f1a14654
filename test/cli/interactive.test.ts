import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'
import { openTerminal, type TerminalOptions, type TestTerminal } from '../support/terminal.js'

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

/** A person at a terminal, before a command that has just been started, which asks in lines. */
function sitDown(args: string[], { env, ...options }: TerminalOptions = {}) {
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
    /** Waits for what is wrong with the answer and for the question again, and types another. */
    async corrects(reason: string | RegExp, answer: string) {
      await terminal.waitFor(reason)
      await terminal.waitFor(/\n\? .*$/)
      terminal.press('ctrl-u')
      terminal.type(`${answer}\r`)
    },
    /** Serves nobody after this customer. */
    async leaves() {
      await terminal.waitFor(/q done|enter done/)
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

describe('book, asking', () => {
  it('lists the shows, finds one by the first letters of a word, draws its house, and books what is typed', async () => {
    const lionKing = await insertShow(db, { name: 'The Lion King', seats: 40, seatsPerRow: 10 })
    // Both start at the same time; the ids settle the order.
    await insertShow(db, { id: '00000000-0000-4000-8000-000000000000', name: 'Hamlet' })
    await tickets(['book', lionKing, '--seats', 'A5-A6'], { db: db.url })
    const clerk = sitDown(['book'])
    await clerk.sees(
      /^1\. {2}Hamlet, 2030-01-01 19:00 UTC, 10 free\n2\. {2}The Lion King, .* 38 free\n/,
    )
    await clerk.answers('Which show? (number or name)', 'cats')
    await clerk.corrects('✗ No show matches.', 'li')
    await clerk.sees('A  ○ ○ ○ ○ ● ● ○ ○ ○ ○  A')
    await clerk.answers('Which seats? (A1-A4, or 4 best)', 'A1-A2, b3')
    await clerk.answers('For whom? (Enter: no name)', 'Ada Lovelace')
    await clerk.answers('Book 3 seats: A1-A2, B3 for Ada Lovelace? (Y/n)', '')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toMatch(
      /✓ Booked 3 seats: A1-A2, B3 for Ada Lovelace\n {2}The Lion King, 2030-01-01 19:00 UTC\n\n {2}Reference {2}[2-9A-Z]{4}-[2-9A-Z]{4}\n\? enter next customer, u undo, q done q$/,
    )
    expect((await bookings()).at(-1)).toEqual({
      status: 'CONFIRMED',
      seats: [1, 2, 13],
      customer: 'Ada Lovelace',
    })
  })

  it('writes only the card to stdout', async () => {
    const show = await insertShow(db)
    const directory = await mkdtemp('/tmp/tickets-card-')
    const card = join(directory, 'card')
    const script = `"${process.execPath}" "${program}" book ${show} > "${card}"`
    const terminal = openTerminal('bash', ['-c', script], {
      env: { DATABASE_URL: db.url, TICKETS_PLAIN: '1' },
    })
    opened.push(terminal)
    await terminal.waitFor('Which seats?')
    terminal.type('1\r')
    await terminal.waitFor('For whom?')
    terminal.type('Ada\r')
    await terminal.waitFor('Book 1 seat: 1 for Ada?')
    terminal.type('\r')
    await terminal.waitFor('q done')
    terminal.type('q\r')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(await readFile(card, 'utf8')).toMatch(
      /^✓ Booked 1 seat: 1 for Ada\n {2}Cats, .*\n\n {2}Reference {2}.{9}\n$/,
    )
    await rm(directory, { recursive: true })
  })

  it('asks only for what the command line leaves open', async () => {
    const show = await insertShow(db)
    const clerk = sitDown(['book', show, '--customer', 'Ada', '--note', 'aisle', '--yes'])
    await clerk.answers('Which seats?', '4 best')
    const { code, history } = await clerk.leaves()
    expect(code).toBe(0)
    expect(history).not.toMatch(/Which show|For whom|Book .*\?/)
    expect(await db.sql('select seats, customer, note from bookings')).toEqual([
      { seats: [1, 2, 3, 4], customer: 'Ada', note: 'aisle' },
    ])
  })

  it('asks nothing at all when nothing is open', async () => {
    const show = await insertShow(db)
    const clerk = sitDown(['book', show, '--seats', '7'])
    expect((await clerk.ends()).screen).toMatch(/^✓ Booked 1 seat: 7\n/)
  })

  it('asks again with the reason and other seats when the answer cannot be', async () => {
    const show = await insertShow(db, { seats: 30, seatsPerRow: 10 })
    await tickets(['book', show, '--seats', 'A5'], { db: db.url })
    const clerk = sitDown(['book', show])
    await clerk.answers('Which seats?', '')
    await clerk.corrects('✗ Type seats like A1-A4, or "4 best".', 'many')
    await clerk.corrects('✗ "many" is not a seat or a range of seats.', 'D1')
    await clerk.corrects('✗ Seat D1 does not exist. The rows are A to C.', 'A5')
    await clerk.corrects('✗ Seat A5 is taken. Nothing was booked. Free instead: A4.', '31 best')
    await clerk.corrects('✗ Only 29 seats are free; 31 were wanted.', 'A4')
    await clerk.answers('For whom?', '')
    await clerk.answers('Book 1 seat: A4? (Y/n)', 'y')
    expect((await clerk.leaves()).screen).toContain('✓ Booked 1 seat: A4\n')
    // What was only typed left no trace: no FAILED record of a request that nobody made.
    expect(await bookings()).toHaveLength(2)
  })

  it('says so when the seats go while the clerk decides, and keeps the customer', async () => {
    const show = await insertShow(db)
    const clerk = sitDown(['book', show])
    await clerk.answers('Which seats?', '2 best')
    await clerk.answers('For whom?', 'Ada')
    await clerk.sees('Book 2 seats: 1-2 for Ada?')
    expect((await tickets(['book', show, '--seats', '2'], { db: db.url })).exitCode).toBe(0)
    clerk.terminal.press('enter')
    await clerk.sees(
      /● 1 booked\n\n✗ Seat 2 is taken\. Nothing was booked\.\n {2}Free instead: 3-4\n\? Which seats\?/,
    )
    await clerk.answers('Which seats?', '3-4')
    await clerk.answers('Book 2 seats: 3-4 for Ada?', '')
    const { code, history } = await clerk.leaves()
    expect(code).toBe(0)
    expect(history.match(/For whom\?/g)).toHaveLength(1)
    expect(await bookings()).toEqual([
      { status: 'CONFIRMED', seats: [2], customer: null },
      { status: 'FAILED', seats: [1, 2], customer: 'Ada' },
      { status: 'CONFIRMED', seats: [3, 4], customer: 'Ada' },
    ])
  })

  it('says so when the last seats go: exit 4, since there is nothing to ask', async () => {
    const show = await insertShow(db, { seats: 2 })
    const clerk = sitDown(['book', show])
    await clerk.answers('Which seats?', '1')
    await clerk.sees('For whom?')
    await tickets(['book', show, '--count', '2'], { db: db.url })
    await clerk.answers('For whom?', 'Ada')
    await clerk.answers('Book 1 seat: 1 for Ada?', '')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(4)
    expect(screen).toMatch(/✗ Every seat of Cats is sold\. Nothing was booked\.$/)
  })

  it('takes no for an answer: exit 0, and nothing was booked', async () => {
    const show = await insertShow(db)
    const clerk = sitDown(['book', show, '--count', '2', '--customer', 'Ada', '--key', 'k'])
    expect((await clerk.ends()).code).toBe(0)

    const another = sitDown(['book'])
    await another.answers('Which show?', '1')
    await another.answers('Which seats?', '5')
    await another.answers('For whom?', '')
    await another.answers('Book 1 seat: 5?', 'n')
    const { code, screen } = await another.ends()
    expect({ code, end: screen.split('\n').at(-1) }).toEqual({
      code: 0,
      end: 'Nothing was booked.',
    })
    expect(await bookings()).toEqual([{ status: 'CONFIRMED', seats: [1, 2], customer: 'Ada' }])
  })

  it('under --dry-run asks for seats only, and books nothing', async () => {
    const show = await insertShow(db)
    const clerk = sitDown(['book', show, '--dry-run'])
    await clerk.answers('Which seats?', '3 best')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(0)
    expect(screen).toMatch(/3 seats free: 1-3\. Nothing was booked \(dry run\)\.$/)
    expect(await bookings()).toEqual([])
  })

  it('refuses a key for a request that is not whole', async () => {
    const show = await insertShow(db)
    const { code, screen } = await sitDown(['book', show, '--key', 'k']).ends()
    expect(code).toBe(2)
    expect(screen).toMatch(/^✗ A key stands for one whole request/)
  })

  it('has nothing to ask where there is no show: exit 3', async () => {
    const { code, screen } = await sitDown(['book']).ends()
    expect(code).toBe(3)
    expect(screen).toMatch(/`tickets show create` makes one\.$/)
  })

  it('offers shows to come first, never a cancelled one, and only names what it cannot draw', async () => {
    const past = await insertShow(db, { name: 'Past' })
    const gone = await insertShow(db, { name: 'Gone' })
    await insertShow(db, { name: 'Vast', seats: 100_000, seatsPerRow: 100 })
    await db.sql(`update shows set start_time = '2020-01-01T19:00Z' where id = $1`, [past])
    await db.sql('update shows set cancelled_at = now() where id = $1', [gone])
    const clerk = sitDown(['book', '--count', '1', '--yes'])
    await clerk.sees(/^1\. {2}Vast, .* 100,000 free\n2\. {2}Past, .* 10 free\n\? Which show\?/)
    clerk.terminal.press('ctrl-c')

    const another = sitDown(['book', 'Vast'])
    await another.sees(/too large to be drawn here/)
    await another.answers('Which seats?', 'AA1')
    await another.answers('For whom?', '')
    await another.answers('Book 1 seat: AA1?', '')
    expect((await another.leaves()).code).toBe(0)
  })
})

describe('the shows to choose from', () => {
  const insertShows = (name: string, count: number, values: string) =>
    db.sql(
      `insert into shows (id, name, time_zone, total_seats, start_time, booked_seats, confirmed_seats_count)
       select gen_random_uuid(), '${name} ' || n, 'UTC', 8, ${values} from generate_series(1, ${count}) n`,
    )

  it('begin with those that still sell, then those to come, then those that have begun, the latest first', async () => {
    await insertShows('Full', 60, `now() + n * interval '1 day', '\\xff', 8`)
    await insertShows('Free', 2, `now() + (n + 100) * interval '1 day', '\\x00', 0`)
    await insertShows('Past', 2, `now() - n * interval '1 day', '\\x00', 0`)
    const held = await insertShow(db, { name: 'Full by holds', seats: 2 })
    await tickets(['book', held, '--count', '2', '--hold', '1h'], { db: db.url })
    const clerk = sitDown(['book'])
    await clerk.sees(
      /^1\. {2}Free 1, .* 8 free\n2\. {2}Free 2, .* 8 free\n3\. {2}Full 1, .* sold out\n/,
    )
    await clerk.answers('Which show?', 'past')
    await clerk.sees(/1\. {2}Past 1, .*\n2\. {2}Past 2, .*\n✗ 2 shows match/)
    clerk.terminal.press('ctrl-c')

    const another = sitDown(['book'], { env: { TICKETS_PLAIN: undefined } })
    await another.sees(/Which show\? \(type to filter\)\n❯ Free 1 .*\n {2}Free 2 .*\n {2}Full 1 /)
    another.terminal.type('full')
    await another.sees(/❯ Full 1 /)
    another.terminal.press('ctrl-c')
  })
})

describe('Ctrl-C', () => {
  const questions = ['Which show?', 'Which seats?', 'For whom?', 'Book 2 seats: 1-2 for Ada?']
  const answers = ['', '1-2', 'Ada']

  it.each(questions.map((question, index) => ({ question, index })))(
    'at "$question" exits 130 and books nothing',
    async ({ question, index }) => {
      await insertShow(db)
      const clerk = sitDown(['book'])
      for (const [i, answer] of answers.slice(0, index).entries()) {
        await clerk.answers(questions[i]!, answer)
      }
      await clerk.sees(question)
      clerk.terminal.press('ctrl-c')
      const { code, screen } = await clerk.ends()
      expect(code).toBe(130)
      expect(screen).toMatch(/✗ Interrupted\. Nothing was booked\.$/)
      expect(await bookings()).toEqual([])
    },
  )

  it('while an answer is still being checked ends the program too', async () => {
    const clerk = sitDown(['show', 'create', '--name', 'Cats'])
    await clerk.sees('When does it start?')
    // In one piece: the interruption is read before the check of the answer is done.
    clerk.terminal.type('tomorrow\r\u0003')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(130)
    expect(screen).toMatch(/✗ Interrupted\. No show was created\.$/)
  })

  it('leaves the terminal as it was: what is typed next is seen', async () => {
    await insertShow(db)
    const shell = openTerminal('bash', ['--norc', '-i'], {
      env: { PS1: 'shell> ', DATABASE_URL: db.url },
    })
    opened.push(shell)
    await shell.waitFor('shell>')
    shell.type(`"${process.execPath}" "${program}" book\r`)
    await shell.waitFor('❯ Cats')
    shell.press('ctrl-c')
    await shell.waitFor(/Nothing was booked\.\nshell>/)
    shell.type('echo $?\r')
    await shell.waitFor(/shell> echo \$\?\n130\n/)
  })
})

it.each(['Which show?', 'Which seats?'])(
  'the end of input at "%s" exits 2 and books nothing',
  async (question) => {
    await insertShow(db)
    const clerk = sitDown(['book'])
    if (question !== 'Which show?') await clerk.answers('Which show?', '')
    await clerk.sees(question)
    clerk.terminal.press('ctrl-d')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(2)
    expect(screen).toMatch(/The input ended before the answer\. Nothing was booked\.$/)
    expect(await bookings()).toEqual([])
  },
)

describe('there is no prompt', () => {
  it.each([
    ['under CI', [], { CI: 'true' }],
    ['under --no-input', ['--no-input'], {}],
    ['under --json', ['--json'], {}],
  ])('%s, terminal or not: exit 2, naming what is missing', async (_, flags, env) => {
    const book = await sitDown(['book', ...flags], { env }).ends()
    const create = await sitDown(['show', 'create', '--name', 'x', ...flags], { env }).ends()
    expect([book.code, create.code]).toEqual([2, 2])
    expect(book.screen.replaceAll('\n', '')).toMatch(/SHOW, --seats or --count are missing/)
    expect(create.screen.replaceAll('\n', '')).toMatch(
      /--start-time, --total-seats or --plan are missing/,
    )
  })
})

describe('show create, asking', () => {
  it('asks for what is missing until it can be, and creates the show', async () => {
    const clerk = sitDown(['show', 'create', '--time-zone', 'Europe/London'])
    await clerk.answers('Name of the show?', ' ')
    await clerk.corrects('✗ The name of the show is empty.', 'The Lion King')
    await clerk.answers('When does it start? (Europe/London, like', '2029-03-25 01:30')
    await clerk.corrects(/✗ .*does not exist/, '2029-03-25 19:30')
    await clerk.answers('How many seats? (1 to 100,000)', '100,001')
    await clerk.corrects('✗ That must be a whole number, 1 to 100,000.', '1,000')
    await clerk.answers('How many in a row? (Enter: no rows)', '1001')
    await clerk.corrects('✗ A row has 1 to 1000 seats here', '40')
    const { code, screen } = await clerk.ends()
    expect(code).toBe(0)
    expect(screen).toMatch(
      /\nThe Lion King\n2029-03-25 19:30 BST\n\n.*\n {2}0 sold {2}1,000 free {2}of 1,000\n\n {2}Rows {2}A to Y, 40 seats each\n {2}Id {4}[0-9a-f-]{36}$/,
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

  it('checks what is given before it asks for the rest', async () => {
    const { code, screen } = await sitDown(['show', 'create', '--start-time', 'soon']).ends()
    expect(code).toBe(2)
    expect(screen).not.toContain('Name of the show?')
  })
})

describe('a small or plain terminal', () => {
  it('of 40 columns shows everything whole: no line is broken in a word', async () => {
    const show = await insertShow(db, { name: 'The Lion King', seats: 100, seatsPerRow: 10 })
    await tickets(['book', show, '--seats', 'A5'], { db: db.url })
    const clerk = sitDown(['book'], { cols: 40 })
    await clerk.answers(
      /^1\. {2}The Lion King, 2030-01-01 19:00 UTC,\n {4}99 free\n\? Which show\? \(number or name\)$/,
      '',
    )
    await clerk.answers('Which seats?', 'A5')
    await clerk.corrects(
      /✗ Seat A5 is taken\. Nothing was booked\.\n {2}Free instead: A4\.\n/,
      '4 best',
    )
    await clerk.answers('For whom?', 'Ada')
    await clerk.answers('Book 4 seats: D4-D7 for Ada?', '')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toContain('J  ○ ○ ○ ○ ○ ○ ○ ○ ○ ○  J')
    expect(screen).toContain('✓ Booked 4 seats: D4-D7 for Ada')
  })

  it('of 24 lines shows a house of ten rows, the refusal and the question at once', async () => {
    const show = await insertShow(db, { name: 'The Lion King', seats: 100, seatsPerRow: 10 })
    await tickets(['book', show, '--seats', 'A5'], { db: db.url })
    const clerk = sitDown(['book', show, '--seats', 'A5', '--dry-run'])
    expect((await clerk.ends()).code).toBe(4)
    const another = sitDown(['book', show])
    await another.answers('Which seats?', 'A1')
    await another.sees('For whom?')
    await tickets(['book', show, '--seats', 'A1'], { db: db.url })
    await another.answers('For whom?', '')
    await another.answers('Book 1 seat: A1?', '')
    await another.sees(
      /The Lion King, 2030.*\n[\s\S]*STAGE[\s\S]*J {2}○[\s\S]*✗ Seat A1 is taken[\s\S]*\? Which seats\?/,
    )
  })

  it('that cannot move its cursor is never asked to, and shows only ASCII', async () => {
    await insertShow(db)
    const clerk = sitDown(['book'], { env: { TERM: 'dumb', TICKETS_PLAIN: undefined } })
    await clerk.answers('Which show?', 'dogs')
    await clerk.answers(/match[\s\S]*Which show\?/, 'cats')
    await clerk.answers('Which seats?', '1')
    await clerk.answers('For whom?', '')
    await clerk.answers('Book 1 seat: 1?', '')
    await clerk.answers('u undo', 'x')
    await clerk.answers('That is none of them', 'u')
    await clerk.leaves()
    expect(clerk.terminal.written()).toMatch(/^[ -~\r\n]*$/)
    expect(await bookings()).toMatchObject([{ status: 'CANCELLED' }])
  })

  it('has no colour under NO_COLOR', async () => {
    const show = await insertShow(db)
    const plain = sitDown(['book', show], { env: { NO_COLOR: '1' } })
    await plain.answers('Which seats?', 'x')
    await plain.sees('✗ "x" is not a seat')
    const buffer = plain.terminal.xterm.buffer.active
    for (let row = 0; row < buffer.length; row++) {
      for (let column = 0; column < 80; column++) {
        const cell = buffer.getLine(row)!.getCell(column)!
        expect([cell.isFgDefault(), cell.isBold(), cell.isDim()]).toEqual([true, 0, 0])
      }
    }
  })
})
