import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.js'
import type { Io } from '../../src/terminal/io.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
  await insertShow(db, { name: 'Cats' })
})
afterAll(() => db.drop())

/** One command line, inside this process, on streams that are no terminal. */
async function run(...argv: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const io = { stdin: new PassThrough(), stdout, stderr, env: { DATABASE_URL: db.url } }
  const texts = Promise.all([text(stdout), text(stderr)])
  const exitCode = await main(argv, io as unknown as Io)
  stdout.end()
  stderr.end()
  const [out, err] = await texts
  return { exitCode, out, err: err.replace(/\s+/g, ' ') }
}

const mistakes: [argv: string[], code: string, says: RegExp][] = [
  [['--no-input', 'show'], 'INVALID_INPUT', /command is missing\. See `tickets show --help`/],
  [['shows'], 'INVALID_INPUT', /'shows'\. Did you mean show\? See `tickets --help`/],
  [['show', 'crate'], 'INVALID_INPUT', /'crate'\. Did you mean create\? See `tickets show --/],
  [['help', 'show', 'crate'], 'INVALID_INPUT', /Did you mean create\? See `tickets show --/],
  [['sohw'], 'INVALID_INPUT', /'sohw'\. Did you mean show\?/],
  [['migration'], 'INVALID_INPUT', /'migration'\. Did you mean migrate\?/],
  [['status'], 'INVALID_INPUT', /'status'\. Did you mean db status or daemon status\? See/],
  [['check-in', 'x'], 'INVALID_INPUT', /'check-in'\. Did you mean booking check-in\?/],
  [['list'], 'INVALID_INPUT', /Did you mean show list, booking list or token list\?/],
  [['nonsense'], 'INVALID_INPUT', /'nonsense'\. See `tickets --help`/],
  [['book', 'Cats', '--name', 'x'], 'INVALID_INPUT', /'--name'\. See `tickets book --help`/],
  [
    ['show', 'list', '--upcomming'],
    'INVALID_INPUT',
    /Did you mean --upcoming\? See `tickets show list --help`/,
  ],
  [['show', 'list', 'Cats'], 'INVALID_INPUT', /Too many arguments/],
  [['show', 'list', '--limit', '0'], 'INVALID_INPUT', /--limit/],
  [['show', 'list', '--limit', '1', '--all'], 'INVALID_INPUT', /--all and --limit/],
  [['show', 'list', '-o', 'xml'], 'INVALID_INPUT', /table, json, ndjson, csv/],
  [['show', 'list', '--search', ' '], 'INVALID_INPUT', /no word/],
  [['show', 'list', '--search'], 'INVALID_INPUT', /argument missing/],
  [['show', 'list', '--wait', '5'], 'INVALID_INPUT', /"5" is not a duration/],
  [['show', 'list', '--wait', '5s', '--wait', '6s'], 'INVALID_INPUT', /--wait .*only once/],
  [['--db', 'a', 'show', 'list', '--db', 'b'], 'INVALID_INPUT', /--db .*only once/],
  [['--db', 'mysql://localhost/x', 'show', 'list'], 'INVALID_INPUT', /--db/],
  [['show', 'view'], 'INVALID_INPUT', /'show'/],
  [
    ['show', 'create'],
    'INPUT_REQUIRED',
    /--name, --start-time, --total-seats or --plan are missing/,
  ],
  [
    ['show', 'create', '--name', 'x', '--start-time', '2030-01-01T19:00Z'],
    'INPUT_REQUIRED',
    /--total-seats or --plan (is|are) missing/,
  ],
  [
    ['show', 'create', '--name', 'x', '--name', 'y'],
    'INVALID_INPUT',
    /--name may be given only once/,
  ],
  [['book'], 'INPUT_REQUIRED', /SHOW, --seats or --count are missing/],
  [['book', 'Cats', '--seats', '1', '--customer', 'a', '--customer', 'b'], 'INVALID_INPUT', /once/],
  [['--no-input', 'db'], 'INVALID_INPUT', /command is missing\. See `tickets db --help`/],
  [
    ['db', 'restart'],
    'INVALID_INPUT',
    /'restart'\. Did you mean start or restore\? See `tickets db --help`/,
  ],
  [['daemon', 'restart'], 'INVALID_INPUT', /Did you mean start\? See `tickets daemon --help`/],
  [['stress', '--daemon', '--in-process'], 'INVALID_INPUT', /exclude each other/],
  [
    ['migrate', '--check', '--rollback'],
    'INVALID_INPUT',
    /--check.*--rollback.*exclude each other/,
  ],
]

