import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
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
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

const sequences: Record<string, string> = {
  ...{ up: '\u001b[A', down: '\u001b[B', right: '\u001b[C', left: '\u001b[D' },
  ...{ home: '\u001b[H', end: '\u001b[F', pageup: '\u001b[5~', pagedown: '\u001b[6~' },
  ...{ space: ' ', enter: '\r', escape: '\u001b' },
}

/** A clerk at `tickets book`, with a map to pick from. */
function startClerk(args: string[], { env, ...options }: TerminalOptions = {}) {
  const terminal = openTerminal(process.execPath, [program, 'book', ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...env },
    ...options,
  })
  opened.push(terminal)
  return {
    terminal,
    sees: (expected: string | RegExp) => terminal.waitFor(expected),
    /** Presses named keys, and types all other words. */
    press(keys: string) {
      for (const key of keys.split(' ')) terminal.type(sequences[key] ?? key)
    },
    async ends() {
      const { code } = await terminal.exit
      return { code, screen: terminal.screen() }
    },
    async leaves() {
      await terminal.waitFor(questions.done)
      terminal.type('q')
      return this.ends()
    },
  }
}

const sell = (show: string, seats: string) =>
  runInProcess(['book', show, '--seats', seats], { DATABASE_URL: db.url })
const salesOf = (show: string) =>
  db.sql(
    `select status, seats, customer from bookings
     where show_id = $1 and status <> 'FAILED' order by created_at`,
    [show],
  )
const lionKing = () => insertShow(db, { name: 'The Lion King', seats: 40, seatsPerRow: 10 })

