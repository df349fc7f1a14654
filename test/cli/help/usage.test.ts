import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../../src/cli/main.js'
import type { Io } from '../../../src/terminal/io.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { insertShow } from '../../support/shows.js'
import { expectWording, withFacts } from '../../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
  await insertShow(db, { name: 'Cats' })
})
afterAll(() => db.drop())

/** Runs one command line inside this process, on streams that are not terminals. */
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

const mistakes: [argv: string[], code: string, ...facts: string[]][] = [
  [['--no-input', 'show'], 'INVALID_INPUT', '`tickets show --help`'],
  [['shows'], 'INVALID_INPUT', "'shows'", 'show', '`tickets --help`'],
  [['show', 'crate'], 'INVALID_INPUT', "'crate'", 'create', '`tickets show --help`'],
  [['help', 'show', 'crate'], 'INVALID_INPUT', 'create', '`tickets show'],
  [['sohw'], 'INVALID_INPUT', "'sohw'", 'show'],
  [['migration'], 'INVALID_INPUT', "'migration'", 'migrate'],
  [['status'], 'INVALID_INPUT', "'status'", 'db status', 'daemon status'],
  [['check-in', 'x'], 'INVALID_INPUT', "'check-in'", 'booking check-in'],
  [['list'], 'INVALID_INPUT', 'show list', 'booking list', 'token list'],
  [['nonsense'], 'INVALID_INPUT', "'nonsense'", '`tickets --help`'],
  [['book', 'Cats', '--name', 'x'], 'INVALID_INPUT', "'--name'", '`tickets book --help`'],
  [['show', 'list', '--upcomming'], 'INVALID_INPUT', '--upcoming', '`tickets show list --help`'],
  [['show', 'list', 'Cats'], 'INVALID_INPUT', '1', '`tickets show list --help`'],
  [['show', 'list', '--limit', '0'], 'INVALID_INPUT', '--limit', '1'],
  [['show', 'list', '--limit', '1', '--all'], 'INVALID_INPUT', '--all', '--limit'],
  [['show', 'list', '-o', 'xml'], 'INVALID_INPUT', 'table, json, ndjson, csv'],
  [['show', 'list', '--search', ' '], 'INVALID_INPUT'],
  [['show', 'list', '--search'], 'INVALID_INPUT', "'--search <text>'"],
  [['show', 'list', '--wait', '5'], 'INVALID_INPUT', '"5"', '500ms'],
  [['show', 'list', '--wait', '5s', '--wait', '6s'], 'INVALID_INPUT', '--wait'],
  [['--db', 'a', 'show', 'list', '--db', 'b'], 'INVALID_INPUT', '--db'],
  [['--db', 'mysql://localhost/x', 'show', 'list'], 'INVALID_INPUT', '--db', '"postgres://"'],
  [['show', 'view'], 'INVALID_INPUT', "'show'"],
  [['show', 'create'], 'INPUT_REQUIRED', '--name, --start-time, --total-seats or --plan'],
  [
    ['show', 'create', '--name', 'x', '--start-time', '2030-01-01T19:00Z'],
    'INPUT_REQUIRED',
    '--total-seats or --plan',
  ],
  [['show', 'create', '--name', 'x', '--name', 'y'], 'INVALID_INPUT', '--name'],
  [['book'], 'INPUT_REQUIRED', 'SHOW, --seats or --count'],
  [
    ['book', 'Cats', '--seats', '1', '--customer', 'a', '--customer', 'b'],
    'INVALID_INPUT',
    '--customer',
  ],
  [['--no-input', 'db'], 'INVALID_INPUT', '`tickets db --help`'],
  [['db', 'restart'], 'INVALID_INPUT', "'restart'", 'start', 'restore', '`tickets db --help`'],
  [['daemon', 'restart'], 'INVALID_INPUT', "'restart'", 'start', '`tickets daemon --help`'],
  [['stress', '--daemon', '--in-process'], 'INVALID_INPUT', '--daemon', '--in-process'],
  [['migrate', '--check', '--rollback'], 'INVALID_INPUT', '--check', '--rollback'],
]

describe('an error on the command line', () => {
  it.each(mistakes)(
    '%j exits with 2 as %s, with one message or one document',
    async (...mistake) => {
      const [argv, code, ...facts] = mistake
      const plain = await run(...argv)
      expect(plain).toMatchObject({ exitCode: 2, out: '' })
      expect(plain.err).toEqual(withFacts(...facts))

      for (const asked of [
        ['--json', ...argv],
        [...argv, '--json'],
      ]) {
        // If the option has no value, the flag after it is taken as its value.
        if (argv.at(-1) === '--search' && asked.at(-1) === '--json') continue
        const { exitCode, out, err } = await run(...asked)
        expect([exitCode, err]).toEqual([2, argv[0] === 'migrate' ? err : ''])
        expect(out.match(/\n/g)).toEqual(['\n'])
        expect(JSON.parse(out)).toEqual({
          error: { code, message: withFacts(...facts), retryable: false },
        })
      }
      expect(await db.sql('select 1 from bookings')).toEqual([])
    },
  )

  it('is reported with the messages in test/wording/usage.txt', async () => {
    const said: [string, string][] = []
    for (const [argv] of mistakes)
      said.push([`tickets ${argv.join(' ')}`, (await run(...argv)).err])
    await expectWording('usage', said)
  })

  it('with a password in the wrong place does not repeat it, not even under --debug', async () => {
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
  it('is all of stdout, on whichever side of the subcommand --json is', async () => {
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
    expect(JSON.parse(out).error.message).toEqual(withFacts('--json', '--output csv'))
    expect((await run('--json', 'show', 'list', '-o', 'json')).exitCode).toBe(0)
  })

  it('is not printed for --json alone, which names no command', async () => {
    const { exitCode, out } = await run('--json')
    expect([exitCode, JSON.parse(out).error.code]).toEqual([2, 'INVALID_INPUT'])
  })
})

it('help and version are printed to stdout with exit code 0; no arguments print the help', async () => {
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
