import { rmdirSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { execa } from 'execa'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../../src/cli/context.js'
import { pathOf } from '../../src/cli/declaration.js'
import { commandTree } from '../../src/cli/main.js'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { expectWording, withFacts } from '../support/wording.js'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tickets-environment-'))
  // If root runs the tests, the server runs as another user, who must be able to enter the
  // directory.
  await chmod(scratch, 0o755)
})
afterAll(() => rm(scratch, { recursive: true }))

describe('a working directory that was removed', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await cloneDatabase()
    await insertShow(db, { name: 'Cats', seats: 40 })
  })
  afterAll(() => db.drop())

  /** The same inside this process, which changes back afterwards. */
  async function runInProcessThere(argv: readonly string[], env: Record<string, string> = {}) {
    const back = process.cwd()
    const there = await mkdtemp(join(scratch, 'gone-'))
    process.chdir(there)
    // At once: Node caches the directory on the first call.
    rmdirSync(there)
    try {
      expect(() => process.cwd()).toThrow('ENOENT')
      return await runInProcess(argv, { DATABASE_URL: db.url, ...env })
    } finally {
      process.chdir(back)
    }
  }

  /** `tickets …` in a directory that has been removed when it starts. */
  async function runThere(args: readonly string[], env: Record<string, string> = {}) {
    const there = await mkdtemp(join(scratch, 'gone-'))
    const { exitCode, stdout, stderr } = await execa(
      'sh',
      ['-c', 'cd "$0" && rmdir "$0" && exec "$@"', there, process.execPath, program, ...args],
      {
        env: { ...bareEnvironment, DATABASE_URL: db.url, ...env },
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      },
    )
    return { exitCode, stdout, stderr }
  }

  const runs: [line: string, exitCode?: number][] = [
    ['migrate --check'],
    ['show create --name Rent --start-time 2031-01-01T19:00Z --total-seats 5'],
    ['show list --json'],
    ['show view Cats'],
    ['show edit Cats --total-seats 50'],
    ['show copy Cats --start-time 2031-01-02T19:00Z --name Dogs'],
    ['show cancel Dogs -y --expect-bookings 0'],
    ['show report Cats'],
    ['plan check house.plan', 2],
    ['plan print house.plan', 2],
    ['history --show Cats'],
    ['book Cats --seats 1,2'],
    ['book Cats --count 2 --json'],
    ['book Cats --file rows.csv', 2],
    ['booking list'],
    ['booking view AAAA-AAAA', 3],
    ['booking confirm AAAA-AAAA', 3],
    ['booking move AAAA-AAAA --to 5', 3],
    ['booking cancel AAAA-AAAA -y', 3],
    ['booking check-in AAAA-AAAA', 3],
    ['booking print AAAA-AAAA', 3],
    ['verify'],
    ['stress --bookings 4 --processes 2'],
    ['db status'],
    ['db url'],
    ['db start'],
    ['db backup /dev/full', 2],
    ['db restore /dev/null -y', 2],
    ['db stop'],
    ['db upgrade'],
    ['doctor', 7],
    ['daemon status'],
    ['daemon start'],
    ['daemon stop'],
    ['serve --port x', 2],
    ['token create --name x --role read'],
    ['token list'],
    ['token revoke x', 2],
    ['completion bash'],
    ['options'],
    ['environment'],
    ['exit-codes'],
    ['errors'],
    ['help show create'],
    ['show --help'],
    ['--version'],
  ]

  /** A scripted booking, and commands that start a server or other processes. */
  const NEEDS_PROCESS = /^(book .* --json|daemon|db start|doctor|stress|--version)\b/

  it('does not prevent any command', async () => {
    for (const [line, exitCode = 0] of runs) {
      const run = NEEDS_PROCESS.test(line) ? runThere : runInProcessThere
      const ran = await run(line.split(' '), { TICKETS_DATA_DIR: join(scratch, 'none') })
      expect([line, ran.exitCode, ran.stderr]).toEqual([
        line,
        exitCode,
        expect.not.stringMatching(/a bug|cwd/),
      ])
    }
  })

  it('is tested with every command', async () => {
    // Commands that the shell and the daemon call, and `demo`, which starts processes as `stress`
    // does.
    const others = ['complete', 'daemon run', 'demo']
    const paths = pathsOf(await commandTree({} as Run)).filter((path) => !others.includes(path))
    const untried = paths.filter(
      (path) => !runs.some(([line]) => `${line} `.startsWith(`${path} `)),
    )
    expect(untried).toEqual([])
  })

  const said: [what: string, sentence: string][] = []
  it.each([
    ['TICKETS_DATA_DIR', { DATABASE_URL: '', TICKETS_DATA_DIR: 'data' }],
    ['PGSERVICEFILE', { DATABASE_URL: 'postgres:///?service=x', PGSERVICEFILE: 'services' }],
    ['PGSSLROOTCERT', { PGSSLROOTCERT: 'root.crt' }],
    ['PGPASSFILE', { PGPASSFILE: 'passwords' }],
  ])('makes a relative %s an error with one message, exit code 2', async (name, env) => {
    for (const [run, args] of [
      [runInProcessThere, ['show', 'list']],
      [runThere, ['book', 'Cats', '--count', '1', '--json']],
    ] as const) {
      const ran = await run(args, env)
      const text = (ran.stdout + ran.stderr).replace(/\s+/g, ' ').trim()
      said.push([`${name}: tickets ${args.join(' ')}`, text])
      expect([ran.exitCode, text]).toEqual([
        2,
        expect.stringMatching(/^(✗ [^{]+\.|\{"error":\{"code":"INVALID_INPUT".*\})$/),
      ])
    }
  })

  it('does not prevent the start of an embedded server', async () => {
    const env = { DATABASE_URL: '', TICKETS_DATA_DIR: join(scratch, 'server') }
    expect((await runThere(['show', 'list', '--json'], env)).stdout).toBe('[]')
    expect((await runThere(['db', 'stop'], env)).exitCode).toBe(0)
  })

  it('is reported with the messages in test/wording/working-directory.txt', () =>
    expectWording('working-directory', said))
})

