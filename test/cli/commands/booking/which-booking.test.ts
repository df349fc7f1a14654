import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal, type TestTerminal } from '../../../support/terminal.js'
import { until } from '../../../support/until.js'
import { notices, questions } from '../../../support/wording.js'

let db: TestDatabase
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())
beforeEach(async () => {
  await db.sql('truncate shows, bookings cascade')
  show = await insertShow(db, { seats: 20, seatsPerRow: 10, name: 'Cats' })
})

const opened: TestTerminal[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

function startClerk(args: string[], env: Record<string, string> = {}): TestTerminal {
  const terminal = openTerminal(process.execPath, [program, ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...env },
  })
  opened.push(terminal)
  return terminal
}
const book = async (...args: string[]) =>
  (await runInProcess(['book', show, '--json', ...args], { DATABASE_URL: db.url })).json()
    .reference as string

/** Every command that asks for a booking, and what it shows when it has one. */
const commands: [command: string, isHold: boolean, afterwards: RegExp][] = [
  ['view', false, /Ada Lovelace/],
  ['confirm', true, /Confirmed/],
  ['move', false, /★ 1 \S+ 1 \S+: B1/],
  ['cancel', false, /\? .*B1.*Ada Lovelace/],
  ['check-in', false, /✓ .*: B1/],
  ['print', false, /Ada Lovelace/],
]

describe.each(commands)('at the prompt of `booking %s`', (command, isHold, afterwards) => {
  it.each(['a name', 'a seat', 'the reference'])('%s finds the booking', async (what) => {
    const hold = isHold ? ['--hold', '1h'] : []
    const reference = await book('--seats', 'B1', '--customer', 'Ada Lovelace', ...hold)
    // Another, and one of that name with which the command can do nothing.
    await book('--seats', 'A1', '--customer', 'Grace', ...hold)
    if (command !== 'view') {
      const gone = await book('--seats', 'A5', '--customer', 'Ada Lovelace')
      await runInProcess(['booking', 'cancel', gone, '--yes'], { DATABASE_URL: db.url })
    }
    const typed = { 'a name': 'love', 'a seat': 'b1', 'the reference': reference.toLowerCase() }[
      what
    ]!
    const terminal = startClerk(['booking', command])
    await terminal.waitFor(questions.booking)
    terminal.type(`${typed}\r`)
    await terminal.waitFor(afterwards)
    await until(() => terminal.written().includes(reference))
  })
})

describe('at the prompt for a booking', () => {
  it('the candidates are listed with what distinguishes them', async () => {
    const first = await book('--seats', 'A1-A2', '--customer', 'Ada Lovelace')
    const second = await book('--seats', 'B3', '--customer', 'Ada Byron', '--hold', '1h')
    const terminal = startClerk(['booking', 'view'])
    await terminal.waitFor(questions.booking)
    terminal.type('ada')
    await terminal.waitFor(
      new RegExp(
        `❯ ${second} {2}Ada Byron; B3; Cats, 2030-01-01 19:00 UTC; held\\n {2}${first} {2}Ada Lovelace; A1-A2; Cats, 2030-01-01 19:00 UTC\\n`,
      ),
    )
    terminal.press('down')
    terminal.press('enter')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(terminal.history()).toContain('A1-A2')
  })

  it('nothing is chosen before something is typed, nor if nothing matches', async () => {
    await book('--seats', 'A1', '--customer', 'Ada')
    const terminal = startClerk(['booking', 'check-in'])
    await terminal.waitFor(questions.booking)
    terminal.press('enter')
    terminal.type('grace\r')
    await terminal.waitFor(notices.noMatch('booking'))
    terminal.press('ctrl-c')
    expect(await terminal.exit).toMatchObject({ code: 130 })
    expect(await db.sql('select from admissions')).toEqual([])
  })

  it('of check-in, seats and names are found in the given show only', async () => {
    const other = await insertShow(db, { seats: 20, seatsPerRow: 10, name: 'Evita' })
    await book('--seats', 'A1', '--customer', 'Ada')
    const here = await runInProcess(
      ['book', other, '--seats', 'A1', '--customer', 'Ada', '--json'],
      {
        DATABASE_URL: db.url,
      },
    )
    for (const text of ['a1', 'ada']) {
      const terminal = startClerk(['booking', 'check-in', '--show', 'evita'])
      await terminal.waitFor(questions.booking)
      terminal.type(`${text}\r`)
      expect(await terminal.exit).toMatchObject({ code: text === 'a1' ? 0 : 4 })
      expect(terminal.history()).toContain(here.json().reference)
    }
  })

  it('in lines, a single match is taken, and one of several by its number', async () => {
    await book('--seats', 'A1-A2', '--customer', 'Ada Lovelace')
    await book('--seats', 'B1', '--customer', 'Ada Byron')
    const terminal = startClerk(['booking', 'cancel'], { TICKETS_PLAIN: '1' })
    await terminal.waitFor(`? ${questions.booking}`)
    terminal.type('nobody\r')
    // Text that is typed before the question is repeated appears in the middle of it.
    await terminal.waitFor(/✗ .*\n\? [^\n]*$/)
    terminal.type('ada\r')
    await terminal.waitFor(
      /1\. {2}.*Ada Byron; B1; .*\n2\. {2}.*Ada Lovelace; A1-A2; [\s\S]*✗ 2 .*\n\? /,
    )
    terminal.type('2\r')
    await terminal.waitFor(/\? .*A1-A2.*Ada Lovelace/)
    terminal.press('ctrl-c')
    await terminal.exit

    const another = startClerk(['booking', 'cancel'], { TICKETS_PLAIN: '1' })
    await another.waitFor(questions.booking)
    another.type('b1\r')
    await another.waitFor(/\? .*B1.*Ada Byron/)
  })
})
