import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { expectWording } from '../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

/** The output of the program: stdout, then stderr. */
async function transcript(commands: readonly (readonly string[])[]): Promise<[string, string][]> {
  const said: [string, string][] = []
  let reference = ''
  for (const words of commands) {
    const argv = words.map((word) => (word === 'IT' ? reference : word))
    const { stdout, stderr } = await runInProcess(argv, { DATABASE_URL: db.url })
    reference = /[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}/.exec(stdout)?.[0] ?? reference
    // The shows start in 2025, 2030 and 2031; all other times are those of the run.
    const text = `${stdout}\n${stderr}`.replaceAll(
      /20(?!25|3[01])\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)? \S+/g,
      '<time>',
    )
    said.push([`tickets ${argv.join(' ')}`, text.trim()])
  }
  return said
}

const MANY = 'A1,A3,A5,A7,A9,A11,B1,B3,B5,B7'
const rows = [
  'show',
  'create',
  '--total-seats',
  '40',
  '--seats-per-row',
  '12',
  '--time-zone',
  'UTC',
]
const plain = ['show', 'create', '--total-seats', '40', '--time-zone', 'UTC']

it('bookings and their changes have the texts in test/wording/bookings.txt', async () => {
  for (const name of ['Cats', 'Dogs']) {
    await insertShow(db, { name, seats: 60, seatsPerRow: 12 })
  }
  await insertShow(db, { name: 'Plain', seats: 60 })
  const ada = ['--customer', 'Ada']
  await expectWording(
    'bookings',
    await transcript([
      ['book', 'Cats', '--seats', 'A1-A4', ...ada],
      ['booking', 'check-in', 'IT'],
      ['booking', 'check-in', 'IT'],
      ['booking', 'move', 'IT', '--to', 'B1-B4'],
      ['booking', 'cancel', 'IT', '--yes'],
      ['booking', 'check-in', 'IT', '--undo'],
      ['booking', 'check-in', 'IT', '--seats', 'A3'],
      ['booking', 'check-in', 'IT', '--undo'],
      ['booking', 'check-in', 'IT', '--show', 'Dogs'],
      ['book', 'Cats', '--seats', 'A3-A5'],
      ['book', 'Cats', '--seats', 'A4'],
      ['book', 'Cats', '--seats', 'A4', '--dry-run'],
      ['book', 'Cats', '--count', '100'],
      ['booking', 'move', 'IT', '--to', 'B1'],
      ['booking', 'move', 'IT', '--to', 'A1-A4'],
      ['booking', 'move', 'IT', '--to', 'B1-B4'],
      ['booking', 'move', 'IT', '--to', 'B1-B4'],
      ['booking', 'move', 'IT', '--to-show', 'Dogs', '--to', 'C1-C4'],
      ['booking', 'cancel', 'IT', '--yes', '--seats', 'B1'],
      ['booking', 'cancel', 'IT', '--yes', '--seats', 'C1'],
      ['booking', 'cancel', 'IT', '--yes', '--seats', 'C1'],
      ['booking', 'cancel', 'IT', '--yes'],
      ['booking', 'cancel', 'IT', '--yes'],
      ['booking', 'confirm', 'IT'],
      ['booking', 'move', 'IT', '--to', 'A1-A3'],
      ['booking', 'check-in', 'IT'],
      ['booking', 'print', 'IT'],
      ['book', 'Cats', '--count', '2', '--hold', '1h'],
      ['booking', 'check-in', 'IT'],
      ['booking', 'confirm', 'IT'],
      ['booking', 'confirm', 'IT'],
      ['booking', 'cancel', 'IT'],
      ['booking', 'cancel', 'IT', '--yes', '--seats', 'A1-A2'],
      ['book', 'Cats', '--seats', 'B11-B12', '--dry-run'],
      ['book', 'Plain', '--seats', '7-9'],
      ['book', 'Plain', '--seats', 'A1'],
      ['book', 'Dogs', '--seats', MANY],
      ['booking', 'cancel', 'IT', '--yes', '--seats', 'A1'],
      ['booking', 'cancel', 'IT', '--yes'],
      ['booking', 'view', 'K7Q2-9FMX'],
      ['booking', 'cancel', 'K7Q2-9FMX', '--yes'],
      ['booking', 'list', '--customer', 'Zed'],
      ['booking', 'list', '--seat', 'A1'],
      ['booking', 'list', 'Cats', '--seat', 'A1-A2'],
      ['book', 'Plain', '--count', '1', '--key', 'k'],
      ['book', 'Plain', '--count', '1', '--key', 'k'],
      ['book', 'Plain', '--count', '1', '--key', 'k', '--dry-run'],
      ['book', 'Plain', '--count', '2', '--key', 'k'],
      ['booking', 'cancel', 'IT', '--yes'],
      ['book', 'Plain', '--count', '1', '--key', 'k'],
      ['book', 'Plain', '--count', '1', '--key', 'h', '--hold', '1ms'],
      ['book', 'Plain', '--count', '1', '--key', 'h', '--hold', '1ms'],
      ['book', 'Plain', '--count', '1', '--key', 'h', '--hold', '1ms', '--dry-run'],
    ]),
  )
  expect((await runInProcess(['verify'], { DATABASE_URL: db.url })).exitCode).toBe(0)
})

