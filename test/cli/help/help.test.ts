import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../../../src/cli/context.js'
import { declarationOf } from '../../../src/cli/declaration.js'
import { exitCodes } from '../../../src/cli/help/exit-codes.js'
import { commandTree } from '../../../src/cli/main.js'
import { openTickets } from '../../../src/index.js'
import { errorCodes } from '../../../src/shared/errors.js'
import { program, tickets } from '../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { runInProcess } from '../../support/in-process.js'
import { freePort } from '../../support/own-server.js'
import { openTerminal } from '../../support/terminal.js'
import { questions } from '../../support/wording.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

const topics = ['options', 'environment', 'exit-codes', 'errors']

/** The path of each command, and what its --help prints. */
const tree = await commandTree({} as Run)
const screens = screensOf(tree)

describe('help', () => {
  it.each(screens)('for "%s" is one screen of 80 × 24: examples, usage, exit codes', (_, text) => {
    const lines = text.trimEnd().split('\n')
    // The last line is left for the prompt of the shell.
    expect(lines.length).toBeLessThanOrEqual(23)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines.slice(1, 3)).toEqual(['', 'Examples:'])
  })

  it('ends with the exit codes, and describes the global options in one place', () => {
    const listed = screens.filter(([path]) => !topics.includes(path))
    for (const [path, text] of listed) {
      expect([path, text]).toEqual([
        path,
        expect.stringMatching(/\nUsage: .*\nExit codes: 0 done.*\n$/s),
      ])
    }
    for (const name of ['--db', '--json', '--wait', '--operator', '--help']) {
      expect(Object.fromEntries(screens).options).toMatch(`${name}`)
    }
  })

  it('is the same from `help` as from --help, at any depth', async () => {
    for (const [path, text] of screens) {
      const words = path === 'tickets' ? [] : path.split(' ')
      const byHelp = await runInProcess(['help', ...words])
      expect([path, byHelp]).toMatchObject([path, { exitCode: 0, stdout: text, stderr: '' }])
      const byFlag = await runInProcess([...words, '--help'])
      expect([path, byFlag.stdout]).toEqual([path, text])
    }
    for (const words of [['show', 'crate'], ['crate'], ['book', 'Hamlet']]) {
      const ran = await runInProcess(['help', ...words])
      expect([ran.exitCode, ran.stdout, ran.stderr]).toEqual([
        2,
        '',
        expect.stringContaining(`Unknown command '${words.at(-1)}'.`),
      ])
    }
  })

  it('is printed for the name of a group alone; with an option, a command is missing', async () => {
    const groups = [['show'], ['plan'], ['booking'], ['token'], ['db'], ['daemon']]
    for (const group of groups) {
      const ran = await runInProcess(group)
      expect(ran).toMatchObject({ exitCode: 0, stdout: textOf(group[0]!), stderr: '' })
      for (const option of ['--json', '--no-input', '-q']) {
        for (const args of [
          [...group, option],
          [option, ...group],
        ]) {
          expect([args, (await runInProcess(args)).exitCode]).toEqual([args, 2])
        }
      }
    }
  })

  it('of the environment has every variable that the code reads, and no other', async () => {
    const listed = new Set(textOf('environment').match(/\b[A-Z][A-Z_]+\b/g))
    const read = await variablesInSource()
    // Between a load test and its own processes.
    read.delete('TICKETS_STATS')
    // Prefixes of names.
    read.delete('TICKETS_')
    // There is no room for the variables of libpq that have no effect.
    const operations = await readFile(join(root, 'docs/operations.md'), 'utf8')
    const [others] = /^No setting of libpq .*$/m.exec(operations)!
    for (const [, name] of others.matchAll(/`(PG[A-Z]+)`/g)) read.delete(name!)
    expect([...read].filter((name) => !listed.has(name))).toEqual([])
    expect([...listed].filter((name) => !read.has(name))).toEqual([
      ...['URL', 'PG', 'UTF', 'ASCII', 'IANA'],
    ])
  })

  it('has every exit code with the text in docs/scripting.md, and every error code with its exit code', async () => {
    const document = await readFile(join(root, 'docs/scripting.md'), 'utf8')
    const [, table = ''] = /^\| exit \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(document)!
    const rows = table.trimEnd().split('\n')
    expect(
      rows.map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
    ).toEqual(exitCodes.map(({ codes, meaning, advice }) => [codes.join(', '), meaning, advice]))
    const text = textOf('exit-codes').replace(/\s+/g, ' ')
    for (const { codes, meaning, advice } of exitCodes) {
      expect(text).toContain(`${codes.join(', ')} ${meaning}${advice && `: ${advice}`}`)
    }
    const known = exitCodes.flatMap(({ codes }) => codes)
    const exits = Object.values(errorCodes).map(({ exit }) => exit)
    expect(exits.filter((exit) => !known.includes(exit))).toEqual([])

    const listed = new Map<string, number>()
    for (const line of textOf('errors').replace(/,\n +/g, ', ').split('\n')) {
      const [, exit, names] = /^ {2}(\d+)(?:, \d+)? +([A-Z_, ]+)$/.exec(line) ?? []
      for (const name of names?.split(', ') ?? []) listed.set(name, Number(exit))
    }
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(errorCodes).map(([code, { exit }]) => [code, exit])),
    )
    const retry = /retryable is true\): ([A-Z_,\s]+)/.exec(textOf('errors'))![1]!
    expect(retry.split(/[,\s]+/).filter(Boolean)).toEqual(
      Object.entries(errorCodes).flatMap(([code, { retryable }]) => (retryable ? [code] : [])),
    )
  })

  it('has a table in each topic, and in no command', () => {
    const tables = leavesOf(tree).filter((each) => declarationOf(each).rows !== undefined)
    expect(tables.map((each) => each.name())).toEqual(topics)
  })
})

