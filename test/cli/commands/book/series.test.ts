import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { openTerminal, type TestTerminal } from '../../../support/terminal.js'
import { notices, questions, withFacts } from '../../../support/wording.js'

let db: TestDatabase
/** The shows of a series, by their start in London. */
const ids: Record<string, string> = {}
/** A booking for the first of them, and one for another show. */
let first: string
let elsewhere: string

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const json = async (...args: string[]) => (await run(...args, '--json')).json()

beforeAll(async () => {
  db = await cloneDatabase()
  const create = ['show', 'create', '--time-zone', 'Europe/London', '--total-seats', '40']
  const times = ['2031-03-01 15:00', '2031-03-01 19:30', '2031-03-08 19:30', '2020-03-01 19:30']
  for (const time of times) {
    ids[time] = (await json(...create, '--name', 'Hamlet', '--start-time', time)).id
  }
  await json(...create, '--name', 'Rush', '--start-time', '2031-03-01 19:30')
  first = (await json('book', ids['2031-03-01 15:00']!, '--seats', '1')).reference
  elsewhere = (await json('book', 'Rush', '--seats', '1')).reference
})
afterAll(() => db.drop())

const opened: TestTerminal[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

function startClerk(args: string[], env: Record<string, string> = {}): TestTerminal {
  const terminal = openTerminal(process.execPath, [program, ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...env },
    cols: 100,
  })
  opened.push(terminal)
  return terminal
}

/** Every command that takes a show, and the field of its document that identifies the show. */
const commands: [command: string[], found: (document: Document) => unknown][] = [
  [['book', 'hamlet', '--count', '1'], ({ show_id }) => show_id],
  [['book', 'Hamlet', '--count', '1', '--dry-run'], ({ show_id }) => show_id],
  [['show', 'view', 'Hamlet'], ({ id }) => id],
  [['show', 'edit', 'Hamlet', '--total-seats', '40'], ({ id }) => id],
  [['show', 'cancel', 'Hamlet', '--dry-run'], ({ show_id }) => show_id],
  [['show', 'report', 'Hamlet'], ({ show }) => show?.id],
  [['verify', 'Hamlet'], ({ shows }) => (shows === 1 ? ids['2031-03-08 19:30'] : shows)],
  [['booking', 'move', '', '--to', '40', '--to-show', 'Hamlet'], ({ show_id }) => show_id],
]

// biome-ignore lint/suspicious/noExplicitAny: each command has its own document.
type Document = any

