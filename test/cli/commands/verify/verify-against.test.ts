import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { ask, type OwnHttpServer, serveHere } from '../../../support/http.js'
import { type RanInProcess, runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
let server: OwnHttpServer
let directory: string
let file: string
let show: string
let other: string
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveHere(db.url)
  directory = await mkdtemp(join(tmpdir(), 'tickets-answers-'))
  file = join(directory, 'answers.ndjson')
})
afterAll(async () => {
  await server.close()
  await db.drop()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  show = await insertShow(db, { name: 'Hamlet', seats: 40 })
  other = await insertShow(db, { name: 'Othello', seats: 40 })
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const book = async (...args: string[]) => (await run('book', show, ...args, '--json')).stdout
const referenceIn = (answer: string) => JSON.parse(answer).reference as string
const idIn = (answer: string) => JSON.parse(answer).id as string

async function verifyAgainst(answers: string, ...args: string[]): Promise<RanInProcess> {
  await writeFile(file, answers)
  return run('verify', '--against', file, '--json', ...args)
}

/** Does what a failover to a lagging standby does: removes a change. */
async function forget(...statements: string[]) {
  await db.sql(
    ['begin', 'set local session_replication_role = replica', ...statements, 'commit'].join(';'),
  )
}

describe('verify --against', () => {
  test('passes answers that the database has: of book, of a file, of HTTP, and of refusals', async () => {
    const rows = join(directory, 'rows.csv')
    await writeFile(rows, 'seats\n"5,6"\n5\n7\n')
    const post = await ask(`${server.url}/shows/${show}/book`, {
      method: 'POST',
      body: { seats: [9] },
    })
    const answers = [
      await book('--seats', '1-3', '--customer', 'Zoë\u2028'),
      await book('--seats', '3'),
      await book('--seats', '20', '--hold', '1ms'),
      await book('--seats', '21', '--dry-run'),
      (await run('book', show, '--file', rows, '--json')).stdout,
      JSON.stringify(post.body),
      '{"error":{"code":"BUSY","message":"","retryable":true}}',
      '',
    ]
    const ran = await verifyAgainst(answers.map((each) => `${each.trim()}\r\n`).join(''))
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.json()).toMatchObject({ ok: true, violations: [], answers: 5 })
    const read = await runInProcess(
      ['verify', show, '--against', '-'],
      { DATABASE_URL: db.url },
      { input: answers[0]! },
    )
    expect(read.stdout).toMatch(/^✓ .* 1 show, 7 bookings, 1 answer\.\n$/)
  })

  test.each<[string, string[], (reference: string) => Promise<unknown>]>([
    ['cancelled', [], (booking) => run('booking', 'cancel', booking, '-y')],
    ['cancelled in part', [], (booking) => run('booking', 'cancel', booking, '--seats', '1', '-y')],
    ['moved', [], (booking) => run('booking', 'move', booking, '--to', '11-13')],
    [
      'moved to another show, and back to a third place',
      [],
      async (booking) => {
        await run('booking', 'move', booking, '--to', '1-3', '--to-show', other)
        await run('booking', 'move', booking, '--to', '4-6', '--to-show', show)
      },
    ],
    [
      'cancelled with its show',
      [],
      () => run('show', 'cancel', show, '-y', '--expect-bookings', '1'),
    ],
    ['a hold that was sold', ['--hold', '1h'], (booking) => run('booking', 'confirm', booking)],
    [
      'a hold that was sold in part',
      ['--hold', '1h'],
      (booking) => run('booking', 'confirm', booking, '--seats', '2'),
    ],
    [
      'a hold that was released',
      ['--hold', '1h'],
      (booking) => run('booking', 'cancel', booking, '-y'),
    ],
    [
      'a hold that expired, and whose seats were sold',
      ['--hold', '1ms'],
      () => run('book', show, '--seats', '1-3'),
    ],
  ])('is not a loss if the history explains it: %s', async (_what, options, change) => {
    const answer = await book('--seats', '1-3', ...options)
    const ran = await change(referenceIn(answer))
    if (ran) expect(ran).toMatchObject({ exitCode: 0 })
    expect((await verifyAgainst(answer)).json()).toMatchObject({ ok: true, answers: 1 })
  })

  test.each<[string, string, facts: string[], (id: string) => Promise<unknown>]>([
    [
      'that is gone',
      'ANSWER_LOST',
      ['1', 'CONFIRMED', '1-3'],
      (id) =>
        forget(
          `delete from history where booking_id = '${id}'`,
          `delete from bookings where id = '${id}'`,
          `update shows set booked_seats = '\\x0000000000', confirmed_seats_count = 0 where id = '${show}'`,
        ),
    ],
    [
      'of which only the attempt is left',
      'ANSWER_CONTRADICTED',
      ['1', '1-3', '"PENDING"'],
      (id) =>
        forget(
          `delete from history where booking_id = '${id}'`,
          `update bookings set status = 'PENDING', seats = '{}', pending_until = 'infinity' where id = '${id}'`,
          `update shows set booked_seats = '\\x0000000000', confirmed_seats_count = 0 where id = '${show}'`,
        ),
    ],
    [
      'whose later state was written without a history',
      'ANSWER_CONTRADICTED',
      ['1', '1-3', '"CONFIRMED"', '1-2'],
      (id) =>
        forget(
          `update bookings set seats = '{1,2}' where id = '${id}'`,
          `update shows set booked_seats = '\\x0300000000', confirmed_seats_count = 2 where id = '${show}'`,
        ),
    ],
  ])('names a booking %s: exit code 7', async (_what, code, facts, change) => {
    const answer = await book('--seats', '1-3')
    await change(idIn(answer))
    const ran = await verifyAgainst(answer, show)
    expect(ran).toMatchObject({ exitCode: 7, stderr: '' })
    const { ok, violations, answers } = ran.json()
    // The history also contradicts a booking that exists.
    const ofAnswers = violations.filter((found: { code: string }) => /^ANSWER/.test(found.code))
    expect([ok, answers, ofAnswers]).toEqual([
      false,
      1,
      [
        {
          code,
          show_id: show,
          message: withFacts(...facts),
          seats: [1, 2, 3],
          bookings: [referenceIn(answer)],
        },
      ],
    ])
  })

  test('names a move that was answered and is lost, although the booking exists', async () => {
    const sold = await book('--seats', '1-3')
    const moved = (await run('booking', 'move', referenceIn(sold), '--to', '2-4', '--json')).stdout
    const id = idIn(sold)
    await forget(
      `delete from history where booking_id = '${id}' and action = 'moved'`,
      `update bookings set seats = '{1,2,3}' where id = '${id}'`,
      `update shows set booked_seats = '\\x0700000000' where id = '${show}'`,
    )
    const ran = await verifyAgainst(`${sold}\n${moved}`, show)
    expect(ran.exitCode).toBe(7)
    expect(ran.json().violations).toMatchObject([
      { code: 'ANSWER_CONTRADICTED', seats: [2, 3, 4], message: expect.stringMatching(/^Line \d/) },
    ])
  })

  test('of one show ignores the answers of other shows', async () => {
    const answer = (await book('--seats', '1')).replace(/"id":"[^"]*"/, `"id":"${other}"`)
    expect((await verifyAgainst(answer, other)).json()).toMatchObject({ ok: true, answers: 0 })
    expect((await verifyAgainst(answer, show)).json()).toMatchObject({ ok: false, answers: 1 })
  })

  test.each([
    ['no JSON', 'Booked 3 seats: A1-A3', 2],
    ['half a document', '{"id":"3f2a', 2],
    ['an array', '[{"id":1}]', 2],
    ['a document of another kind', '{"ok":true,"shows":1}', 2],
    [
      'a booking without seats',
      '{"id":"ID","reference":"K7Q2-9FMX","show_id":"ID","status":"HELD"}',
      2,
    ],
    [
      'a seat that is not a number',
      '{"id":"ID","reference":"K7Q2-9FMX","show_id":"ID","status":"HELD","seats":["1"]}',
      2,
    ],
    [
      'an invalid id',
      '{"id":"1","reference":"K7Q2-9FMX","show_id":"ID","status":"HELD","seats":[1]}',
      2,
    ],
  ])('refuses %s, with the number of the line: exit code 2', async (_what, line) => {
    const good = await book('--seats', '1')
    const ran = await verifyAgainst(`${good}\n${line.replaceAll('ID', other)}\n`)
    expect(ran.exitCode).toBe(2)
    const number = good.endsWith('\n') ? 3 : 2
    expect(ran.json().error).toMatchObject({
      code: 'INVALID_INPUT',
      message: withFacts(`${number}`, '`tickets book --json`'),
    })
  })

  test('refuses a file that is not there: exit 2', async () => {
    const ran = await runInProcess(['verify', '--against', join(directory, 'none')], {
      DATABASE_URL: db.url,
    })
    expect(ran).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^✗ "\/.*" [^\n]+\.\n$/),
    })
  })

  test('compares fifty thousand answers in a heap that could not hold them', async () => {
    const long = join(directory, 'long.ndjson')
    const note = 'x'.repeat(500)
    await forget(
      `insert into bookings (id, reference, show_id, status, seats)
       select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
              translate(lpad(n::text, 8, 'Z'), '01', 'AB'), '${show}', 'HELD', array[7]
       from generate_series(1, 49999) n`,
    )
    const answers = function* () {
      for (let n = 1; n <= 50_000; n++) {
        const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
        const reference = String(n).padStart(8, 'Z').replaceAll('0', 'A').replaceAll('1', 'B')
        yield `${JSON.stringify({ id, reference, show_id: show, status: 'HELD', seats: [7], note })}\n`
      }
    }
    await pipeline(Readable.from(answers()), createWriteStream(long))
    const env = { NODE_OPTIONS: '--max-old-space-size=20' }
    const ran = await tickets(['verify', '--against', long, '--json'], { db: db.url, env })
    expect(ran).toMatchObject({ exitCode: 7, stderr: '' })
    expect(ran.json().answers).toBe(50_000)
    const lost = ran
      .json()
      .violations.filter(({ code }: { code: string }) => code === 'ANSWER_LOST')
    expect(lost).toMatchObject([{ message: expect.stringContaining('Line 50000 ') }])
    await forget(`delete from bookings where show_id = '${show}'`)
  })
})