describe('a mistake on the command line', () => {
  it.each(mistakes)('%j exits 2 as %s, in a sentence or in one document', async (...mistake) => {
    const [argv, code, says] = mistake
    const plain = await run(...argv)
    expect(plain).toMatchObject({ exitCode: 2, out: '' })
    expect(plain.err).toMatch(says)

    for (const asked of [
      ['--json', ...argv],
      [...argv, '--json'],
    ]) {
      // Where the option's value is missing, the flag behind it is its value.
      if (argv.at(-1) === '--search' && asked.at(-1) === '--json') continue
      const { exitCode, out, err } = await run(...asked)
      expect([exitCode, err]).toEqual([2, argv[0] === 'migrate' ? err : ''])
      expect(out.match(/\n/g)).toEqual(['\n'])
      expect(JSON.parse(out)).toEqual({
        error: { code, message: expect.stringMatching(says), retryable: false },
      })
    }
    expect(await db.sql('select 1 from bookings')).toEqual([])
  })

  it('of a password in the wrong place does not repeat it, under --debug either', async () => {
    const url = 'postgres://clerk:hunter2@localhost/box'
    const slips = [
      [url],
      ['show', 'list', url],
      ['show', 'list', `--database=${url}`],
      ['--db', url, '--db', url, 'show', 'list'],
      ['--db', url.replace('postgres', 'postgers'), 'show', 'list'],
      ['--db', url.replace('localhost', 'localhost:port'), 'show', 'list'],
      ['--db', `${url}?sslmode=maybe`, 'show', 'list'],
    ]
    for (const slip of slips) {
      for (const format of [[], ['--json']]) {
        const { exitCode, out, err } = await run(...slip, ...format, '--debug')
        expect([slip, exitCode]).toEqual([slip, 2])
        expect(out + err).not.toContain('hunter2')
      }
    }
  })
})

describe('one JSON document', () => {
  it('is all of stdout, whichever side of the subcommand --json stands on', async () => {
    const lines = [
      ['show', 'list'],
      ['show', 'view', 'Cats'],
      ['show', 'view', 'Dogs'],
      ['migrate', '--status'],
      ['book', 'Cats', '--count', '1', '--dry-run'],
      ['--version'],
      ['book', '--help'],
    ]
    for (const argv of lines) {
      const [before, after] = [await run('--json', ...argv), await run(...argv, '--json')]
      expect(after.out).toBe(before.out)
      expect(() => JSON.parse(after.out)).not.toThrow()
    }
  })

  it('is refused together with another format', async () => {
    const { exitCode, out } = await run('show', 'list', '--json', '-o', 'csv')
    expect(exitCode).toBe(2)
    expect(JSON.parse(out).error.message).toMatch(/--json and --output csv/)
    expect((await run('--json', 'show', 'list', '-o', 'json')).exitCode).toBe(0)
  })

  it('is missing from --json alone, which names no command', async () => {
    const { exitCode, out } = await run('--json')
    expect([exitCode, JSON.parse(out).error.code]).toEqual([2, 'INVALID_INPUT'])
  })
})

it('help and version go to stdout and exit 0; nothing at all is a call for help', async () => {
  const [bare, help, long, version] = [
    await run(),
    await run('--help'),
    await run('show', 'create', '-h'),
    await run('-V'),
  ]
  for (const ran of [bare, help, long, version]) expect([ran.exitCode, ran.err]).toEqual([0, ''])
  expect(bare.out).toBe(help.out)
  expect(bare.out).toMatch(/Usage: tickets/)
  expect(long.out).toMatch(/--total-seats/)
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