describe('the seat picker', () => {
  it('picks with arrows, books with Enter, and asks only for seats', async () => {
    const show = await lionKing()
    await sell(show, 'A1-A2')
    const clerk = startClerk([show])
    await clerk.sees('A  ● ●[○]○ ○ ○ ○ ○ ○ ○  A')
    expect(clerk.terminal.screen()).toMatch(
      /^The Lion King, 2030-01-01 19:00 UTC\n\n {5}╰───── STAGE ─────╯\n {5}1 {7}5 {8}10\n\n/,
    )
    clerk.press('right down space right right space')
    await clerk.sees('B  ○ ○ ○ ★ ○[★]○ ○ ○ ○  B')
    await clerk.sees(/★ 2 \S+: B4, B6/)
    clerk.press('enter')
    await clerk.sees(`✓ ${questions.seats} B4, B6\n? ${questions.whom} (Enter`)
    clerk.press('enter')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toMatch(/✓ .*2 .*B4, B6\n {2}The Lion King, .*\n\n {2}Reference {2}.{9}$/)
    expect((await salesOf(show)).at(-1)).toMatchObject({ seats: [14, 16], customer: null })
  })

  it('goes to a label, and picks the best adjacent seats with a number, + and -', async () => {
    const show = await lionKing()
    await sell(show, 'C4')
    const clerk = startClerk([show, '--customer', 'Ada'])
    await clerk.sees('[○]')
    clerk.press('c2')
    await clerk.sees('C  ○[○]○ ● ○ ○ ○ ○ ○ ○  C')
    await clerk.sees(/○ C2 free {3}.*C2_/)
    clerk.press('+ +')
    await clerk.sees(/★ 2 \S+: C2-C3/)
    clerk.press('+')
    await clerk.sees(/★ 3 \S+: C1-C3/)
    clerk.press('4')
    await clerk.sees('C  ○ ○ ○ ●[★]★ ★ ★ ○ ○  C')
    clerk.press('- enter')
    expect((await clerk.leaves()).code).toBe(0)
    expect((await salesOf(show)).at(-1)).toMatchObject({ seats: [25, 26, 27], customer: 'Ada' })
  })

  it('scrolls a house of 100,000 seats in a window of 24 lines', async () => {
    const show = await insertShow(db, { seats: 100_000, seatsPerRow: 50 })
    const clerk = startClerk([show])
    await clerk.sees(/STAGE[\s\S]*\n {4}A {2}○/)
    await clerk.sees(/↓ 1,98\d /)
    clerk.press('pagedown')
    await clerk.sees(/↑ 12 .*\n {4}M {2}○[\s\S]*↓ 1,975 /)
    clerk.press('BXX50')
    await clerk.sees(/○ BXX50 free {3}.*BXX50_/)
    clerk.press('down home space pageup end space')
    await clerk.sees(/★ 2 \S+: BXK50, BXX1/)
    clerk.press('pagedown pagedown pagedown')
    clerk.press('BXX1')
    await clerk.sees(/BXX1 yours {3}.*BXX1_/)
    expect(clerk.terminal.screen().split('\n').length).toBeLessThanOrEqual(24)
    clerk.press('escape')
    await clerk.sees(/BXX1 yours\n/)
    clerk.press('escape')
    expect((await clerk.ends()).code).toBe(0)
  })

  it('shows what others sell, unpicks it, and names it before it books', async () => {
    const show = await lionKing()
    const clerk = startClerk([show])
    await clerk.sees('[○]')
    clerk.press('B5 space 3')
    await clerk.sees('B  ○ ○ ○ ○[★]★ ★ ○ ○ ○  B')
    await sell(show, 'B6,D1')
    await clerk.sees('B  ○ ○ ○ ○[★]● ★ ○ ○ ○  B')
    await clerk.sees(notices.takenElsewhere('B6'))
    await clerk.sees(/★ 2 \S+: B5, B7/)
    await clerk.sees(/D {2}● ○/)
    clerk.press('enter')
    await clerk.sees(/\bB6 .*\b2\.$/m)
    clerk.press('enter')
    await clerk.sees(questions.whom)
    clerk.press('enter')
    await clerk.leaves()
    expect((await salesOf(show)).at(-1)).toMatchObject({ seats: [15, 17] })
  })

  it('is shown again with the other seats picked if a seat is sold at the last moment, and keeps the customer', async () => {
    const show = await lionKing()
    const clerk = startClerk([show])
    await clerk.sees('[○]')
    clerk.press('3 enter')
    await clerk.sees(questions.whom)
    await sell(show, 'A2')
    clerk.press('Ada enter')
    await clerk.sees(notices.takenElsewhere('A2'))
    await clerk.sees('A [★]● ★ ○')
    clerk.press('A4 space enter')
    const { code, screen } = await clerk.leaves()
    expect(code).toBe(0)
    expect(screen).toMatch(/✓ .*3 .*: A1, A3-A4 .*Ada/)
    expect(screen.split(questions.whom)).toHaveLength(2)
  })

  it('shows the seats of an expiring hold as soon as they are free', async () => {
    const show = await lionKing()
    const clerk = startClerk([show])
    await clerk.sees('A [○]○ ○')
    await runInProcess(['book', show, '--seats', 'A1', '--hold', '2s'], { DATABASE_URL: db.url })
    await clerk.sees('A [◐]○ ○')
    await clerk.sees('A [○]○ ○')
  })

  it('refuses to pick taken seats, and to book none', async () => {
    const show = await lionKing()
    await sell(show, 'A1')
    const clerk = startClerk([show])
    await clerk.sees('[○]')
    clerk.press('left space')
    await clerk.sees(/\bA1 .*booked\.$/m)
    clerk.press('right enter')
    await clerk.sees(/ A2\.$/m)
  })

  it('goes back to the shows with Escape, or ends if the show was given', async () => {
    const show = await insertShow(db, { name: 'Zorba' })
    const clerk = startClerk([])
    await clerk.sees('❯')
    clerk.press('zor')
    await clerk.sees(/zor\n❯ Zorba.*\n\n/)
    clerk.press('enter')
    await clerk.sees('STAGE')
    clerk.press('escape')
    await clerk.sees(new RegExp(`\\? ${questions.show.replace('?', '\\?')} .*\\s+❯`))

    const another = startClerk([show])
    await another.sees('STAGE')
    another.press('5')
    await another.sees(/5 free {3}.*5_/)
    another.press('escape')
    await another.sees(/5 free\n/)
    another.press('escape')
    expect(await another.ends()).toEqual({ code: 0, screen: notices.unbooked })
  })

  it('exits with 130 at Ctrl-C, and restores the screen', async () => {
    const show = await lionKing()
    const shell = openTerminal('bash', ['--norc', '-i'], {
      env: { PS1: 'shell> ', DATABASE_URL: db.url },
    })
    opened.push(shell)
    await shell.waitFor('shell>')
    shell.type(`"${process.execPath}" "${program}" book ${show}\r`)
    await shell.waitFor('[○]')
    expect(shell.xterm.buffer.active.type).toBe('alternate')
    shell.press('ctrl-c')
    await shell.waitFor(`✗ ${notices.interrupted(notices.unbooked)}\nshell>`)
    expect(shell.xterm.buffer.active.type).toBe('normal')
    shell.type('echo $?\r')
    await shell.waitFor(/shell> echo \$\?\n130\n/)
    expect(await salesOf(show)).toEqual([])
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('restores the screen at %s, and exits with %i', async (signal, code) => {
    const show = await lionKing()
    const clerk = startClerk([show])
    await clerk.sees('[○]')
    clerk.terminal.kill(signal)
    expect(await clerk.ends()).toEqual({
      code,
      screen: `✗ ${notices.interrupted(notices.unbooked)}`,
    })
    expect(clerk.terminal.xterm.buffer.active.type).toBe('normal')
    expect(await salesOf(show)).toEqual([])
  })

  it('leaves the screen at Ctrl-Z, and is drawn again after fg', async () => {
    const show = await lionKing()
    const shell = openTerminal('bash', ['--norc', '-i'], {
      env: { PS1: 'shell> ', DATABASE_URL: db.url },
    })
    opened.push(shell)
    await shell.waitFor('shell>')
    shell.type(`"${process.execPath}" "${program}" book ${show}\r`)
    await shell.waitFor('[○]')
    shell.press('ctrl-z')
    await shell.waitFor(/Stopped[\s\S]*shell>/)
    await sell(show, 'A3')
    shell.type('fg\r')
    await shell.waitFor('A [○]○ ● ○')
    shell.type(' ')
    await shell.waitFor('A [★]○ ● ○')
    shell.type('\r')
    await shell.waitFor(questions.whom)
  })

  it('exits with 2 when the input ends', async () => {
    const clerk = startClerk([await lionKing()])
    await clerk.sees('[○]')
    clerk.terminal.press('ctrl-d')
    expect(await clerk.ends()).toMatchObject({
      code: 2,
      screen: expect.stringContaining(notices.inputEnded(notices.unbooked)),
    })
  })

  it('exits with 4 if the house is full', async () => {
    const show = await insertShow(db, { name: 'Full', seats: 2 })
    await sell(show, '1-2')
    expect(await startClerk([show]).ends()).toEqual({
      code: 4,
      screen: withFacts('✗', 'Full'),
    })
  })

  it('exits when the database does not come back, with the code for that', async () => {
    const lost = await cloneDatabase()
    const show = await insertShow(lost)
    const clerk = startClerk([show, '--wait', '0s'], { env: { DATABASE_URL: lost.url } })
    await clerk.sees('[○]')
    await lost.drop()
    expect((await clerk.ends()).code).toBe(6)
  })
})

describe('the picker on another terminal', () => {
  it('is drawn again for the new size', async () => {
    const show = await insertShow(db, { seats: 600, seatsPerRow: 20 })
    const clerk = startClerk([show])
    await clerk.sees('A [○]○ ○')
    clerk.press('M9 space')
    await clerk.sees(/★ 1 \S+: M9/)
    clerk.terminal.resize(40, 10)
    await clerk.sees(/M {2}○○○○○○○○★○/)
    await clerk.sees('↓')
    expect(clerk.terminal.screen().split('\n').length).toBeLessThanOrEqual(10)
    clerk.terminal.resize(100, 40)
    await clerk.sees(/M {2}○ ○ ○ ○ ○ ○ ○ ○\[★\]○/)
    await clerk.sees('AD ')
  })

  it('of 40 columns shows everything, with no line broken', async () => {
    const show = await insertShow(db, { name: 'A name that is too long for this', seats: 30 })
    const clerk = startClerk([show], { cols: 40 })
    await clerk.sees('1 [○]○')
    const lines = clerk.terminal.screen().split('\n')
    expect(lines[0]).toMatch(/^A name that is too long for this, .*…$/)
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}○ 30 .*◐ 0 .*● 0 /))
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^ {2}space .* · enter /),
      expect.stringMatching(/^ {2}\+ - .* · 12 /),
      expect.stringMatching(/^ {2}esc /),
    ])
    clerk.press('2 enter')
    await clerk.sees(/ 2\.$/m)
    clerk.press('space enter')
    await clerk.sees(questions.whom)
    clerk.press('enter')
    await clerk.sees(`? ${questions.next} · ${questions.undo} · ${questions.done}`)
  })

  it('has no colour under NO_COLOR, and marks seats and cursor with characters', async () => {
    const show = await lionKing()
    await sell(show, 'A2')
    await runInProcess(['book', show, '--seats', 'A3', '--hold', '1h'], { DATABASE_URL: db.url })
    const clerk = startClerk([show], { env: { NO_COLOR: '1' } })
    await clerk.sees('[○]')
    clerk.press('space right right right')
    await clerk.sees('A  ★ ● ◐[○]○')
    const buffer = clerk.terminal.xterm.buffer.active
    for (let row = 0; row < 24; row++) {
      for (let column = 0; column < 80; column++) {
        const cell = buffer.getLine(row)!.getCell(column)!
        expect([cell.isFgDefault(), cell.isBold(), cell.isDim()]).toEqual([true, 0, 0])
      }
    }
  })

  it.each([
    ['TICKETS_PLAIN=1', { TICKETS_PLAIN: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
    ['a locale without Unicode', { LANG: 'C' }],
  ])('is replaced by questions under %s', async (_, env) => {
    const clerk = startClerk([await lionKing()], { env })
    await clerk.sees(`${questions.seats} (A1-A4`)
    expect(clerk.terminal.xterm.buffer.active.type).toBe('normal')
    clerk.terminal.press('ctrl-c')
    expect((await clerk.ends()).code).toBe(130)
  })
})

