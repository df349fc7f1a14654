import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const anId = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const create = ['show', 'create', '--start-time', '2030-06-01T19:00Z', '--total-seats', '10']
const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

describe('a show, from its creation to the list', () => {
  it("has the original's fields and values, in the list and with its seats", async () => {
    const created = await tickets(
      `show create --start-time 2025-12-25T19:00:00Z --total-seats 100 --json --name`
        .split(' ')
        .concat('The Lion King'),
      { db: db.url, env: { TZ: 'Europe/London' } },
    )
    expect(created.exitCode).toBe(0)
    const { warnings, ...show } = created.json()
    expect(show).toEqual({
      id: anId,
      name: 'The Lion King',
      start_time: '2025-12-25T19:00:00.000Z',
      time_zone: 'Europe/London',
      total_seats: 100,
      seats_per_row: null,
      createdAt: aTime,
      updatedAt: aTime,
      cancelled_at: null,
      confirmed_seats_count: 0,
      held_seats_count: 0,
      available_seats: 100,
    })
    // In the past: a warning, not a refusal.
    expect(created.stderr).toEqual(withFacts('"The Lion King"', '2025-12-25'))
    expect(warnings).toMatchObject([{ code: 'SHOW_STARTED' }])

    const [list, view] = await Promise.all([
      run('show', 'list', '--json'),
      run('--json', 'show', 'view', show.id),
    ])
    expect(list).toMatchObject({ exitCode: 0, stderr: '' })
    expect(list.json()).toEqual([show])
    expect(view.json()).toEqual({ ...show, booked_seats: [], held_seats: [] })
    const old = ['--name', 'Old', '--start-time', '2001-01-01T00:00Z', '--total-seats', '1']
    expect(await run('-q', 'show', 'create', ...old)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('counts sold and held seats separately, in every command', async () => {
    const id = await insertShow(db, { name: 'Counted', seats: 12, seatsPerRow: 4 })
    await run('book', id, '--seats', 'A1,B4')
    await run('book', id, '--seats', '3', '--hold', 'forever')
    const counts = { confirmed_seats_count: 2, held_seats_count: 1, available_seats: 9 }
    const [view, drawn, tabs, csv, ndjson] = await Promise.all([
      run('show', 'view', id, '--json'),
      run('show', 'view', id),
      run('show', 'list', '--search', 'counted'),
      run('show', 'list', '--search', 'count', '-o', 'csv'),
      run('show', 'list', '--search', 'COUNTED', '-o', 'ndjson'),
    ])
    expect(view.json()).toMatchObject({ ...counts, booked_seats: [1, 8], held_seats: [3] })
    expect(drawn).toMatchObject({ exitCode: 0, stderr: '' })
    expect(drawn.stdout).toMatch(/A.*\n.*B.*\n.*C/)
    expect(tabs.stdout).toBe(`${id}\tCounted\t2030-01-01T19:00:00.000Z\t12\t2\t1\t9\t\n`)
    expect(csv.stdout.split('\n')[1]).toBe(`${id},Counted,2030-01-01T19:00:00.000Z,12,2,1,9,`)
    expect(ndjson.json()).toMatchObject({ id, ...counts })
  })
})

describe('the name of a show on the command line', () => {
  const twin = 'aaaa1111-0000-4000-8000-000000000000'
  const other = 'aaaa2222-0000-4000-8000-000000000000'

  it('is an id, a prefix of one of at least 4 characters, or a name that only one show has', async () => {
    await insertShow(db, { id: twin, name: 'Twin' })
    await insertShow(db, { id: other, name: 'Twin' })
    await insertShow(db, { id: 'bbbb0000-0000-4000-8000-000000000000', name: twin })
    const found = async (name: string) => {
      const { exitCode, json } = await run('show', 'view', name, '--json')
      return [exitCode, json().id ?? json().error.code]
    }
    const names = [twin, 'aaaa1', 'AAAA2222', 'aaaa', 'Twin', 'bbb', 'no such show', '']
    expect(await Promise.all(names.map(found))).toEqual([
      [0, twin], // A whole id has priority over a name that looks like one.
      [0, twin],
      [0, other],
      [2, 'AMBIGUOUS_ID'],
      [2, 'AMBIGUOUS_ID'],
      [3, 'SHOW_NOT_FOUND'],
      [3, 'SHOW_NOT_FOUND'],
      [3, 'SHOW_NOT_FOUND'],
    ])
  })

  describe('that another id begins with', () => {
    const abba = { id: 'cccc0000-0000-4000-8000-000000000000', name: 'ABBA' }
    const begun = { id: 'abba1234-0000-4000-8000-000000000000', name: 'Mamma Mia' }
    beforeAll(async () => {
      for (const show of [abba, begun]) await insertShow(db, { ...show, seats: 99 })
    })

    const file = 'show,count\nABBA,1\n'
    it.each([
      [['show', 'view', 'ABBA']],
      [['show', 'view', 'abba']],
      [['book', 'Abba', '--count', '1']],
      [['book', 'ABBA', '--count', '1', '--dry-run']],
      [['verify', 'ABBA']],
      [['show', 'edit', 'ABBA', '--name', 'Other']],
      [['show', 'cancel', 'ABBA', '-y', '--expect-bookings', '0']],
      [['booking', 'list', 'ABBA']],
      [['history', '--show', 'ABBA']],
    ])('is refused, and the error names both shows: tickets %j', async (command) => {
      const { exitCode, json } = await run(...command, '--json')
      expect([exitCode, json().error.code]).toEqual([2, 'AMBIGUOUS_ID'])
      for (const { id, name } of [abba, begun]) {
        expect(json().error.message).toContain(`${id} ("${name}", `)
      }
    })

    it('is refused in the rows of a file, at check-in, and as the target of a move', async () => {
      const { reference } = (await run('book', abba.id, '--count', '1', '--json')).json()
      const rows = await runInProcess(
        ['book', '--file', '-', '--json'],
        { DATABASE_URL: db.url },
        { input: file },
      )
      expect(rows.json().error.code).toBe('AMBIGUOUS_ID')
      for (const command of [
        ['check-in', reference, '--show', 'ABBA'],
        ['move', reference, '--to-show', 'ABBA', '--to', '9'],
      ]) {
        const { json } = await run('booking', ...command, '--json')
        expect(json().error.code).toBe('AMBIGUOUS_ID')
      }
    })

    it('means the one on the --date, or the one whose longer id is given', async () => {
      await db.sql(`update shows set start_time = '2030-05-05T19:00Z' where id = $1`, [abba.id])
      const found = async (...args: string[]) =>
        (await run('show', 'view', ...args, '--json')).json().id
      expect(await found('ABBA', '--date', '2030-05-05')).toBe(abba.id)
      expect(await found('ABBA', '--date', '2030-01-01')).toBe(begun.id)
      expect(await found('abba1')).toBe(begun.id)
      expect(await found('cccc')).toBe(abba.id)
    })

    it('means one show if its own id begins so, or a name in the same case is of another', async () => {
      const own = await insertShow(db, { id: 'face0000-0000-4000-8000-000000000000', name: 'Face' })
      expect((await run('show', 'view', 'face', '--json')).json().id).toBe(own)
      // An exact name still has priority over one in another case, but not over an id.
      await insertShow(db, { name: 'FACE' })
      expect((await run('show', 'view', 'Face', '--json')).json().id).toBe(own)
      const { error } = (await run('show', 'view', 'FACE', '--json')).json()
      expect(error.code).toBe('AMBIGUOUS_ID')
    })
  })

  it('that no show has suggests those whose words begin so', async () => {
    await insertShow(db, { name: 'The Merry Widow' })
    const { exitCode, stderr } = await run('show', 'view', 'merry wid')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: withFacts('"merry wid"', '"The Merry Widow"'),
    })
  })

  it('that two shows have books in neither, and the message has their ids and times', async () => {
    const ran = await run('book', 'aaaa', '--seats', '1')
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    const words = ran.stderr.replace(/\s+/g, ' ')
    for (const id of [twin, other]) expect(words).toContain(`${id} ("Twin", 2030-01-01 19:00 UTC)`)
    expect(await db.sql('select 1 from bookings where show_id = any($1)', [[twin, other]])).toEqual(
      [],
    )
  })
})

describe('a hostile name', () => {
  // A terminal title, colours, a cleared screen, newlines, tabs, quotes, a joined emoji, both text
  // directions.
  const hostile =
    '\u001b]0;owned\u0007\u001b[31mred\u001b[2J\n\r\t"\'\\ \u009b1m 👨‍👩‍👧 שלום \u202egnp.exe\u2066 $(id)'

  it('is stored unchanged, and its control characters never reach the screen', async () => {
    const created = await run(...create, '--name', hostile, '--json')
    const { id, name } = created.json()
    expect(name).toBe(hostile)
    expect(await db.sql('select name from shows where id = $1', [id])).toEqual([{ name: hostile }])

    const customer = `Eve ${hostile}`
    const shown = await Promise.all([
      run(...create, '--name', hostile),
      run('show', 'list'),
      run('show', 'view', id),
      run('show', 'view', id, '--json'),
      run('book', id, '--count', '1', '--customer', customer),
      run('book', id, '--count', '1', '--customer', customer, '--json'),
      run('show', 'view', `${hostile}?`),
    ])
    expect(shown.map((ran) => ran.exitCode)).toEqual([0, 0, 0, 0, 0, 0, 3])
    for (const { stdout, stderr } of shown) {
      // Tabs and newlines belong to the list itself.
      expect(stdout + stderr).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
    }
    expect(shown[2]!.stdout).toContain('👨‍👩‍👧 שלום')
    expect(shown[3]!.json().name).toBe(hostile)
    expect(shown[5]!.json().customer).toBe(customer)
    expect(await db.sql('select customer from bookings where show_id = $1', [id])).toEqual([
      { customer },
      { customer },
    ])
  })

  it('that is empty, blank or 10,000 characters long is refused with one message', async () => {
    const before = await db.sql('select count(*) from shows')
    const refused = await Promise.all(
      ['', ' \t\n', 'x'.repeat(10_000), '🎭'.repeat(201)].map((name) =>
        run(...create, '--name', name, '--json'),
      ),
    )
    for (const ran of refused) {
      expect(ran.exitCode).toBe(2)
      expect(ran.json().error.code).toBe('INVALID_INPUT')
      expect(ran.json().error.message.length).toBeLessThan(200)
    }
    expect(await db.sql('select count(*) from shows')).toEqual(before)
  })

  it('that a spreadsheet would read as a formula is disarmed in CSV, and only there', async () => {
    const formula = '=HYPERLINK("http://evil");=1+1'
    await run(...create, '--name', formula)
    const [csv, json] = await Promise.all([
      run('show', 'list', '--search', 'hyperlink', '-o', 'csv'),
      run('show', 'list', '--search', 'hyperlink', '--json'),
    ])
    expect(csv.stdout).toContain(`,"'=HYPERLINK(""http://evil"");'=1+1",`)
    // With a full-width equals sign, which spreadsheets read as an equals sign.
    await run(...create, '--name', '＝SUM() wide')
    expect((await run('show', 'list', '--search', 'wide', '-o', 'csv')).stdout).toContain(
      `,'＝SUM() wide`,
    )
    expect(json.json()).toMatchObject([{ name: formula }])
  })
})

it('invalid arguments are refused, naming them: seats, rows, times, zones', async () => {
  const refusals = await Promise.all(
    [
      ['--total-seats', '0'],
      ['--total-seats', '100001'],
      ['--total-seats', '1e3'],
      ['--total-seats', '-5'],
      ['--total-seats', '10', '--seats-per-row', '11'],
      ['--total-seats', '10', '--start-time', '2030-02-30T19:00Z'],
      ['--total-seats', '10', '--start-time', 'tomorrow'],
      // The night when the clocks go back: 01:30 occurs twice.
      ['--total-seats', '10', '--start-time', '2026-10-25 01:30', '--time-zone', 'Europe/London'],
      ['--total-seats', '10', '--time-zone', 'Mars/Olympus'],
    ].map((args) =>
      run(
        ...['show', 'create', '--name', 'Nothing', '--json', ...args],
        ...(args.includes('--start-time') ? [] : ['--start-time', '2030-01-01T19:00Z']),
      ),
    ),
  )
  expect(refusals.map((ran) => [ran.exitCode, ran.json().error.code])).toEqual(
    refusals.map(() => [2, 'INVALID_INPUT']),
  )
  expect(refusals[7]!.json().error.message).toMatch(/\+01:00.*(\+00:00|Z)/)
  expect(await db.sql(`select 1 from shows where name = 'Nothing'`)).toEqual([])
})

it('a show without --time-zone is in the zone of TZ, with its IANA name', async () => {
  for (const [TZ, zone] of [
    [':Europe/London', 'Europe/London'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['EST5EDT', 'EST5EDT'],
  ]) {
    const made = await tickets([...create, '--name', 'Zoned', '--json'], {
      db: db.url,
      env: { TZ },
    })
    expect(made.json()).toMatchObject({ time_zone: zone })
  }
})
