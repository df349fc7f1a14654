import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { program } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { openTerminal } from '../support/terminal.js'
import { questions, withFacts } from '../support/wording.js'

let db: TestDatabase
let names: Names
/** What each test gets a copy of. */
let original: TestDatabase
beforeAll(async () => {
  db = original = await cloneDatabase()
  const show = await insertShow(db, { name: 'Cats', seats: 60, seatsPerRow: 12 })
  const sold = await book(show, '--seats', 'A1-A3', '--customer', 'Ada')
  const held = await book(show, '--seats', 'B1', '--hold', '1h')
  const abandoned = await book(show, '--seats', 'C1')
  await db.sql(
    `update bookings set status = 'PENDING', pending_until = clock_timestamp() where reference = $1`,
    [abandoned.replace('-', '')],
  )
  await db.sql(
    `update shows set booked_seats = set_bit(booked_seats, 24, 0), confirmed_seats_count = 3`,
  )
  names = { show, sold, held }
})
afterAll(() => original.drop())
beforeEach(async () => {
  db = await cloneDatabase({ of: original })
})
afterEach(() => db.drop())

interface Names {
  show: string
  /** A1-A3, sold to Ada. */
  sold: string
  /** B1, held. */
  held: string
}

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const book = async (show: string, ...args: string[]) =>
  (await run('book', show, ...args, '--json')).json().reference as string

async function everything() {
  const [{ there }] = (await db.sql(`select to_regclass('bookings') is not null as there`)) as [
    { there: boolean },
  ]
  if (!there) return 'dropped'
  const tables = ['shows', 'bookings', 'admissions', 'history', 'api_tokens']
  return Promise.all(tables.map((table) => db.sql(`select * from ${table} order by 1`)))
}

interface Step {
  argv(names: Names): string[]
  /** The flags that confirm the step. */
  sure: string[]
  asked: string | RegExp
  /** What is typed to say no, and the exit code after it. */
  no: [typed: string, exit: number]
}

const load = ['--in-process', '--bookings', '4', '--seats-per-booking', '1']
const steps: Record<string, Step> = {
  'booking cancel': {
    argv: ({ sold }) => ['booking', 'cancel', sold],
    sure: ['-y'],
    asked: /\? .*3 .*A1-A3.*Ada.*Cats/,
    no: ['\r', 0],
  },
  'booking cancel of some seats': {
    argv: ({ sold }) => ['booking', 'cancel', sold, '--seats', 'A1,A2', '--reason', 'ill'],
    sure: ['--yes'],
    asked: /\? .*2 .*3 .*A1-A2.*Ada.*Cats/,
    no: ['n\r', 0],
  },
  'booking cancel of a hold': {
    argv: ({ held }) => ['booking', 'cancel', held],
    sure: ['-y'],
    asked: /\? .*1 .*B1.*Cats/,
    no: ['\r', 0],
  },
  'show cancel': {
    argv: ({ show }) => ['show', 'cancel', show],
    sure: ['-y', '--expect-bookings', '2'],
    asked: questions.typeName,
    no: ['\u0003', 130],
  },
  'migrate --rollback': {
    argv: () => ['migrate', '--rollback'],
    sure: ['-y'],
    asked: /\? .*\(y\/N\)/,
    no: ['\r', 0],
  },
  'verify --repair': {
    argv: () => ['verify', '--repair'],
    sure: ['-y'],
    asked: questions.repair,
    no: ['\r', 130],
  },
  'stress of a named show': {
    argv: ({ show }) => ['stress', show, ...load],
    sure: ['-y'],
    asked: /\? .*Cats.*\(y\/N\)/,
    no: ['\r', 130],
  },
}

