import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bareEnvironment, program, type Ran, tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { openProxy } from '../../../support/proxy.js'
import { insertShow, isWaitingForLock, lockShow } from '../../../support/shows.js'
import { openTerminal } from '../../../support/terminal.js'
import { until } from '../../../support/until.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
let directory: string
beforeAll(async () => {
  db = await cloneDatabase()
  directory = await mkdtemp(join(tmpdir(), 'tickets-book-file-'))
})
afterAll(async () => {
  await db.drop()
  await rm(directory, { recursive: true })
})

/** Runs `tickets book …` with the rows on stdin. */
const bookRows = (rows: string | readonly string[], ...args: string[]) =>
  tickets(['book', '--file', '-', ...args], {
    db: db.url,
    stdin: 'pipe',
    input: [rows].flat().join('\n'),
  })

/** The same inside this process. */
async function bookRowsHere(rows: string | readonly string[], ...args: string[]) {
  const ran = await runInProcess(
    ['book', '--file', '-', ...args],
    { DATABASE_URL: db.url },
    { input: [rows].flat().join('\n') },
  )
  const [stdout, stderr] = [ran.stdout, ran.stderr].map((text) => text.replace(/\n$/, ''))
  return { exitCode: ran.exitCode, stdout: stdout!, stderr: stderr! }
}

const documentsOf = ({ stdout }: Pick<Ran, 'stdout'>) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** [line, status or error] of each document. */
const resultsOf = (ran: Pick<Ran, 'stdout'>) =>
  documentsOf(ran).map(({ line, status, error }) => [line, status ?? error.code])

const bookingsOf = (show: string) =>
  db.sql<{ status: string; seats: number[]; key: string | null }>(
    'select status, seats, key from bookings where show_id = $1 order by id',
    [show],
  )

const soldIn = async (show: string) =>
  (await db.sql('select confirmed_seats_count from shows where id = $1', [show]))[0]!
    .confirmed_seats_count

describe('book --file --json', () => {
  it('answers every row in order with its line number; a wrong or refused row stops no other', async () => {
    const show = await insertShow(db, { name: 'Mixed', seats: 20, seatsPerRow: 10 })
    const file = join(directory, 'mixed.csv')
    const rows = [
      'show,seats,count,customer,key,hold',
      'Mixed,"A1,A2",,Ada,mixed-1,',
      `${show},,3,Bob,,15m`,
      'Nowhere,1,,,,',
      'Mixed,A2,,Cy,mixed-2,',
      'Mixed,1,2,,,',
      'Mixed,A"3,,,,',
      'Mixed,C1,,,,',
      'Mixed,,2,,mixed-1,',
      `${show.slice(0, 8)},B1-B3,,Di,,forever`,
      'Mixed,,99,,,',
    ]
    await writeFile(file, rows.join('\r\n'))
    const ran = await runInProcess(['book', '--file', file, '--json'], { DATABASE_URL: db.url })
    expect(ran).toMatchObject({ exitCode: 4, stderr: '' })
    expect(resultsOf(ran)).toEqual([
      [2, 'CONFIRMED'],
      [3, 'HELD'],
      [4, 'SHOW_NOT_FOUND'],
      [5, 'SEATS_TAKEN'],
      [6, 'INVALID_INPUT'],
      [7, 'INVALID_INPUT'],
      [8, 'NO_SUCH_SEAT'],
      [9, 'KEY_REUSED'],
      [10, 'HELD'],
      [11, 'NOT_ENOUGH_SEATS'],
    ])
    expect(documentsOf(ran)[0]).toMatchObject({ show_id: show, seats: [1, 2], customer: 'Ada' })
    expect(documentsOf(ran)[3]).toMatchObject({
      error: { seats: [2] },
      booking: { status: 'FAILED', customer: 'Cy' },
    })
    expect((await bookingsOf(show)).map(({ status }) => status)).toEqual([
      'CONFIRMED',
      'HELD',
      'FAILED',
      'HELD',
      'FAILED',
    ])
    expect(await soldIn(show)).toBe(2)
  })

  it('books thousands of rows of several shows from a pipe, each one once and in order', async () => {
    const shows = await Promise.all([1, 2, 3].map(() => insertShow(db, { seats: 2000 })))
    const rows = Array.from({ length: 6000 }, (_, i) =>
      JSON.stringify({ show: shows[i % 3], seats: [1 + Math.floor(i / 3)] }),
    )
    const ran = await bookRows(rows, '--json')
    expect(ran.exitCode).toBe(0)
    expect(documentsOf(ran).map(({ line, show_id, seats }) => [line, show_id, seats[0]])).toEqual(
      rows.map((_, i) => [i + 1, shows[i % 3], 1 + Math.floor(i / 3)]),
    )
    for (const show of shows) expect(await soldIn(show)).toBe(2000)
  })

  it('run again, replays the bookings by their keys and books nothing more', async () => {
    const show = await insertShow(db, { seats: 5 })
    const rows = ['a', 'b', 'b', 'c'].map((key) => `{"count":2,"key":"again-${key}"}`)
    const [first, second] = [
      await bookRowsHere(rows, show, '--json'),
      await bookRowsHere(rows, show, '--json'),
    ]
    expect(resultsOf(first)).toEqual([
      [1, 'CONFIRMED'],
      [2, 'CONFIRMED'],
      [3, 'CONFIRMED'],
      [4, 'NOT_ENOUGH_SEATS'],
    ])
    expect(documentsOf(first).map(({ replayed }) => replayed)).toEqual([
      false,
      false,
      true,
      undefined,
    ])
    expect(resultsOf(second)).toEqual(resultsOf(first))
    expect(documentsOf(second).map(({ id, booking }) => id ?? booking.id)).toEqual(
      documentsOf(first).map(({ id, booking }) => id ?? booking.id),
    )
    expect([first.exitCode, second.exitCode]).toEqual([4, 4])
    expect(await bookingsOf(show)).toHaveLength(3)
  })
})