describe('the examples of help', () => {
  let directory: string
  /** The database that is copied for the examples of each screen. */
  let original: TestDatabase
  beforeAll(async () => {
    original = await openBoxOffice()
    directory = await mkdtemp(join(tmpdir(), 'tickets-help-'))
    // If root runs the tests, the embedded server runs as another user.
    await chmod(directory, 0o755)
    await mkdir(join(directory, 'bin'))
    await symlink(program, join(directory, 'bin/tickets'))
    await mkdir(join(directory, '.config/fish/completions'), { recursive: true })
    await writeFile(join(directory, 'group.csv'), 'customer,seats\nAda,E10-E12\nGrace,E1\n')
    await writeFile(join(directory, 'globe.plan'), 'name: Globe\nA 1-6 . 7-12\nB w1 c2 3-6\n')
  })
  afterAll(async () => {
    await tickets(['db', 'stop'], { env: { TICKETS_DATA_DIR: join(directory, 'data') } })
    await rm(directory, { recursive: true, force: true })
    await original.drop()
  })

  // demo.test.ts runs the one example of `demo`, which starts 24 processes.
  const others = screens.filter(([path]) => path !== 'demo')

  it.each(others)('of "%s" work as they stand, one after the other', async (_, text) => {
    const box = await cloneDatabase({ of: original })
    const env = {
      PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
      HOME: directory,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME!,
      DATABASE_URL: box.url,
      TICKETS_DATA_DIR: join(directory, 'data'),
    }
    const port = await freePort()
    for (const example of examplesOf(text)) {
      const command = example
        .replace('postgres://me@localhost/tickets', `'${box.url}'`)
        .replace('--port 8080', `--port ${port}`)
        .replace(/^tickets serve$/, `tickets serve --port ${port}`)
      const end = lasting.find(({ pattern }) => pattern.test(example))
      const ended = await runIn({ cwd: directory, env }, command, end?.screen)
      expect({ example, ...ended }).toMatchObject({ example, exitCode: end?.exitCode ?? 0 })
    }
    await box.drop()
  })
})

function textOf(path: string): string {
  return screens.find(([one]) => one === path)![1]
}

/** The names of variables in the code, without its comments. */
async function variablesInSource(): Promise<Set<string>> {
  const files = await readdir(join(root, 'src'), { recursive: true })
  const names = new Set<string>()
  for (const file of files.filter((one) => one.endsWith('.ts') && one !== 'cli/help/command.ts')) {
    const text = await readFile(join(root, 'src', file), 'utf8')
    const code = text.replace(/^ *(\/\/|\*|\/\*).*$/gm, '')
    const found = [
      ...code.matchAll(/\benv\.([A-Z][A-Z_]+)/g),
      ...code.matchAll(/\{ ([A-Z][A-Z_]+) \} = env\b/g),
      // The name of PostgreSQL's socket is not a variable.
      ...code.matchAll(/(?<!\.s\.)\b((?:PG[A-Z]|TICKETS_|XDG_|DATABASE_URL)[A-Z_]*|HOME)\b/g),
    ]
    for (const [, name] of found) names.add(name!)
  }
  return names
}

