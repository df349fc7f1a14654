import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatReference, newReference } from '../../../../src/booking/references.js'
import { program, tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { holdLock, insertShow, isWaitingForLock } from '../../../support/shows.js'
import { openTerminal, type TestTerminal } from '../../../support/terminal.js'
import { until } from '../../../support/until.js'
import { questions, withFacts } from '../../../support/wording.js'

let db: TestDatabase
let show: string
let reference: string
let terminal: TestTerminal | undefined

beforeAll(async () => {
  db = await cloneDatabase()
  await db.sql(`
    alter table shows drop constraint shows_count_matches_bits,
      add constraint shows_count_matches_bits check (true)`)
})
afterAll(() => db.drop())

beforeEach(async () => {
  show = await insertShow(db)
  const stored = newReference()
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, pending_until)
     values (gen_random_uuid(), $1, $2, 'PENDING', '{1}', clock_timestamp() + '1 hour')`,
    [stored, show],
  )
  reference = formatReference(stored)
})
afterEach(async () => {
  await terminal?.close()
  await db.sql('truncate shows, bookings cascade')
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const verify = (...args: string[]) => run('verify', ...args)
const abandon = () => db.sql('update bookings set pending_until = clock_timestamp()')
const statuses = async () => (await db.sql<{ status: string }>('select status from bookings'))[0]!

function verifyOnTerminal(...args: string[]): TestTerminal {
  terminal = openTerminal(process.execPath, [program, 'verify', ...args], {
    cols: 100,
    env: { DATABASE_URL: db.url },
  })
  return terminal
}

describe('verify', () => {
  test('exits with 0 for a house without damage', async () => {
    const ran = await verify()
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toEqual(withFacts('✓', '1 show', '1 booking'))
    expect((await verify(show.slice(0, 8), '--json')).json()).toEqual({
      ok: true,
      shows: 1,
      bookings: 1,
      violations: [],
    })
  })

  test('verifies a hundred thousand bookings in a heap that could not hold them', async () => {
    await db.sql(`
      begin;
      -- Without the triggers: as if the rows were older than the history, which the test does not need.
      set local session_replication_role = replica;
      with house as (
        insert into shows (id, name, start_time, time_zone, total_seats, booked_seats, confirmed_seats_count, created_at)
        select gen_random_uuid(), 'House ' || n, now(), 'UTC', 10000, decode(repeat('ff', 1250), 'hex'), 10000, '2020-01-01'
        from generate_series(1, 10) n
        returning id, substr(name, 7)::int * 10000 as before
      )
      insert into bookings (id, reference, show_id, status, seats, created_at)
      select gen_random_uuid(), translate(lpad(before + seat || '', 8, '0'), '01', 'AB'), id, 'CONFIRMED', array[seat], '2020-01-01'
      from house, generate_series(1, 10000) seat;
      commit`)
    const env = { NODE_OPTIONS: '--max-old-space-size=20' }
    const ran = await tickets(['verify'], { db: db.url, env })
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toEqual(withFacts('✓', '11 shows', '100,001 bookings'))
  })

  test('exits with 7 for a violation, and the document is the report, not an error', async () => {
    await db.sql('update shows set confirmed_seats_count = 3')
    await abandon()
    const ran = await verify('--json')
    expect(ran).toMatchObject({ exitCode: 7, stderr: '' })
    const message = expect.stringContaining('"Cats"')
    expect(ran.json()).toEqual({
      ok: false,
      shows: 1,
      bookings: 1,
      violations: [
        { code: 'COUNT_MISMATCH', show_id: show, message },
        { code: 'STALE_PENDING', show_id: show, message, bookings: [reference] },
      ],
    })
  })

  test('prints for people one line for each violation, and the result last', async () => {
    await db.sql(`update shows set confirmed_seats_count = 3, name = E'Cats\\x1b[2J'`)
    const ran = await verify()
    expect(ran.exitCode).toBe(7)
    expect(ran.stdout.trimEnd().split('\n')).toEqual([
      withFacts('COUNT_MISMATCH', '"Cats\\u{1b}[2J"', show.slice(0, 8), '3', '0'),
      withFacts('✗', '1 violation', '1 show', '1 booking'),
    ])
  })

  test('exits with 3 for a missing show', async () => {
    expect((await verify('No such show')).exitCode).toBe(3)
  })

  test('on a terminal shows a progress bar while it works, and removes it at the end', async () => {
    const lock = await holdLock(db, 'lock table bookings in access exclusive mode')
    const screen = verifyOnTerminal()
    await screen.waitFor(/Verifying ░+ 0%/)
    await lock.release()
    expect(await screen.exit).toEqual({ code: 0, signal: null })
    expect(screen.screen()).toMatch(/^✓ .* 1 show, 1 booking\.$/)
  })

  test('on a terminal with --quiet shows no bar', async () => {
    const lock = await holdLock(db, 'lock table bookings in access exclusive mode')
    const screen = verifyOnTerminal('--quiet')
    await until(() => isWaitingForLock(db))
    expect(screen.history()).toBe('')
    await lock.release()
    expect((await screen.exit).code).toBe(0)
  })
})

describe('verify --repair', () => {
  beforeEach(abandon)

  test('without a terminal and --yes prints what it would do, and does nothing: exit code 2', async () => {
    const ran = await verify('--repair', '--json')
    expect(ran.exitCode).toBe(2)
    expect(ran.json().error).toMatchObject({ code: 'INPUT_REQUIRED' })
    expect(ran.json().error.message).toMatch(new RegExp(`${reference}.*--yes`))
    expect(await statuses()).toEqual({ status: 'PENDING' })
  })

  test('with --dry-run prints what it would do, and does nothing: exit code 7', async () => {
    const ran = await verify('--repair', '--dry-run', '--json')
    expect(ran.exitCode).toBe(7)
    expect(ran.json()).toMatchObject({ ok: false, would_repair: [reference] })
    expect(await statuses()).toEqual({ status: 'PENDING' })
  })

  test('with --yes repairs, and reports the state after it', async () => {
    const ran = await verify('--repair', '--yes', '--json')
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.stderr).toContain(reference)
    expect(ran.json()).toMatchObject({ ok: true, violations: [], repaired: [reference] })
    expect(await statuses()).toEqual({ status: 'FAILED' })
  })

  test('leaves what is not safe to repair, and exits with 7', async () => {
    await db.sql('update shows set confirmed_seats_count = 3')
    const ran = await verify('--repair', '--yes')
    expect(ran.exitCode).toBe(7)
    expect(ran.stdout).toMatch(new RegExp(`^repaired ${reference}\nCOUNT_MISMATCH`))
    expect(await db.sql('select confirmed_seats_count as count from shows')).toEqual([{ count: 3 }])
  })

  test('does not ask if there is nothing to repair', async () => {
    await db.sql('delete from bookings')
    expect((await verify('--repair', '--json')).json()).toMatchObject({ ok: true, repaired: [] })
  })

  test.each(['--yes', '--dry-run'])('%s alone is refused: exit code 2', async (flag) => {
    expect((await verify(flag)).exitCode).toBe(2)
  })

  test('on a terminal shows what it would do and asks, and changes nothing if the answer is no', async () => {
    const screen = verifyOnTerminal('--repair')
    await screen.waitFor(questions.repair)
    expect(screen.screen()).toContain(reference)
    screen.press('enter')
    expect(await screen.exit).toEqual({ code: 130, signal: null })
    expect(await statuses()).toEqual({ status: 'PENDING' })
  })

  test('on a terminal repairs after a yes', async () => {
    const screen = verifyOnTerminal('--repair')
    await screen.waitFor(questions.repair)
    screen.type('y')
    screen.press('enter')
    expect(await screen.exit).toEqual({ code: 0, signal: null })
    expect(screen.screen()).toContain(`repaired ${reference}`)
    expect(await statuses()).toEqual({ status: 'FAILED' })
  })
})

describe('verify --repair of a sequence that is behind, as after logical replication', () => {
  beforeEach(async () => {
    await db.sql(`select setval('history_id_seq', 1, false), setval('knex_migrations_id_seq', 1)`)
  })
  afterEach(() => verify('--repair', '--yes'))
  const last = () =>
    db.sql(`select last_value >= (select max(id) from history) as "isRight" from history_id_seq`)

  test('corrects it; before, a booking fails and names this repair, and after it the booking is made', async () => {
    const book = (...args: string[]) => run('book', show, '--json', ...args)
    const refused = await book('--seats', '1')
    expect([refused.exitCode, refused.json().error]).toMatchObject([
      6,
      { code: 'DB_MISSING', message: expect.stringContaining('`tickets verify --repair`') },
    ])
    expect((await verify('--json')).json()).toMatchObject({
      ok: false,
      violations: [
        { code: 'SEQUENCE_BEHIND', show_id: null },
        { code: 'SEQUENCE_BEHIND', show_id: null },
      ],
    })
    const ran = await verify('--repair', '--yes')
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.stderr).toEqual(withFacts('history', 'knex_migrations'))
    expect(ran.stdout).toMatch(/^repaired .*history\nrepaired .*knex_migrations\n/)
    expect((await book('--seats', '1')).json()).toMatchObject({ status: 'CONFIRMED', seats: [1] })
    expect((await verify('--repair', '--json')).json()).toMatchObject({
      ok: true,
      repaired: [],
      repaired_sequences: [],
    })
  })

  test('without --yes, or with --dry-run, only reports it', async () => {
    expect((await verify('--repair')).exitCode).toBe(2)
    const dry = await verify('--repair', '--dry-run', '--json')
    expect(dry.exitCode).toBe(7)
    expect(dry.json().would_repair_sequences).toEqual(['history', 'knex_migrations'])
    expect(await last()).toEqual([{ isRight: false }])
  })
})