/** The commands, without groups. */
function pathsOf(command: Command): string[] {
  return command.commands.length === 0 ? [pathOf(command)] : command.commands.flatMap(pathsOf)
}

describe('a data directory', () => {
  it.each(['a $HOME "b`c`" d\\\\e\\$f', `it's (a) "d%41r", $(touch x)! Søndag 席`])(
    'named %j has a server that all commands reach, and a URL',
    async (name) => {
      const dataDir = join(scratch, name)
      const env = { TICKETS_DATA_DIR: dataDir }
      const run = (...args: string[]) => runInProcess(args, { ...bareEnvironment, ...env })
      try {
        const made = await tickets(
          [
            ...['show', 'create', '--name', 'Cats', '--start-time', '2031-01-01T19:00Z'],
            ...['--total-seats', '5'],
          ],
          { env },
        )
        expect([made.exitCode, made.stderr]).toEqual([0, expect.stringContaining('Starting')])
        const booked = await tickets(['book', 'Cats', '--count', '1', '--json'], { env })
        expect(booked.exitCode).toBe(0)
        const url = (await run('db', 'url')).stdout.trimEnd()
        expect(url).toMatch(/^postgresql:\/\/tickets@\/tickets\?host=[\w%.~-]+&port=5432$/)
        const client = new pg.Client(url)
        await client.connect()
        expect((await client.query('select name from shows')).rows).toEqual([{ name: 'Cats' }])
        await client.end()
        expect((await run('show', 'list', '--db', url)).exitCode).toBe(0)
        expect((await run('db', 'stop')).exitCode).toBe(0)
        expect((await run('show', 'list')).stdout).toMatch(/\tCats\t/)
        expect((await run('db', 'status', '--json')).json()).toMatchObject({
          state: 'running',
          data_dir: dataDir,
        })
      } finally {
        await run('db', 'stop')
      }
    },
  )

  it('with a line break in its name is refused with one message by every command that needs it', async () => {
    for (const name of ['a\nb', 'a\rb']) {
      const env = { TICKETS_DATA_DIR: join(scratch, name) }
      for (const args of [
        ['show', 'list'],
        ['book', 'x', '--count', '1', '--json'],
        ['db', 'url'],
      ]) {
        const ran = await (args[0] === 'book' ? tickets(args, { env }) : runInProcess(args, env))
        expect([ran.exitCode, (ran.stdout + ran.stderr).replace(/\s+/g, ' ')]).toEqual([
          2,
          withFacts('TICKETS_DATA_DIR'),
        ])
      }
    }
  })

  it('with control characters in its name is shown without them', async () => {
    const env = { TICKETS_DATA_DIR: join(scratch, 'a\u001b[31m\tb') }
    const { stdout } = await runInProcess(['db', 'status'], env)
    expect(stdout).toContain('a\\u{1b}[31m\\tb')
    expect(stdout).not.toContain('\u001b')
  })
})