/** Examples that ask, or run until Ctrl-C: what they show on the screen, and their exit code. */
const lasting = [
  { pattern: /^tickets book$/, screen: 'Which show', exitCode: 130 },
  {
    pattern: /^tickets show create( && tickets book)?$/,
    screen: questions.nameOfShow,
    exitCode: 130,
  },
  { pattern: /--watch$/, screen: 'Hamlet', exitCode: 130 },
  { pattern: /^tickets serve/, screen: 'http://', exitCode: 0 },
]

/** A word that a shell does not change, alone or between quotes, and that names no file. */
const WORD = /(?<= )(?:([\w:,/@=+-]+)|'([^']*)'|"([^"$`\\]*)")(?= |$)/g

/** The words of a command that needs neither a shell nor a separate process. */
function wordsOf(command: string): string[] | undefined {
  if (!/^tickets (?!daemon|db backup|demo|serve|stress .*--processes)/.test(command)) return
  const words = Array.from(
    command.matchAll(WORD),
    ([, ...read]) => read.find((one) => one !== undefined)!,
  )
  const isAll = command.replace(WORD, '').trim().replace(/ +/g, ' ') === 'tickets'
  return isAll ? words : undefined
}

/**
 * Runs a command line to its end, or in a terminal until this text is on the screen, and then
 * presses Ctrl-C.
 */
async function runIn(
  { cwd, env }: { cwd: string; env: Record<string, string> },
  command: string,
  screen: string | undefined,
): Promise<{ exitCode: number | null | undefined; said: string }> {
  if (screen === undefined) {
    const words = wordsOf(command)
    if (words !== undefined) {
      const { exitCode, stdout, stderr } = await runInProcess(words, env, { cwd })
      return { exitCode, said: stdout + stderr }
    }
    const ran = await execa('bash', ['-c', command], {
      cwd,
      env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      all: true,
    })
    return { exitCode: ran.exitCode, said: ran.all }
  }
  const terminal = openTerminal('bash', ['-c', command], { cwd, env })
  await terminal.waitFor(screen)
  terminal.press('ctrl-c')
  const { code } = await terminal.exit
  return { exitCode: code, said: terminal.history() }
}

function screensOf(command: Command, path: string[] = []): [path: string, text: string][] {
  const inner = command.commands
    // Commands that only the program itself runs.
    .filter((each) => !['complete', 'run'].includes(each.name()))
    .flatMap((each) => screensOf(each, [...path, each.name()]))
  return [[path.join(' ') || 'tickets', command.helpInformation()], ...inner]
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

/** The lines below 'Examples:', with their continuation lines. */
function examplesOf(text: string): string[] {
  const [, block = ''] = /^Examples:\n(.*?)\n\n/ms.exec(text) ?? []
  const lines = block.replaceAll(/\\\n */g, '').split('\n')
  return lines.map((line) => line.trim())
}

/** A database with the shows and bookings that the examples name. */
async function openBoxOffice(): Promise<TestDatabase> {
  const db = await cloneDatabase()
  const tickets = openTickets({ database: db.url, env: {}, cwd: '/nowhere' })
  const house = { startTime: new Date('2031-03-01T19:30:00Z'), timeZone: 'Europe/London' }
  await tickets.createShow({ ...house, name: 'Hamlet', totalSeats: 60, seatsPerRow: 12 })
  await tickets.createShow({ ...house, name: 'The Lion King', totalSeats: 100, seatsPerRow: 10 })
  await tickets.book('Hamlet', { seats: 'A1-A4', customer: 'Ada Lovelace' })
  await tickets.book('Hamlet', { seats: 'C5-C8', customer: 'Grace', hold: 'forever' })
  await tickets.createToken({ name: 'lobby', role: 'read' })
  await tickets.close()
  await db.sql(`update bookings set reference = 'K7Q29FMX' where status = 'CONFIRMED'`)
  await db.sql(`update bookings set reference = 'DT94KZXC' where status = 'HELD'`)
  await db.sql(`update api_tokens set id = '3f2a8c1e5b7d'`)
  await db.sql(`do $$ begin create role clerk; exception when others then null; end $$`)
  return db
}