describe.each(Object.entries(steps))('%s is irrevocable', (_, { argv, sure, asked, no }) => {
  it.each([[[]], [['--json']], [['--no-input']]])(
    'without a terminal and -y it exits with 2, and nothing is changed: %j',
    async (flags) => {
      const before = await everything()
      const ran = await run(...argv(names), ...flags)
      expect(ran.exitCode).toBe(2)
      const said = flags.includes('--json') ? ran.json().error.message : ran.stderr
      expect(said).toEqual(withFacts('-y'))
      if (flags.includes('--json')) expect(ran.json().error.code).toBe('INPUT_REQUIRED')
      expect(await everything()).toEqual(before)
    },
  )

  it('on a terminal it asks, and changes nothing if the answer is no', async () => {
    const before = await everything()
    const terminal = openTerminal(process.execPath, [program, ...argv(names)], {
      env: { DATABASE_URL: db.url },
    })
    await terminal.waitFor(asked)
    terminal.type(no[0])
    expect((await terminal.exit).code).toBe(no[1])
    // One message says that nothing was done; no card says that something was.
    expect(terminal.screen().split('\n').at(-1)).toMatch(/^(✗ )?[^✓✗]+\.$/)
    await terminal.close()
    expect(await everything()).toEqual(before)
  })

  it('with -y it is done without a question', async () => {
    const before = await everything()
    expect((await run(...argv(names), ...sure)).exitCode).toBe(0)
    expect(await everything()).not.toEqual(before)
  })
})

describe('no question is asked for', () => {
  it.each<[string, (names: Names) => string[], number]>([
    ['a refusal', ({ sold }) => ['booking', 'cancel', sold, '--seats', 'D1'], 4],
    ['seats that do not exist', ({ sold }) => ['booking', 'cancel', sold, '--seats', 'Z1'], 3],
    ['a booking that does not exist', () => ['booking', 'cancel', 'K7Q2-9FMX'], 3],
    ['a dry run of a show', ({ show }) => ['show', 'cancel', show, '--dry-run'], 0],
    ['a dry run of a repair', () => ['verify', '--repair', '--dry-run'], 7],
  ])('%s', async (_, argv, exit) => {
    const before = await everything()
    expect((await run(...argv(names))).exitCode).toBe(exit)
    expect(await everything()).toEqual(before)
  })

  it('checked-in seats, which are refused', async () => {
    await run('booking', 'check-in', names.sold, '--seats', 'A1')
    const ran = await run('booking', 'cancel', names.sold, '--json')
    expect([ran.exitCode, ran.json().error.code]).toEqual([4, 'WRONG_STATE'])
  })

  it('what is already cancelled', async () => {
    await run('booking', 'cancel', names.sold, '-y')
    await run('show', 'cancel', names.show, '-y', '--expect-bookings', '1')
    expect((await run('booking', 'cancel', names.sold)).exitCode).toBe(0)
    expect((await run('show', 'cancel', names.show)).exitCode).toBe(0)
  })

  it('what can be undone: a sale of a hold, a move, a check-in and its undo, an edit', async () => {
    for (const argv of [
      ['booking', 'confirm', names.held],
      ['booking', 'move', names.sold, '--to', 'D1-D3'],
      ['booking', 'check-in', names.sold],
      ['booking', 'check-in', names.sold, '--undo'],
      ['show', 'edit', names.show, '--name', 'Dogs'],
    ]) {
      expect([argv, (await run(...argv)).exitCode]).toEqual([argv, 0])
    }
  })

  it('a rollback that drops no data', async () => {
    await db.sql('truncate shows, bookings cascade')
    expect(await run('migrate', '--rollback', '--json')).toMatchObject({ exitCode: 0 })
  })
})

it.each([
  ['a show without a booking', 'delete from bookings'],
  [
    'a token',
    `truncate shows, bookings cascade;
     insert into api_tokens (id, name, role, secret_hash) values ('abcdef012345', 'x', 'read', sha256('x'))`,
  ],
])('a rollback asks about %s, which it would drop as well', async (_, sql) => {
  await db.sql(sql)
  expect((await run('migrate', '--rollback')).exitCode).toBe(2)
})
