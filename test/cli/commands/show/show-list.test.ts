import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { linesInTerminal } from '../../../support/terminal.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
/** Names in the order of their start: 55 that have begun, and 5 in the future. */
const PAST = Array.from({ length: 55 }, (_, n) => `Past ${String(n + 1).padStart(2, '0')}`)
const TO_COME = Array.from({ length: 5 }, (_, n) => `To come ${n + 1}`)

beforeAll(async () => {
  db = await cloneDatabase()
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), name, now() + (nth - 55.5) * interval '1 day', 'UTC', 8, '\\x00'
     from unnest($1::text[]) with ordinality as shows (name, nth)`,
    [[...PAST, ...TO_COME]],
  )
})
afterAll(() => db.drop())

const onTerminal = (...args: string[]) =>
  linesInTerminal(process.execPath, [program, ...args], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent' },
  })

/** The lines of a table: for each show its name, and other lines as they are. */
function named(lines: string[]): string[] {
  return lines.map((line) => /(Past \d\d|To come \d) /.exec(line)?.[1] ?? line)
}

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
const LATEST = [...PAST].reverse()
const TITLE = ['', expect.not.stringMatching(/Past \d\d|To come \d/)]

describe('on a terminal, the list of shows', () => {
  it('begins with future shows; past ones follow after a line that says so', async () => {
    const [head, rule, ...lines] = await onTerminal('show', 'list')
    expect([head, rule]).toEqual([
      expect.stringMatching(/^ID +SHOW /),
      expect.stringMatching(/^─+/),
    ])
    const rows = TO_COME.length + TITLE.length + 45
    expect(named(lines).slice(0, rows)).toEqual([...TO_COME, ...TITLE, ...LATEST.slice(0, 45)])
    expect(lines.slice(rows).join(' ')).toEqual(
      withFacts('50', '--all', '--search', '--upcoming', '--past'),
    )
  })

  it.each([
    [['--upcoming'], TO_COME],
    [['--past', '--limit', '3'], LATEST.slice(0, 3)],
    [
      ['--limit', '7'],
      [...TO_COME, ...TITLE, ...LATEST.slice(0, 2)],
    ],
    [['--all'], [...TO_COME, ...TITLE, ...LATEST]],
    [
      ['--search', 'past', '--limit', '2'],
      [TITLE[1]!, ...LATEST.slice(0, 2)],
    ],
    [['--search', 'come'], TO_COME],
    [['-o', 'table', '--limit', '2'], TO_COME.slice(0, 2)],
  ])('%j', async (flags, expected) => {
    const env = { DATABASE_URL: db.url, LANG: 'C.UTF-8' }
    const { stdout } = await runInProcess(['show', 'list', ...flags], env, { columns: 80 })
    const lines = stripVTControlCharacters(stdout).trimEnd().split('\n')
    expect(named(lines.slice(2))).toEqual(expected)
  })
})

it('on a terminal, the list of shows includes all that began at the same time', async () => {
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), 'Twin ' || n, '2020-01-01T19:00Z', 'UTC', 8, '\\x00'
     from generate_series(1, 3) n`,
  )
  const lines = await onTerminal('show', 'list', '--search', 'twin')
  expect(lines.filter((line) => line.includes('Twin'))).toHaveLength(3)
  await db.sql(`delete from shows where name like 'Twin %'`)
})

describe('for programs, the list of shows', () => {
  const formats = [
    ['lines', []],
    ['--json', ['--json']],
    ['-o csv', ['-o', 'csv']],
    ['-o ndjson', ['-o', 'ndjson']],
  ] as const

  it.each(formats)(
    'continues in the order of their start, filtered or not: %s',
    async (_, format) => {
      const names = async (...flags: string[]) =>
        (await run('show', 'list', ...flags, ...format)).stdout.match(/Past \d\d|To come \d/g)
      expect(await names()).toEqual([...PAST, ...TO_COME])
      expect(await names('--past')).toEqual(PAST)
      expect(await names('--past', '--limit', '2')).toEqual(PAST.slice(0, 2))
      expect(await names('--upcoming')).toEqual(TO_COME)
    },
  )

  it('does so on a terminal as well', async () => {
    for (const flags of [['--json'], ['-o', 'csv']]) {
      const text = (await onTerminal('show', 'list', '--limit', '3', ...flags)).join('')
      expect(text.match(/Past \d\d|To come \d/g)).toEqual(PAST.slice(0, 3))
    }
  })

  it('is either of future or of past shows: both flags are refused', async () => {
    const ran = await run('show', 'list', '--upcoming', '--past')
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toEqual(withFacts('--upcoming', '--past'))
  })
})