describe('without --json', () => {
  const aReference = '[2-9A-Z]{4}-[2-9A-Z]{4}'

  it('in a pipe, each booking is a tab-separated line, and everything else is on stderr', async () => {
    const show = await insertShow(db, { seats: 24, seatsPerRow: 12 })
    const rows = [
      'seats,customer,hold,key',
      '"A1,A2",Ada,,file-1',
      'A2,\u001b[31mBob,,',
      '"2,2",Cy,,',
      '12-14,"Di\tvan\nD",15m,',
      'B12,,,',
      '"A1,A2",Ada,,file-1',
    ]
    const ran = await bookRows(rows, show)
    expect(ran.exitCode).toBe(4)
    expect(ran.stderr.split('\n')).toEqual([
      withFacts('Line 3', 'A2'),
      withFacts('Line 4', 'A2'),
      withFacts('✗', '4', '6', '1 refused', '1 wrong'),
    ])
    const lines = ran.stdout.split('\n').map((line) => line.split('\t'))
    const reference = expect.stringMatching(new RegExp(`^${aReference}$`))
    expect(lines).toEqual([
      [reference, 'A1, A2', 'Ada', 'CONFIRMED', '2', 'false', '', ''],
      [reference, 'A12, B1, B2', 'Di\\tvan\\nD', 'HELD', '5', 'false', '', ''],
      [reference, 'B12', '', 'CONFIRMED', '7', 'false', '', ''],
      [lines[0]![0], 'A1, A2', 'Ada', 'CONFIRMED', '8', 'true', '', ''],
    ])
    const listed = (
      await runInProcess(['booking', 'list', show, '--json'], { DATABASE_URL: db.url })
    ).json()
    for (const [reference, seats] of lines) {
      const { seat_labels } = listed.find(
        (row: { reference: string }) => row.reference === reference,
      )
      expect(seat_labels.join(', ')).toBe(seats)
    }
    const done = await bookRows('{"count":1}', show, '--quiet')
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    expect(done.stdout).toMatch(new RegExp(`^${aReference}\tA6\t\tCONFIRMED\t1\tfalse\t\t$`))
  })

  it('on a terminal, each line of the file is a sentence, in order, and the total comes last', async () => {
    const show = await insertShow(db, { seats: 40, seatsPerRow: 10 })
    const file = join(directory, 'people.csv')
    const many = Array.from({ length: 10 }, (_, i) => `${2 * i + 21}`).join(',')
    const rows = [
      'seats,customer,hold',
      'A1-A3,Ada,',
      'A3,\u001b[31mBob,',
      'B1,,15m',
      `"${many}",Eve,`,
    ]
    await writeFile(file, rows.join('\n'))
    const runFile = async (...flags: string[]) => {
      const terminal = openTerminal(
        process.execPath,
        [program, 'book', show, '--file', file, ...flags],
        { cols: 100, env: { DATABASE_URL: db.url } },
      )
      expect((await terminal.exit).code).toBe(4)
      const lines = terminal.screen().split('\n')
      await terminal.close()
      return lines
    }
    expect(await runFile('--dry-run')).toEqual([
      withFacts('Line 2', '3', 'A1-A3', 'Ada'),
      withFacts('Line 3', 'A3'),
      withFacts('Line 4', '1', 'B1'),
      withFacts('Line 5', '10', 'Eve'),
      withFacts('✗', '3', '4', '1 refused'),
    ])
    const lines = await runFile()
    expect(lines).toEqual([
      withFacts('Line 2', '3', 'A1-A3', 'Ada'),
      withFacts('Line 3', 'A3'),
      withFacts('Line 4', '1', 'B1'),
      withFacts('Line 5', '10', 'Eve'),
      withFacts('✗', '3', '4', '1 refused'),
    ])
    for (const line of [0, 2, 3]) expect(lines[line]).toMatch(new RegExp(`\\b${aReference}\\.$`))
  })

  it.each(['count\n2\n60000000', 'seats\n"1,2"\n1-60000000'])(
    '--atomic names the row that asks for more seats than any house has: %j',
    async (rows) => {
      const show = await insertShow(db)
      const ran = await bookRowsHere(rows, show, '--atomic')
      expect([ran.exitCode, ran.stderr]).toEqual([4, withFacts('Line 3', '1 wrong')])
    },
  )

  it('--atomic and --dry-run have a line for each booking as well', async () => {
    const show = await insertShow(db, { seats: 9 })
    const rows = '{"count":2,"customer":"Ada"}\n{"seats":"9"}'
    const dry = await bookRowsHere(rows, show, '--dry-run')
    expect(dry.stdout).toBe('\t1, 2\tAda\t\t1\tfalse\t\t\n\t9\t\t\t2\tfalse\t\t')
    expect(dry.stderr).toEqual(withFacts('✓', '2'))
    const atomic = await bookRowsHere(rows, show, '--atomic')
    expect(atomic.stdout).toMatch(
      new RegExp(
        `^${aReference}\t1, 2\tAda\tCONFIRMED\t1\tfalse\t\t\n${aReference}\t9\t\tCONFIRMED\t2\tfalse\t\t$`,
      ),
    )
    expect(atomic.stderr).toBe('✓ 2 lines booked.')
  })

  it('thousands of rows are printed in order, each with its own booking', async () => {
    const show = await insertShow(db, { seats: 6000 })
    const rows = Array.from({ length: 6000 }, (_, i) => `{"seats":[${i + 1}],"customer":"C${i}"}`)
    const ran = await bookRows(rows, show)
    expect(ran.exitCode).toBe(0)
    const lines = ran.stdout.split('\n').map((line) => line.split('\t'))
    expect(lines.map(([, seats, customer, , line]) => [seats, customer, line])).toEqual(
      rows.map((_, i) => [`${i + 1}`, `C${i}`, `${i + 1}`]),
    )
    expect(new Set(lines.map(([reference]) => reference)).size).toBe(6000)
  })
})

