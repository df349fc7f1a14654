import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
let directory: string
let show: string
let sold: string
let held: string
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveHere(db.url)
  directory = await mkdtemp(join(tmpdir(), 'tickets-ranges-'))
  show = await insertShow(db, { name: 'Rows', seats: 60, seatsPerRow: 12 })
  const reference = async (...args: string[]) => (await run('book', show, ...args)).json().reference
  sold = await reference('--seats', 'A7-A12,B1-B2', '--json')
  held = await reference('--seats', 'D7-D12,E1-E2', '--hold', '1h', '--json')
})
afterAll(async () => {
  await server.close()
  await db.drop()
  await rm(directory, { recursive: true })
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const everything = async () => [
  await db.sql('select * from bookings order by id'),
  await db.sql('select * from shows'),
  await db.sql('select * from admissions'),
]

async function commandSays(...args: string[]) {
  const ran = await run(...args, '--json')
  expect(ran.exitCode).toBe(2)
  return ran.json().error
}

async function fileSays(name: string, text: string) {
  const file = join(directory, name)
  await writeFile(file, text)
  const ran = await run('book', show, '--file', file, '--json')
  expect(ran.exitCode).toBe(4)
  return ran.json().error
}

async function serverSays(path: string, body: object) {
  const answer = await ask(`${server.url}${path}`, { body })
  expect(answer.status).toBe(400)
  return answer.body.error
}

const places: Record<string, () => Promise<{ code: string; message: string }>> = {
  'book --seats': () => commandSays('book', show, '--seats', 'C7-D2'),
  'book --seats, reversed': () => commandSays('book', show, '--seats', 'D2-C7'),
  'book --seats --dry-run': () => commandSays('book', show, '--seats', 'C7-D2', '--dry-run'),
  'book --seats --hold': () => commandSays('book', show, '--seats', 'C7-D2', '--hold', '1h'),
  'a CSV file': () => fileSays('a.csv', 'seats,customer\nC7-D2,Ada\n'),
  'an NDJSON file': () => fileSays('a.ndjson', '{"seats":"C7-D2"}\n'),
  'booking move --to': () => commandSays('booking', 'move', sold, '--to', 'C7-D2'),
  'booking confirm --seats': () => commandSays('booking', 'confirm', held, '--seats', 'C7-D2'),
  'booking cancel --seats': () => commandSays('booking', 'cancel', sold, '-y', '--seats', 'C7-D2'),
  'booking check-in --seats': () => commandSays('booking', 'check-in', sold, '--seats', 'C7-D2'),
  'booking list --seat': () => commandSays('booking', 'list', show, '--seat', 'C7-D2'),
  'history --seat': () => commandSays('history', '--show', show, '--seat', 'C7-D2'),
  'POST /shows/:show/book': () => serverSays(`/shows/${show}/book`, { seats: 'C7-D2' }),
  'POST …/move': () => serverSays(`/bookings/${sold}/move`, { to: 'C7-D2' }),
  'POST …/confirm': () => serverSays(`/bookings/${held}/confirm`, { seats: 'C7-D2' }),
  'POST …/cancel': () => serverSays(`/bookings/${sold}/cancel`, { seats: 'C7-D2' }),
  'POST …/check-in': () => serverSays(`/bookings/${sold}/check-in`, { seats: 'C7-D2' }),
}

describe('a range across rows is refused with the two ranges to write, and changes nothing', () => {
  it.each(Object.entries(places))('%s', async (_, says) => {
    const before = await everything()
    const { code, message } = await says()
    expect(code).toBe('INVALID_INPUT')
    expect(message).toEqual(withFacts('C7-C12,D1-D2'))
    expect(await everything()).toEqual(before)
  })

  it('in the answer to a question for seats, which is asked again', async () => {
    const terminal = openTerminal(process.execPath, [program, 'book', show], {
      cols: 120,
      env: { DATABASE_URL: db.url, TICKETS_PLAIN: '1' },
    })
    await terminal.waitFor(questions.seats)
    terminal.type('C7-D2\r')
    await terminal.waitFor(/✗ .*"C7-D2" .* C7-C12,D1-D2\./)
    terminal.type('C7-C12,D1-D2\r')
    await terminal.waitFor(questions.whom)
    terminal.press('ctrl-c')
    expect((await terminal.exit).code).toBe(130)
    await terminal.close()
  })
})

it('plain numbers may cross rows', async () => {
  const ran = await run('book', show, '--seats', '31-38', '--dry-run', '--json')
  expect(ran.json().seat_labels).toEqual(['C7', 'C8', 'C9', 'C10', 'C11', 'C12', 'D1', 'D2'])
})
