import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BatchedLines } from '../../src/http/batched-lines.js'
import { safeText } from '../../src/shared/safe-text.js'
import { bareEnvironment, program } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { linesInTerminal } from '../support/terminal.js'

/** A C1 control that begins an escape sequence, changes of direction, and invisible characters. */
const TRAP = 'x\u009b31m\u202egnp\u2066\u200b\u2028'
/** What would move a cursor, colour a terminal, or reverse or end a line. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

const SHOW = 'aaaa1111-0000-4000-8000-000000000001'
const [SOLD, HELD, LATER] = ['SSSS-2222', 'HHHH-3333', 'TTTT-4444']

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
  await insertShow(db, { id: SHOW, name: TRAP, seats: 40 })
  for (const [seat, reference] of [SOLD, HELD, LATER].entries()) {
    const hold = reference === HELD ? ['--hold', '1h'] : []
    const whose = ['--customer', TRAP, '--note', TRAP, '--operator', TRAP]
    const words = ['book', SHOW, '--seats', `${seat + 1}`, ...whose, ...hold, '--json']
    const { id } = (await runInProcess(words, { DATABASE_URL: db.url })).json()
    const stored = reference.replace('-', '')
    await db.sql('update bookings set reference = $1 where id = $2', [stored, id])
  }
})
afterAll(() => db.drop())

function expectHarmless({ stdout, stderr }: { stdout: string; stderr: string }): void {
  expect(stdout.replaceAll(/[\n\t]/g, '')).not.toMatch(HARMFUL)
  expect(stderr.replaceAll('\n', '')).not.toMatch(HARMFUL)
}

describe('control characters that users wrote reach no terminal, not even under --debug', () => {
  const [whose, at] = [['--customer', TRAP, '--note', TRAP], '2031-01-01T19:00Z']
  const commands: string[][] = [
    ['show', 'list'],
    ['show', 'list', '--search', 'gnp'],
    ['show', 'view', SHOW],
    ['show', 'view', TRAP],
    ['show', 'report', SHOW],
    ['show', 'edit', SHOW, '--name', `${TRAP}!`],
    ['show', 'copy', SHOW, '--start-time', at],
    ['show', 'cancel', SHOW, '--dry-run'],
    ['show', 'create', '--name', TRAP, '--start-time', at, '--total-seats', TRAP],
    ['book', SHOW, '--seats', '30', ...whose],
    ['book', SHOW, '--seats', '1', ...whose],
    ['book', SHOW, '--seats', '31', ...whose, '--dry-run'],
    ['book', SHOW, '--count', '1', '--key', TRAP],
    ['book', SHOW, '--count', '2', '--key', TRAP],
    ['book', SHOW, '--seats', TRAP],
    ['book', SHOW, '--wait', TRAP],
    ['book', SHOW, `--${TRAP}`],
    ['book', '--file', TRAP, SHOW],
    ['booking', 'list', '--show', SHOW],
    ['booking', 'view', SOLD],
    ['booking', 'view', TRAP],
    ['booking', 'print', SOLD],
    ['booking', 'print', SOLD, '--svg', `/nonexistent/${TRAP}`],
    ['booking', 'confirm', HELD],
    ['booking', 'move', SOLD, '--to', '20'],
    ['booking', 'check-in', SOLD],
    ['booking', 'cancel', LATER, '--yes'],
    ['history', '--show', SHOW],
    ['verify'],
    ['stress', SHOW, '--yes', '--bookings', '2', '--in-process', '--seed', '1'],
    ['token', 'create', '--role', 'read', '--name', TRAP],
    ['token', 'list'],
    ['migrate', '--grant', TRAP],
    ['complete', 'fish', '3', '--', 'tickets', 'show', 'view', 'x'],
    ['complete', 'fish', '3', '--', 'tickets', 'booking', 'view', ''],
    [TRAP],
    ['show', 'list', '--operator', TRAP],
    ['show', 'list', '--db', `postgres://${TRAP}@/x?host=/nonexistent`, '--wait', '0s'],
    ['show', 'list', '--db', TRAP],
  ]

  it.each(commands.map((argv) => [safeText(argv.join(' ')), argv] as const))(
    '%s',
    async (_, argv) => {
      const env = { DATABASE_URL: db.url }
      for (const flags of [['--debug'], ['--debug', '--json'], []]) {
        const ran = await runInProcess([...argv, ...flags], env)
        expectHarmless(ran)
        expect(ran.exitCode).toBeOneOf([0, 2, 3, 4, 6])
      }
    },
  )

  const environments: [argv: string[], env: Record<string, string>][] = [
    [['db', 'status'], { TICKETS_DATA_DIR: `/nonexistent/${TRAP}` }],
    [['db', 'url'], { TICKETS_DATA_DIR: `/nonexistent/${TRAP}` }],
    [['show', 'list'], { TICKETS_DATA_DIR: `/proc/${TRAP}` }],
    [['daemon', 'status'], { TICKETS_DATA_DIR: `/nonexistent/${TRAP}` }],
    [['daemon', 'status'], { PGHOST: '/nonexistent', PGDATABASE: TRAP }],
    [['daemon', 'run', `/proc/${TRAP}`], {}],
    [['show', 'list'], { DATABASE_URL: `postgres:///x?service=${TRAP}`, PGSERVICEFILE: TRAP }],
    [['show', 'list'], { PGHOST: '/nonexistent', PGUSER: TRAP, PGDATABASE: TRAP }],
    [['show', 'list'], { PGHOST: '/nonexistent', PGPORT: TRAP, TICKETS_OPERATOR: TRAP }],
  ]

  it.each(environments.map(([argv, env]) => [safeText(JSON.stringify(env)), argv, env] as const))(
    'in the environment: %s',
    async (_, argv, env) => {
      for (const flags of [['--debug'], ['--debug', '--json'], []]) {
        expectHarmless(await runInProcess([...argv, '--wait', '0s', ...flags], env))
      }
    },
  )

  it('in a plan, in every format', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tickets-harmless-'))
    const file = join(directory, 'house.plan')
    await writeFile(file, `name: ${TRAP.replaceAll(/[\u009b\u2028]/gu, '')}\nA 1-3\n`)
    try {
      for (const argv of [['check'], ['print'], ['print', '-o', 'json']]) {
        expectHarmless(await runInProcess(['plan', ...argv, file]))
      }
      const formats = ['text', 'csv'].map((format) => `"$0" "$1" plan print "$2" -o ${format}`)
      const args = ['-c', formats.join('; '), process.execPath, program, file]
      const lines = await linesInTerminal('sh', args, { env: bareEnvironment, cols: 200 })
      expect(lines).toContain('name: x31m\\u{202e}gnp\\u{2066}\\u{200b}')
      expectHarmless({ stdout: lines.join('\n'), stderr: '' })
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('in the list of migrations', async () => {
    await db.sql('insert into knex_migrations (name, batch) values ($1, 99)', [TRAP])
    try {
      const ran = await runInProcess(['migrate', '--status'], { DATABASE_URL: db.url })
      expect(ran.stdout).toContain('unknown\tx\\u{9b}31m')
      expectHarmless(ran)
    } finally {
      await db.sql('delete from knex_migrations where batch = 99')
    }
  })

  it('in the log of a server, in the message of an error', () => {
    let log = ''
    const write = (text: string) => {
      log += text
    }
    const lines = new BatchedLines({ write })
    for (const msg of [TRAP, 'plain']) lines.write(`${JSON.stringify({ msg })}\n`)
    lines.flush()
    expect(log.replaceAll('\n', '')).not.toMatch(HARMFUL)
    expect(
      log
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).msg),
    ).toEqual([TRAP, 'plain'])
  })
})
