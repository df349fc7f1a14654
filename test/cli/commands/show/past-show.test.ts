import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { ask, type OwnHttpServer, serveHere } from '../../../support/http.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal } from '../../../support/terminal.js'
import { questions, withFacts } from '../../../support/wording.js'

let db: TestDatabase
let server: OwnHttpServer
let past: string
let other: string
let future: string
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveHere(db.url)
  past = await insertShow(db, { name: 'The Lion King', seats: 1000 })
  other = await insertShow(db, { name: 'Evita', seats: 1000 })
  future = await insertShow(db, { name: 'Hamlet', seats: 1000 })
  await db.sql(`update shows set start_time = '2025-12-25T19:00Z' where id <> $1`, [future])
})
afterAll(async () => {
  await server.close()
  await db.drop()
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

const warning = (name: string) => ({
  code: 'SHOW_STARTED',
  message: withFacts(`"${name}"`, '2025-12-25 19:00 UTC'),
})
/** One line on stderr. */
const sentence = (...names: string[]) =>
  expect.stringMatching(
    new RegExp(`^${names.map((name) => `.*"${name}".*2025-12-25 19:00 UTC.*\\n`).join('')}$`),
  )
const lion = 'The Lion King'

/** Books one seat, sold or held, and returns the reference. */
const booked = async (show: string, ...args: string[]) =>
  (await run('book', show, '--count', '1', ...args, '--json')).json().reference as string

/** A command about a show, and its JSON document with the `warnings`. */
const steps: Record<string, (show: string) => Promise<string[]> | string[]> = {
  book: (show) => ['book', show, '--count', '2'],
  'book by seats': (show) => ['book', show, '--seats', `${nextSeat++}`],
  'book --hold': (show) => ['book', show, '--count', '1', '--hold', '1h'],
  'book --key, again': async (show) => {
    const argv = ['book', show, '--count', '1', '--key', `again-${show}`]
    await run(...argv)
    return argv
  },
  'book --dry-run': (show) => ['book', show, '--count', '2', '--dry-run'],
  'booking confirm': async (show) => ['booking', 'confirm', await booked(show, '--hold', '1h')],
  'booking move': async (show) => ['booking', 'move', await booked(show), '--to', `${nextSeat++}`],
  'booking check-in': async (show) => ['booking', 'check-in', await booked(show)],
}
let nextSeat = 900

describe.each(Object.entries(steps))('%s', (_, step) => {
  it('of a past show warns on stderr and in JSON, and exits with 0', async () => {
    const people = await run(...(await step(past)))
    expect(people).toMatchObject({ exitCode: 0, stderr: sentence(lion) })
    expect(people.stdout).not.toContain('Warning')
    const programs = await run(...(await step(past)), '--json')
    expect(programs).toMatchObject({ exitCode: 0, stderr: sentence(lion) })
    expect(programs.json().warnings).toEqual([warning(lion)])
    expect(Object.keys(programs.json()).at(-1)).toBe('warnings')
  })

  it('prints nothing on stderr under --quiet', async () => {
    expect(await run(...(await step(past)), '--quiet')).toMatchObject({ exitCode: 0, stderr: '' })
    const programs = await run(...(await step(past)), '--quiet', '--json')
    expect(programs.stderr).toBe('')
    expect(programs.json().warnings).toEqual([warning(lion)])
  })

  it('of a future show does not warn, and has no such field', async () => {
    expect(await run(...(await step(future)))).toMatchObject({ exitCode: 0, stderr: '' })
    const programs = await run(...(await step(future)), '--json')
    expect(programs).toMatchObject({ exitCode: 0, stderr: '' })
    expect(programs.json()).not.toHaveProperty('warnings')
  })
})

describe('a show whose time is set to the past', () => {
  const when = ['--start-time', '2025-12-25T19:00:00Z', '--time-zone', 'UTC']

  it("with the original's example: the document of the contract, with a warning after it", async () => {
    const argv = ['show', 'create', '--name', lion, '--total-seats', '100', ...when]
    expect(await run(...argv)).toMatchObject({ exitCode: 0, stderr: sentence(lion) })
    expect(await run(...argv, '-q')).toMatchObject({ exitCode: 0, stderr: '' })
    const ran = await run(...argv, '--json')
    expect(ran).toMatchObject({ exitCode: 0, stderr: sentence(lion) })
    expect(Object.entries(ran.json()).at(-1)).toEqual(['warnings', [warning(lion)]])
  })

  it('warns when it is copied or when its time is edited, but not when its name is edited', async () => {
    const { id } = (
      await run(
        'show',
        'create',
        '--name',
        'Lear',
        '--total-seats',
        '9',
        '--start-time',
        '2031-01-01T19:00Z',
        '--json',
      )
    ).json()
    const copied = await run(
      'show',
      'copy',
      id,
      '--start-time',
      '2025-12-25T19:00Z',
      '2031-01-02T19:00Z',
      '--json',
    )
    expect(copied.json()[0].warnings).toHaveLength(1)
    expect(copied.json()[1]).not.toHaveProperty('warnings')
    expect(copied.stderr.match(/Warning/g)).toHaveLength(1)
    const edited = await run('show', 'edit', id, ...when, '--json')
    expect(edited).toMatchObject({ exitCode: 0, stderr: sentence('Lear') })
    expect(edited.json().warnings).toEqual([warning('Lear')])
    expect((await run('show', 'edit', id, ...when)).stderr).toEqual(sentence('Lear'))
    const renamed = await run('show', 'edit', id, '--name', 'King Lear', '--json')
    expect(renamed.stderr).toBe('')
    expect(renamed.json()).not.toHaveProperty('warnings')
  })
})

describe('commands that neither sell nor check in do not warn', () => {
  it.each<[string, () => Promise<string[]>, number]>([
    ['a view', async () => ['show', 'view', past], 0],
    ['a list', async () => ['show', 'list'], 0],
    ['a refusal', async () => ['book', past, '--count', '5000'], 4],
    ['a cancellation', async () => ['booking', 'cancel', await booked(past), '-y'], 0],
    [
      'the undo of a check-in',
      async () => ['booking', 'check-in', await booked(past), '--undo'],
      0,
    ],
    [
      'a move from a past to a future show',
      async () => [
        'booking',
        'move',
        await booked(past),
        '--to-show',
        future,
        '--to',
        `${nextSeat++}`,
      ],
      0,
    ],
  ])('%s', async (_, argv, exitCode) => {
    const ran = await run(...(await argv()), '--json')
    expect(ran).toMatchObject({ exitCode, stderr: '' })
    expect(ran.stdout).not.toContain('"warnings"')
  })
})

describe('book --file', () => {
  const rows = (...shows: string[]) =>
    shows.map((show) => `${JSON.stringify({ show, count: 1 })}\n`).join('')

  async function bookRows(text: string, ...args: string[]) {
    const { mkdtemp, rm, writeFile } = await import('node:fs/promises')
    const directory = await mkdtemp('/tmp/tickets-past-')
    await writeFile(`${directory}/rows.ndjson`, text)
    const ran = await run('book', '--file', `${directory}/rows.ndjson`, ...args)
    await rm(directory, { recursive: true })
    return ran
  }

  it.each([[[]], [['--atomic']], [['--dry-run']]])(
    'warns once for each show, and in the document of each line: %j',
    async (flags) => {
      const file = rows(past, future, past, other, past, other)
      const once = sentence(lion, 'Evita')
      const people = await bookRows(file, ...flags)
      expect(people.exitCode).toBe(0)
      expect(people.stderr.match(/.*2025-12-25.*\n/g)?.join('')).toEqual(once)
      const programs = await bookRows(file, '--json', ...flags)
      expect(programs).toMatchObject({ exitCode: 0, stderr: once })
      const documents = programs.stdout.trimEnd().split('\n')
      expect(documents.map((line) => JSON.parse(line).warnings?.[0].message)).toEqual(
        [lion, undefined, lion, 'Evita', lion, 'Evita'].map(
          (name) => name && warning(name).message,
        ),
      )
      expect((await bookRows(file, '--quiet', '--json', ...flags)).stderr).toBe('')
    },
  )
})

describe('over HTTP', () => {
  const post = (path: string, body: object = {}) => ask(`${server.url}${path}`, { body })
  const made = async (show: string, body: object = {}) =>
    (await post(`/shows/${show}/book`, { seats_count: 1, ...body })).body

  it.each<[string, (show: string) => Promise<{ status: number; body: { warnings?: unknown } }>]>([
    ['book', (show) => post(`/shows/${show}/book`, { seats_count: 1 })],
    ['hold', (show) => post(`/shows/${show}/book`, { seats_count: 1, hold: '1h' })],
    ['confirm', async (show) => post(`/bookings/${(await made(show, { hold: '1h' })).id}/confirm`)],
    ['move', async (show) => post(`/bookings/${(await made(show)).id}/move`, { to: [nextSeat++] })],
    ['check-in', async (show) => post(`/bookings/${(await made(show)).id}/check-in`)],
  ])('%s answers with the warnings, and without them for a future show', async (_, step) => {
    const answer = await step(past)
    expect(answer.status).toBeLessThan(300)
    expect(answer.body.warnings).toEqual([warning(lion)])
    expect((await step(future)).body).not.toHaveProperty('warnings')
  })

  it("creates a show by the original's example with a warning, and lists it without", async () => {
    const body = { name: lion, start_time: '2025-12-25T19:00:00Z', total_seats: 100 }
    const created = await post('/admin/shows', body)
    expect(created.status).toBe(201)
    expect(created.body.warnings).toEqual([warning(lion)])
    expect((await ask(`${server.url}/shows/${created.body.id}`)).body).not.toHaveProperty(
      'warnings',
    )
    const later = await post('/admin/shows', { ...body, start_time: '2031-01-01T19:00:00Z' })
    expect(later.body).not.toHaveProperty('warnings')
  })
})

it('a clerk at a terminal is warned once, before the seats are chosen', async () => {
  const terminal = openTerminal(process.execPath, [program, 'book', past], {
    cols: 120,
    env: { DATABASE_URL: db.url, TICKETS_PLAIN: '1' },
  })
  const warned = /^.*"The Lion King".*2025-12-25.*\.$/gm
  await terminal.waitFor(questions.seats)
  expect(terminal.history()).toMatch(warned)
  terminal.type('1 best\r')
  await terminal.waitFor(questions.whom)
  terminal.type('\r')
  await terminal.waitFor('(Y/n)')
  terminal.type('\r')
  await terminal.waitFor('q done')
  expect(terminal.history().match(warned)).toHaveLength(1)
  terminal.type('q\r')
  expect((await terminal.exit).code).toBe(0)
  await terminal.close()
})