it('shows and their changes have the texts in test/wording/shows.txt', async () => {
  const hamlet = [...rows, '--name', 'Hamlet', '--start-time']
  await expectWording(
    'shows',
    await transcript([
      [...hamlet, '2031-03-01 15:00'],
      [...hamlet, '2031-03-01 19:30'],
      ['book', 'Hamlet', '--count', '1'],
      ['book', 'Hamlet', '--count', '1', '--date', '2031-03-02'],
      ['show', 'view', 'Hamlet', '--date', 'soon'],
      ['show', 'view', 'Hamlet', '--section', 'Stalls', '--json'],
      ['show', 'view', 'Hamlet', '--section', 'Stalls', '--watch'],
      ['verify', '--date', '2031-03-01'],
      [...plain, '--name', 'The Merry Widow', '--start-time', '2031-01-01 19:00'],
      ['show', 'view', 'merry wid'],
      ['show', 'view', 'Oklahoma'],
      ['show', 'list', '--search', 'Oklahoma'],
      [...plain, '--name', 'The Lion King', '--start-time', '2025-12-25 19:00'],
      ['book', 'The Lion King', '--count', '1'],
      [...rows, '--name', 'Lear', '--start-time', '2031-01-02 19:00'],
      ['book', 'Lear', '--seats', 'B5'],
      ['book', 'Lear', '--seats', 'B7', '--hold', 'forever'],
      ['show', 'edit', 'Lear', '--total-seats', '14'],
      ['show', 'edit', 'Lear', '--total-seats', '9'],
      ['show', 'edit', 'Lear', '--total-seats', '100001'],
      ['show', 'cancel', 'Lear'],
      ['show', 'cancel', 'Lear', '--yes'],
      ['show', 'cancel', 'Lear', '--yes', '--expect-bookings', '7'],
      ['show', 'cancel', 'Lear', '--yes', '--expect-bookings', '2'],
      ['show', 'cancel', 'Lear', '--yes', '--expect-bookings', '2'],
      ['book', 'Lear', '--count', '1'],
      ['verify', '--repair'],
      ['verify'],
    ]),
  )
})

it('files, lists and checks have the texts in test/wording/files.txt', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-words-'))
  const files: Record<string, string> = {
    'rows.csv': 'seats,customer\nA1-A3,Ada\nA3,\n"A4,A4",Bo\nB1,\n',
    'wrong.plan': 'A 1-\nB 0\nA 1\n',
    'priced.csv': 'row,seat,price\nA,1,20\n',
    'answers.ndjson': '{"ok":true}\n',
    'holds.csv': 'seats,key,hold\nB9,a,1ms\nB10,b,1h\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  const at = (name: string) => join(directory, name)
  const show = await insertShow(db, {
    ...{ id: 'aaaa0000-0000-4000-8000-000000000000', name: 'Rent' },
    ...{ seats: 20, seatsPerRow: 10 },
  })
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), 'Show ' || n, timestamptz '2031-06-01' + n * interval '1 day', 'UTC', 8,
       '\\x00' from generate_series(1, 60) n`,
  )
  const said = await transcript([
    ['book', 'Rent', '--file', at('rows.csv'), '--dry-run'],
    ['book', 'Rent', '--file', at('rows.csv'), '--atomic'],
    ['book', 'Rent', '--file', at('rows.csv')],
    ['book', 'Rent', '--file', at('holds.csv')],
    ['book', 'Rent', '--file', at('holds.csv')],
    ['book', 'Rent', '--file', at('holds.csv'), '--dry-run'],
    ['book', 'Rent', '--file', at('none.csv')],
    ['book', 'Rent', '--file', directory],
    ['plan', 'check', at('wrong.plan')],
    ['plan', 'check', at('priced.csv')],
    [...plain.slice(0, 2), '--name', 'Planned', '--plan', at('wrong.plan'), '--start-time', 'x'],
    ['verify', '--against', at('answers.ndjson')],
    ['verify', '--dry-run'],
    ['show', 'list', '--limit', '1', '--upcoming', '--past'],
    ['show', 'report', 'Show 1'],
    ['booking', 'list', 'Show 1'],
    ['migrate', '--rollback'],
    ['migrate'],
    ['stress', 'Rent', '--in-process'],
    ['token', 'revoke', 'nothing'],
    ['token', 'list'],
  ])
  await db.sql(`
    alter table shows drop constraint shows_count_matches_bits,
      add constraint shows_count_matches_bits check (true)`)
  await db.sql('update shows set confirmed_seats_count = 9 where id = $1', [show])
  const [violation] = await transcript([['verify', 'Rent']])
  await rm(directory, { recursive: true })
  await expectWording('files', [...said, violation!])
})