it('books the file that a spreadsheet saved, and names the encoding that it cannot read', async () => {
  const show = await insertShow(db, { name: 'Spreadsheet', seats: 9, seatsPerRow: 3 })
  const rows = ['show;seats;customer;;', 'Spreadsheet;A1,A3;Zoë;;', ';;;;', 'Spreadsheet;B1;Cy;;']
  const file = join(directory, 'spreadsheet.csv')
  await writeFile(file, `\ufeffsep=;\r\n${rows.join('\r\n')}\r\n`)
  const ran = await runInProcess(['book', '--file', file, '--json'], { DATABASE_URL: db.url })
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
  expect(documentsOf(ran).map(({ line, seats, customer }) => [line, seats, customer])).toEqual([
    [3, [1, 3], 'Zoë'],
    [5, [4], 'Cy'],
  ])
  await writeFile(file, Buffer.from(`\ufeff${rows.join('\r\n')}`, 'utf16le'))
  const refused = await runInProcess(['book', '--file', file], { DATABASE_URL: db.url })
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
  expect(refused.stderr).toEqual(withFacts('UTF-16', 'UTF-8'))
  expect(await soldIn(show)).toBe(3)
})

describe('the exit code', () => {
  it('is 2, with one message, if the whole file is wrong', async () => {
    const show = await insertShow(db)
    const file = join(directory, 'good.csv')
    await writeFile(file, 'seats\n1')
    const ran = await Promise.all([
      runInProcess(['book', '--file', directory], { DATABASE_URL: db.url }),
      runInProcess(['book', '--file', join(directory, 'missing.csv')], { DATABASE_URL: db.url }),
      runInProcess(['book', show, '--file', file, '--count', '1'], { DATABASE_URL: db.url }),
      runInProcess(['book', show, '--atomic', '--count', '1'], { DATABASE_URL: db.url }),
      bookRowsHere('show,place\nx,1'),
      bookRowsHere(''),
    ])
    for (const { exitCode, stdout, stderr } of ran) {
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(stderr).not.toBe('')
    }
    expect(ran[4]!.stderr).toMatch(/"place"/)
    const lost = await runInProcess(['book', 'Nowhere', '--file', file, '--json'], {
      DATABASE_URL: db.url,
    })
    expect([lost.exitCode, lost.json().error.code]).toEqual([3, 'SHOW_NOT_FOUND'])
    expect(await bookingsOf(show)).toEqual([])
  })

  it('is 5 if rows were only busy, 4 if one was wrong as well, 0 for no rows at all', async () => {
    const show = await insertShow(db)
    const lock = await lockShow(db, show)
    const [busy, both, none] = await Promise.all([
      bookRowsHere('{"count":1}', show, '--json', '--wait', '300ms'),
      bookRowsHere('{"count":1}\n{"count":-1}', show, '--json', '--wait', '300ms'),
      bookRowsHere('seats\n', show, '--json'),
    ])
    await lock.release()
    expect([busy.exitCode, resultsOf(busy)]).toEqual([5, [[1, 'BUSY']]])
    expect(both.exitCode).toBe(4)
    expect(none).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('is 1 if a row meets a bug: the other rows are booked, and a refusal does not hide it', async () => {
    const own = await cloneDatabase()
    const show = await insertShow(own, { seats: 3 })
    await own.sql(
      `create function damage() returns trigger language plpgsql as $$
       begin if new.customer = 'Bug' then raise exception 'a bug'; end if; return new; end $$`,
    )
    await own.sql(
      'create trigger damage before insert on bookings for each row execute function damage()',
    )
    const rows = [
      '{"seats":"1"}',
      '{"seats":"2","customer":"Bug"}',
      '{"seats":"1"}',
      '{"seats":"3"}',
    ]
    const ran = await runInProcess(
      ['book', show, '--file', '-', '--json'],
      { DATABASE_URL: own.url },
      { input: rows.join('\n') },
    )
    expect(resultsOf(ran)).toEqual([
      [1, 'CONFIRMED'],
      [2, 'INTERNAL'],
      [3, 'SEATS_TAKEN'],
      [4, 'CONFIRMED'],
    ])
    expect(ran.exitCode).toBe(1)
    await own.drop()
  })

  it('is 6 at once if there is no database to book in, with one error', async () => {
    const rows = Array.from({ length: 50 }, () => '{"show":"Cats","count":1}')
    const ran = await runInProcess(
      ['book', '--file', '-', '--json', '--db', 'postgresql://127.0.0.1:1/x', '--wait', '0s'],
      {},
      { input: rows.join('\n') },
    )
    expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_UNREACHABLE'])
  })
})

describe('--atomic', () => {
  it('books all of several shows, in any order of the file', async () => {
    const shows = await Promise.all([insertShow(db, { seats: 2 }), insertShow(db, { seats: 2 })])
    const rows = [1, 0, 1, 0].map((i) => JSON.stringify({ show: shows[i], count: 1 }))
    const ran = await bookRowsHere(rows, '--atomic', '--json')
    expect(ran.exitCode).toBe(0)
    expect(documentsOf(ran).map(({ line, show_id }) => [line, show_id])).toEqual([
      [1, shows[1]],
      [2, shows[0]],
      [3, shows[1]],
      [4, shows[0]],
    ])
    for (const show of shows) expect(await soldIn(show)).toBe(2)
  })

  it('leaves nothing behind after a refusal, so that the corrected file books with its keys', async () => {
    const show = await insertShow(db, { seats: 2000 })
    const other = await insertShow(db, { seats: 3 })
    await bookRowsHere('{"seats":"2"}', other)
    // More than one batch, and the refusal comes last.
    const rows = Array.from({ length: 1500 }, (_, i) => ({ show, count: 1, key: `atomic-${i}` }))
    const refused = { show: other, seats: '1-3', key: 'atomic-other' }
    const file = (last: object) => [...rows, last].map((row) => JSON.stringify(row))
    const first = await bookRowsHere(file(refused), '--atomic', '--json')
    expect(first.exitCode).toBe(4)
    expect(documentsOf(first)).toHaveLength(1501)
    expect(documentsOf(first)[0]).toMatchObject({ line: 1, error: { code: 'SEATS_TAKEN' } })
    expect(documentsOf(first)[0].error.message).toEqual(withFacts('1501'))
    expect(documentsOf(first)[1500]).toMatchObject({ line: 1501, error: { seats: [2] } })
    expect(await bookingsOf(show)).toEqual([])
    expect(await soldIn(show)).toBe(0)
    expect(await bookingsOf(other)).toHaveLength(1)

    const corrected = file({ ...refused, seats: '1,3' })
    const second = await bookRowsHere(corrected, '--atomic', '--json')
    expect(second.exitCode).toBe(0)
    expect(await soldIn(show)).toBe(1500)
    const third = await bookRowsHere(corrected, '--atomic', '--json')
    expect(third.exitCode).toBe(0)
    expect(documentsOf(third).every(({ replayed }) => replayed)).toBe(true)
    expect(await soldIn(other)).toBe(3)
  })

  it('books nothing if one row is wrong, one show unknown, or one seat in two rows', async () => {
    const show = await insertShow(db, { seats: 9 })
    const files = ['{"seats":"1"}\n{"seats":"x"}', '{"seats":"1"}\n{"seats":"1"}']
    const ran = await Promise.all([
      ...files.map((rows) => bookRowsHere(rows, show, '--atomic')),
      bookRowsHere([`{"show":"${show}","count":1}`, '{"show":"Nowhere","count":1}'], '--atomic'),
    ])
    for (const { exitCode, stdout, stderr } of ran) {
      expect(exitCode).toBe(4)
      expect(stderr).toMatch(
        /^Line 2: [^\n]*\n. 0 of 2 lines booked; 1 (refused|wrong), 1 undone\.$/,
      )
      expect(stdout).toBe('')
    }
    expect(await bookingsOf(show)).toEqual([])
  })

  it('locks its shows in the order of their ids, not in that of the file or of the table', async () => {
    const ids = ['f', '8', '0'].map((digit) => randomUUID().replace(/^./, digit))
    for (const id of ids) await insertShow(db, { id })
    const lock = await lockShow(db, ids.at(-1)!)
    const rows = ids.map((show) => JSON.stringify({ show, count: 1 }))
    const running = bookRowsHere(rows, '--atomic', '--json')
    await until(() => isWaitingForLock(db))
    // It waits for the first, and holds none of the later ones.
    const free = await db.sql(
      'select id from shows where id = any($1) order by id desc for update skip locked',
      [ids],
    )
    expect(free.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    await lock.release()
    expect((await running).exitCode).toBe(0)
  })

  it('two of them over the same shows in opposite order both end: there is no deadlock', async () => {
    const shows = await Promise.all([1, 2, 3].map(() => insertShow(db, { seats: 100 })))
    const rows = (order: string[]) =>
      order.flatMap((show) => Array.from({ length: 10 }, () => JSON.stringify({ show, count: 1 })))
    const ran = await Promise.all(
      [shows, [...shows].reverse(), shows, [...shows].reverse()].map((order) =>
        bookRows(rows(order), '--atomic', '--json', '--debug'),
      ),
    )
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    // No deadlock that a retry would hide.
    for (const { stderr } of ran) expect(stderr).not.toContain('failed after')
    for (const show of shows) expect(await soldIn(show)).toBe(40)
  })
})

describe('--dry-run', () => {
  it('prints what each row would get, takes earlier rows into account, and writes nothing', async () => {
    const show = await insertShow(db, { name: 'Rehearsed', seats: 6, seatsPerRow: 3 })
    await bookRowsHere('{"seats":"1","key":"dry-sold"}', show)
    const rows = [
      { seats: 'A1', key: 'dry-sold' },
      { seats: '1', key: 'dry-sold' },
      { seats: 'A2-A3', key: 'dry-1' },
      { seats: '3' },
      { count: 3 },
      { count: 1 },
      { seats: '2,3', key: 'dry-1' },
      { seats: '9' },
    ]
    const before = await db.sql('select * from shows where id = $1', [show])
    const file = rows.map((row) => JSON.stringify(row))
    const ran = await bookRowsHere(file, show, '--dry-run', '--json')
    expect(ran.exitCode).toBe(4)
    expect(
      documentsOf(ran).map(({ line, seats, replayed, error }) => [
        line,
        seats ?? error.code,
        replayed,
      ]),
    ).toEqual([
      [1, [1], true],
      [2, [1], true],
      [3, [2, 3], false],
      [4, 'SEATS_TAKEN', undefined],
      [5, [4, 5, 6], false],
      [6, 'NOT_ENOUGH_SEATS', undefined],
      [7, [2, 3], true],
      [8, 'NO_SUCH_SEAT', undefined],
    ])
    expect(documentsOf(ran)[2]).toMatchObject({ dry_run: true, seat_labels: ['A2', 'A3'] })
    expect(await bookingsOf(show)).toHaveLength(1)
    expect(await db.sql('select * from shows where id = $1', [show])).toEqual(before)

    const text = await bookRowsHere('{"count":5}', show, '--dry-run')
    expect(text.exitCode).toBe(0)
    expect(text.stderr).toEqual(withFacts('✓', '1'))
  })
})

describe('a run that does not reach the end', () => {
  /** A run whose rows are written by the test; `lines` are its documents as they come. */
  function startRun(show: string, ...flags: string[]) {
    return startRunOn(db.url, show, ...flags)
  }

  function startRunOn(url: string, show: string, ...flags: string[]) {
    const child = spawn(process.execPath, [program, 'book', show, '--file', '-', ...flags], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...bareEnvironment, DATABASE_URL: url },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdin.on('error', () => {})
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return { child, lines, next: async () => JSON.parse((await lines.next()).value!) }
  }

  const exitOf = async (child: ChildProcess) => (await once(child, 'exit')) as [number, string]

  it.each([[[]], [['--json']]])(
    'prints each booking as soon as it is made, not when the pipe is full: %j',
    async (flags) => {
      const show = await insertShow(db)
      const { child, lines } = startRun(show, ...flags)
      const ended = exitOf(child)
      for (const seat of [3, 1, 2]) {
        child.stdin.write(`{"seats":[${seat}]}\n`)
        expect((await lines.next()).value).toMatch(
          flags.length ? `"seats":[${seat}]` : `\t${seat}\t`,
        )
        expect(await soldIn(show)).toBeGreaterThan(0)
      }
      child.stdin.end()
      expect((await ended)[0]).toBe(0)
    },
  )

  it('exits with 6 when the database goes away, even if more rows may come', async () => {
    const show = await insertShow(db)
    const proxy = await openProxy(db.url)
    const { child, lines, next } = startRunOn(proxy.url, show, '--json', '--wait', '0s')
    const ended = exitOf(child)
    child.stdin.write('{"seats":"1"}\n')
    expect(await next()).toMatchObject({ line: 1, status: 'CONFIRMED' })
    await proxy.close()
    // The pipe stays open, so the end of the input does not end the run.
    child.stdin.write('{"seats":"2"}\n')
    expect(await next()).toMatchObject({ line: 2, error: { code: 'DB_UNREACHABLE' } })
    const last = await next()
    expect(last).toMatchObject({ error: { code: 'DB_UNREACHABLE' } })
    expect(last.line).toBeUndefined()
    expect((await lines.next()).done).toBe(true)
    expect((await ended)[0]).toBe(6)
    expect(await bookingsOf(show)).toMatchObject([{ status: 'CONFIRMED', seats: [1] }])
  })

  it('at Ctrl-C, reports what is being settled and no more: exactly what is printed is booked', async () => {
    const show = await insertShow(db, { seats: 50_000 })
    const { child, lines, next } = startRun(show, '--json')
    const ended = exitOf(child)
    const rows = Array.from({ length: 50_000 }, () => '{"count":1}\n').join('')
    child.stdin.write(rows)
    const documents = [await next()]
    child.kill('SIGINT')
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      documents.push(JSON.parse(line.value))
    }
    expect((await ended)[0]).toBe(130)
    const last = documents.pop()
    expect(last).toMatchObject({ error: { code: 'INTERRUPTED' } })
    expect(last.line).toBeUndefined()
    expect(documents.map(({ line, status }) => [line, status])).toEqual(
      documents.map((_, i) => [i + 1, 'CONFIRMED']),
    )
    expect(documents.length).toBeLessThan(50_000)
    expect((await bookingsOf(show)).map(({ status }) => status)).toEqual(
      documents.map(() => 'CONFIRMED'),
    )
  })

  it('killed with -9, continues by its keys: every row is booked once', async () => {
    const show = await insertShow(db, { seats: 6000 })
    const rows = Array.from({ length: 6000 }, (_, i) => `{"count":1,"key":"killed-${i}"}`)
    const { child, next } = startRun(show, '--json')
    const ended = exitOf(child)
    child.stdin.write(`${rows.join('\n')}\n`)
    const printed = await next()
    child.kill('SIGKILL')
    expect((await ended)[1]).toBe('SIGKILL')
    expect(await soldIn(show)).toBeLessThan(6000)

    const ran = await bookRows(rows, show, '--json')
    expect(ran.exitCode).toBe(0)
    expect(documentsOf(ran)[0]).toMatchObject({
      id: printed.id,
      seats: printed.seats,
      replayed: true,
    })
    const bookings = await bookingsOf(show)
    expect(new Set(bookings.map(({ key }) => key)).size).toBe(6000)
    expect(bookings.every(({ status }) => status === 'CONFIRMED')).toBe(true)
    expect(await soldIn(show)).toBe(6000)
    expect((await runInProcess(['verify', show], { DATABASE_URL: db.url })).exitCode).toBe(0)
  })

  it('ends without a message when its reader closes the pipe', async () => {
    const show = await insertShow(db, { seats: 20_000 })
    const { child, next } = startRun(show, '--json')
    const ended = exitOf(child)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    child.stdin.write(Array.from({ length: 20_000 }, () => '{"count":1}\n').join(''))
    await next()
    child.stdout.destroy()
    expect((await ended)[0]).toBe(130)
    expect(stderr).toBe('')
    expect(await soldIn(show)).toBeLessThan(20_000)
  })
})