describe('a name that several shows have', () => {
  it.each(commands)('is resolved by --date: tickets %j', async (words, found) => {
    const command = words.map((word) => word || elsewhere)
    const document = await json(...command, '--date', '2031-03-08')
    expect(found(document)).toBe(ids['2031-03-08 19:30'])
    const refused = await run(...command)
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
    expect((await run(...command, '--json')).json().error.code).toBe('AMBIGUOUS_ID')
    const none = await run(...command, '--date', '2031-03-02')
    expect(none).toMatchObject({ exitCode: 3, stdout: '' })
  })

  it('is resolved in commands that list as well', async () => {
    const at = ['--date', '2031-03-01T15:00']
    const [booking] = await json('booking', 'list', 'Hamlet', ...at)
    expect(booking.reference).toBe(first)
    const events = await json('history', '--show', 'Hamlet', ...at, '--seat', '1')
    expect(events).toMatchObject([{ reference: first }])
    const drawn = await run('show', 'view', 'Hamlet', '--history', ...at)
    expect(drawn.stdout).toContain(first)
    for (const args of [
      ['booking', 'list', 'Hamlet'],
      ['history', '--show', 'Hamlet'],
    ]) {
      expect(await run(...args)).toMatchObject({ exitCode: 2 })
    }
  })

  it('is resolved in copy, stress and check-in', async () => {
    const at = ['--date', '2031-03-01 15:00']
    const copies = await json('show', 'copy', 'Hamlet', ...at, '--start-time', '2035-01-01 19:30')
    expect(copies).toMatchObject([{ name: 'Hamlet', total_seats: 40 }])
    await db.sql('delete from shows where id = $1', [copies[0].id])
    const load = ['stress', 'Hamlet', '--in-process', '--bookings', '1', '--yes']
    expect(await json(...load, '--date', '2020-03-01')).toMatchObject({
      show_id: ids['2020-03-01 19:30'],
    })
    const door = ['booking', 'check-in', first, '--show', 'Hamlet']
    expect(await json(...door, ...at)).toMatchObject({ admitted: [1] })
    const wrong = await run(...door, '--date', '2031-03-08')
    expect(wrong.exitCode).toBe(4)
    expect(wrong.stderr).toContain('Hamlet, 2031-03-01 15:00 GMT')
  })

  it('is resolved for a whole file, if the name is on the command line or in its rows', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tickets-series-'))
    const [plain, named] = [join(directory, 'plain.csv'), join(directory, 'named.csv')]
    await writeFile(plain, 'count\n1\n')
    await writeFile(named, 'show,count\nHamlet,1\nHAMLET,2\n')
    const at = ['--date', '2031-03-08']
    const shows = async (...args: string[]) => {
      const { stdout } = await run('book', ...args, ...at, '--json')
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).show_id)
    }
    const expected = ids['2031-03-08 19:30']
    expect(await shows('Hamlet', '--file', plain)).toEqual([expected])
    expect(await shows('--file', named)).toEqual([expected, expected])
    expect(await run('book', '--file', named)).toMatchObject({ exitCode: 4 })
    await rm(directory, { recursive: true })
  })

  it('is refused with its dates in their time zones, and how to choose one', async () => {
    const { stderr } = await run('book', 'Hamlet', '--count', '1')
    // Future ones first.
    const all =
      '2031-03-01 15:00 GMT, 2031-03-01 19:30 GMT, 2031-03-08 19:30 GMT, 2020-03-01 19:30 GMT'
    expect(stderr).toEqual(withFacts('"Hamlet"', all, '--date 2031-03-01T15:00'))
    const day = await run('book', 'Hamlet', '--count', '1', '--date', '2031-03-01')
    const both = '2031-03-01 15:00 GMT, 2031-03-01 19:30 GMT'
    expect(day.stderr).toEqual(withFacts('"Hamlet"', both, '--date 2031-03-01T15:00'))
    expect(day.stderr).not.toMatch(/2031-03-08|2020/)
    const none = await run('book', 'Hamlet', '--count', '1', '--date', '2031-03-02')
    expect(none.stderr).toEqual(withFacts('"Hamlet"', '"2031-03-02"', all))
  })

  it('and one minute is refused with its ids', async () => {
    const create = ['show', 'create', '--name', 'Twin', '--total-seats', '5', '--start-time']
    const twins = await Promise.all([1, 2].map(() => json(...create, '2031-01-01T19:00Z')))
    const { exitCode, stderr } = await run('show', 'view', 'Twin', '--date', '2031-01-01')
    expect(exitCode).toBe(2)
    for (const { id } of twins) expect(stderr).toContain(id)
  })
})

