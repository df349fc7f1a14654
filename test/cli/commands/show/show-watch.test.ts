import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal, type TerminalOptions, type TestTerminal } from '../../../support/terminal.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const opened: TestTerminal[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

function watch(args: string[], options: TerminalOptions = {}): TestTerminal {
  const terminal = openTerminal(process.execPath, [program, 'show', 'view', '--watch', ...args], {
    ...options,
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...options.env },
  })
  opened.push(terminal)
  return terminal
}

const keys = {
  down: '\u001b[B',
  end: '\u001b[F',
  home: '\u001b[H',
  pageUp: '\u001b[5~',
  pageDown: '\u001b[6~',
}
const sell = (show: string, seats: string) =>
  runInProcess(['book', show, '--seats', seats], { DATABASE_URL: db.url })

describe('show view --watch', () => {
  it('draws the show in place, and every sale when it is made', async () => {
    const show = await insertShow(db, { name: 'The Lion King', seats: 40, seatsPerRow: 10 })
    await sell(show, 'A1-A3')
    const terminal = watch([show])
    await terminal.waitFor(/^The Lion King, 2030-01-01 19:00 UTC\n\n {2}█+░+\n {2}○ 37 /)
    await terminal.waitFor(/\n {2}▁{29}█ {2}3 .* 30 .*\n/)
    await sell(show, 'D10')
    await terminal.waitFor('D  ○ ○ ○ ○ ○ ○ ○ ○ ○ ●  D')
    await terminal.waitFor(/█ {2}4 .* 30 /)
    expect(terminal.screen().match(/The Lion King/g)).toHaveLength(1)
  })

  it('at Ctrl-C exits with 130 and leaves the terminal as it was', async () => {
    const show = await insertShow(db)
    const shell = openTerminal('bash', ['--norc', '-i'], {
      env: { PS1: 'shell> ', DATABASE_URL: db.url },
    })
    opened.push(shell)
    await shell.waitFor('shell>')
    shell.type(`"${process.execPath}" "${program}" show view ${show} --watch\r`)
    await shell.waitFor('10 free')
    shell.press('ctrl-c')
    await shell.waitFor(/--watch\n✗ .*\nshell>/)
    expect(shell.screen()).not.toContain('10 free')
    shell.type('echo $?\r')
    await shell.waitFor(/shell> echo \$\?\n130\n/)
  })

  it('ends with q, and not with Ctrl-Q: exit code 0, and nothing left on the screen', async () => {
    const show = await insertShow(db)
    const terminal = watch([show])
    await terminal.waitFor(/ 10 /)
    terminal.type('\u0011')
    await sell(show, '1')
    await terminal.waitFor('9 free')
    terminal.type('xq')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(terminal.screen()).toBe('')
  })

  it('summarizes a house that does not fit, live, and scrolls through its seats', async () => {
    const show = await insertShow(db, { seats: 2000, seatsPerRow: 20 })
    const terminal = watch([show])
    await terminal.waitFor(/\n {2} *A-\w+ {2}░+ +0\/\d+\n[\s\S]*-CV [\s\S]*↓ PgDn: [^\n]*$/)
    expect(terminal.screen().split('\n').length).toBeLessThanOrEqual(24)
    await sell(show, 'CV1-CV20')
    await terminal.waitFor(/-CV {2}█+░+ +20\/40\n/)
    terminal.type(keys.pageDown)
    await terminal.waitFor(/STAGE[\s\S]*\n {3}A {2}○ ○[\s\S]*\n {2}↓ 8\d more lines$/)
    terminal.type(keys.down)
    await terminal.waitFor(/\n {2}↑ 1 more line\n {3}B {2}○ ○/)
    terminal.type(keys.end)
    await terminal.waitFor(/\n {2}CV {2}● ● [●\s]+CV$/)
    await sell(show, 'CU1')
    await terminal.waitFor(/\n {2}CU {2}● ○/)
    terminal.type(keys.pageUp + keys.home)
    await terminal.waitFor('PgDn: ')
  })

  it.each([
    { cols: 80, rows: 24 },
    { cols: 40, rows: 24 },
    { cols: 40, rows: 12 },
  ])('fits $cols columns and $rows rows, for any house', async (size) => {
    for (const seatsPerRow of [50, undefined]) {
      const show = await insertShow(db, { seats: 100_000, ...(seatsPerRow && { seatsPerRow }) })
      await sell(show, '1-99999')
      const terminal = watch([show], size)
      await terminal.waitFor(/\n +\S+-(BXX|100000) +█+░? +[\d,]+\/[\d,]+\n[\s\S]*PgDn: [^\n]*$/)
      expect(terminal.screen()).toMatch(/^Cats, .*\n/)
      terminal.type(keys.end)
      await terminal.waitFor(/●○( +BXX)?$/)
      expect(terminal.screen().split('\n').length).toBeLessThanOrEqual(size.rows)
    }
  })

  it('under NO_COLOR has no colours, and in ASCII no other characters', async () => {
    const terminal = watch([await insertShow(db)], { env: { NO_COLOR: '1', LANG: 'C' } })
    await terminal.waitFor(/ 10 /)
    expect(terminal.screen()).toMatch(/^[ -~\n]*$/)
    expect(terminal.xterm.buffer.active.getLine(0)!.getCell(0)!.isBold()).toBe(0)
  })

  it('under --json writes one document per line, for every change', async () => {
    const show = await insertShow(db)
    const script = `"${process.execPath}" "${program}" show view ${show} --watch --json | head -2`
    const shell = openTerminal('bash', ['-c', script], {
      cols: 2000,
      env: { DATABASE_URL: db.url, HOME: '/nonexistent' },
    })
    opened.push(shell)
    await shell.waitFor('"available_seats":10')
    await sell(show, '3')
    await shell.waitFor('"available_seats":9')
    // The reader closes the pipe after two lines: the next document ends the command.
    await sell(show, '4')
    expect((await shell.exit).code).toBe(0)
    const documents = shell
      .screen()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents.map(({ booked_seats }) => booked_seats)).toEqual([[], [3]])
  })

  it('refuses a pipe and a dumb terminal: exit code 2; a missing show: exit code 3', async () => {
    const show = await insertShow(db)
    const piped = await runInProcess(['show', 'view', show, '--watch'], {
      DATABASE_URL: db.url,
    })
    expect(piped).toMatchObject({ exitCode: 2, stdout: '' })
    expect(piped.stderr).toEqual(withFacts('--watch', '--json'))
    const dumb = watch([show], { env: { TERM: 'dumb' } })
    expect((await dumb.exit).code).toBe(2)
    const missing = watch(['nowhere'])
    expect((await missing.exit).code).toBe(3)
    expect(missing.screen()).toMatch(/^✗ .*"nowhere"/)
  })
})