describe('the booking loop', () => {
  it('uses one key for each customer, and undoes the last sale with another', async () => {
    const show = await lionKing()
    const clerk = startClerk([show, '--customer', 'Ada', '--note', 'aisle'])
    await clerk.sees('[○]')
    clerk.press('2 enter')
    await clerk.sees(/✓ .*2 .*A1-A2.*Ada\n[\s\S]*\? enter .* · u .* · q \S+$/)
    clerk.press('enter')
    await clerk.sees('A  ● ●[○]○')
    clerk.press('1 enter')
    // The name and the note are not kept for the next customer.
    await clerk.sees(questions.whom)
    clerk.press('enter')
    await clerk.sees(/✓ .*1 .*A3\n[\s\S]* u \S+/)
    clerk.press('u')
    await clerk.sees(/✓ .*1 .*A3\n[\s\S]*\? enter [^·]* · q \S+$/)
    expect((await clerk.leaves()).code).toBe(0)
    expect(await salesOf(show)).toEqual([
      { status: 'CONFIRMED', seats: [1, 2], customer: 'Ada' },
      { status: 'CANCELLED', seats: [3], customer: null },
    ])
  })

  it('does not take Ctrl-U or Alt-U for the key that undoes', async () => {
    const show = await lionKing()
    const clerk = startClerk([show, '--customer', 'Ada'])
    await clerk.sees('[○]')
    clerk.press('2 enter')
    await clerk.sees(questions.undo)
    clerk.press('\u0015 \u001bu enter')
    await clerk.sees('A  ● ●[○]○')
    expect(await salesOf(show)).toMatchObject([{ status: 'CONFIRMED', seats: [1, 2] }])
  })

  it('undoes nothing that was changed since', async () => {
    const show = await lionKing()
    const clerk = startClerk([show])
    await clerk.sees('[○]')
    clerk.press('2 enter')
    await clerk.sees(questions.whom)
    clerk.press('enter')
    await clerk.sees(questions.undo)
    await db.sql(`update bookings set note = 'paid', updated_at = now() where show_id = $1`, [show])
    clerk.press('u')
    await clerk.sees('✗ ')
    await clerk.leaves()
    expect(await salesOf(show)).toMatchObject([{ status: 'CONFIRMED', seats: [1, 2] }])
  })

  it('continues when a customer leaves without seats', async () => {
    const clerk = startClerk([await lionKing(), '--yes', '--customer', 'Ada'])
    await clerk.sees('[○]')
    clerk.press('1 enter')
    await clerk.sees(questions.done)
    clerk.press('n')
    await clerk.sees('A  ●[○]○')
    clerk.press('escape')
    await clerk.sees(
      `${notices.noMoreBooked}\n? ${questions.next} · ${questions.undo} · ${questions.done}`,
    )
    clerk.terminal.press('ctrl-c')
    expect(await clerk.ends()).toMatchObject({
      code: 130,
      screen: expect.stringContaining(`✗ ${notices.interrupted(notices.bookedStands)}`),
    })
  })

  it('ends at the end of the input, which undoes nothing: exit code 0', async () => {
    const clerk = startClerk([await lionKing(), '--customer', 'Ada'])
    await clerk.sees('[○]')
    clerk.press('1 enter')
    await clerk.sees(questions.done)
    clerk.terminal.press('ctrl-d')
    expect((await clerk.ends()).code).toBe(0)
  })

  it('ends when the house is full', async () => {
    const clerk = startClerk([await insertShow(db, { seats: 2 }), '--customer', 'Ada'])
    await clerk.sees('[○]')
    clerk.press('+ + enter')
    await clerk.sees(/^\? [^·]*u \S+ · q \S+$/m)
    clerk.press('enter')
    expect((await clerk.ends()).code).toBe(0)
  })
})