describe('a date', () => {
  it('is the date of the show in its time zone', async () => {
    const create = ['show', 'create', '--total-seats', '5', '--name', 'Tour']
    const [auckland, honolulu] = [
      await json(...create, '--time-zone', 'Pacific/Auckland', '--start-time', '2031-06-02 00:30'),
      await json(...create, '--time-zone', 'Pacific/Honolulu', '--start-time', '2031-06-01 23:30'),
    ]
    const view = async (...args: string[]) => (await json('show', 'view', 'Tour', ...args)).id
    expect(await view('--date', '2031-06-02')).toBe(auckland.id)
    expect(await view('--date', '2031-06-01')).toBe(honolulu.id)
    expect(await view('--date', '2031-06-01t23:30')).toBe(honolulu.id)
  })

  it.each([
    ['Pacific/Kiritimati', '00:00', '+14:00'],
    ['Pacific/Auckland', '00:00', '+13:00'],
    ['Etc/GMT+12', '23:59', '-12:00'],
  ])('is found in the time zones farthest from UTC: %s, %s (%s)', async (zone, time) => {
    const create = ['show', 'create', '--total-seats', '5', '--name', `Tour of ${zone}`]
    const start = ['--time-zone', zone, '--start-time', `2031-01-02 ${time}`]
    const { id } = await json(...create, ...start)
    const view = ['show', 'view', `Tour of ${zone}`, '--date']
    expect((await json(...view, '2031-01-02')).id).toBe(id)
    for (const date of ['2031-01-01', '2031-01-03']) {
      expect((await run(...view, date)).exitCode).toBe(3)
    }
  })

  it('must match even if only one show has the name, or an id is given', async () => {
    for (const name of ['Rush', ids['2031-03-08 19:30']!, ids['2031-03-08 19:30']!.slice(0, 8)]) {
      const wrong = await run('show', 'view', name, '--date', '2031-05-05')
      expect(wrong.exitCode).toBe(3)
    }
    expect(await json('show', 'view', 'rush', '--date', '2031-03-01')).toMatchObject({
      name: 'Rush',
    })
  })

  it.each([
    ['book', '--count', '1'],
    ['verify'],
    ['booking', 'list'],
    ['booking', 'move', 'K7Q2-9FMX', '--to', '1'],
    ['booking', 'check-in', 'K7Q2-9FMX'],
    ['history', '--booking', 'K7Q2-9FMX'],
    ['stress', '--in-process'],
  ])('without a show is refused: tickets %s …', async (...command) => {
    const args = command.map((word) => (word === 'K7Q2-9FMX' ? first : word))
    const ran = await run(...args, '--date', '2031-03-01')
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toEqual(withFacts('--date'))
  })
})

describe('on a terminal, a name that several shows have', () => {
  it.each([
    ['book', 'Hamlet', '--seats', '33'],
    ['show', 'view', 'Hamlet'],
    ['show', 'report', 'Hamlet'],
    ['booking', 'list', 'Hamlet'],
    ['verify', 'Hamlet'],
    ['history', '--show', 'Hamlet'],
  ])(
    'is followed by a list of dates, those with free seats first: tickets %s %s',
    async (...args) => {
      const terminal = startClerk(args)
      await terminal.waitFor(
        /\n❯ 2031-03-01 15:00 GMT {2}\d+ .*\n {2}2031-03-01 19:30 GMT .*\n {2}2031-03-08 19:30 GMT .*\n {2}2020-03-01 19:30 GMT /,
      )
      terminal.type('03-08')
      await terminal.waitFor(/❯ 2031-03-08 19:30 GMT .*\n\n/)
      terminal.press('enter')
      expect(await terminal.exit).toEqual({ code: 0, signal: null })
    },
  )

  it('is chosen in lines, by number or by date', async () => {
    const terminal = startClerk(['book', 'Hamlet', '--seats', '34'], { TICKETS_PLAIN: '1' })
    await terminal.waitFor(/^1\. {2}2031-03-01 15:00 GMT, .*\n2\. [\s\S]*\n\? .*Hamlet.*$/)
    terminal.type('2020\r')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(terminal.screen()).toContain('Hamlet, 2020-03-01 19:30 GMT')
  })

  it('chooses no show at Ctrl-C, and nothing is done', async () => {
    const terminal = startClerk(['show', 'cancel', 'Hamlet'])
    await terminal.waitFor(questions.dateOf('Hamlet'))
    terminal.press('ctrl-c')
    expect(await terminal.exit).toEqual({ code: 130, signal: null })
    expect(terminal.screen()).toContain(notices.uncancelled)
  })

  it('is never asked about under --json or --no-input', async () => {
    for (const flag of ['--json', '--no-input']) {
      expect(await startClerk(['show', 'view', 'Hamlet', flag]).exit).toMatchObject({ code: 2 })
    }
  })
})
