import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTickets } from '../../../src/index.js'
import { program } from '../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../support/database.js'
import { runInProcess } from '../../support/in-process.js'
import { insertShow } from '../../support/shows.js'

let db: TestDatabase
let directory: string
let show: string
let hold: string
let sold: string

const TRAP = 'Trap $(touch pwned) `touch pwned` "\' & ; \\'
const run = (args: string[], env = {}) => runInProcess(args, { DATABASE_URL: db.url, ...env })

beforeAll(async () => {
  db = await cloneDatabase()
  directory = await mkdtemp(join(tmpdir(), 'tickets-completion-'))
  await mkdir(join(directory, 'bin'))
  await symlink(program, join(directory, 'bin', 'tickets'))
  show = await insertShow(db, { seats: 12, seatsPerRow: 6, name: 'The Lion King' })
  await insertShow(db, { seats: 3, name: TRAP })
  await insertShow(db, { seats: 3, name: 'Twin' })
  await insertShow(db, { seats: 3, name: 'Twin' })
  await insertShow(db, { seats: 3, name: 'Esc\u001b[2J' })
  for (const time of ['03-08 19:30', '03-01 15:00', '03-15 19:30', '03-01 19:30']) {
    const id = await insertShow(db, { seats: 3, name: 'Hamlet' })
    await db.sql(
      `update shows set start_time = $2::timestamptz, time_zone = 'Europe/London' where id = $1`,
      [id, `2031-${time}Z`],
    )
  }
  const book = async (...args: string[]) =>
    (await run(['book', show, '--json', ...args])).json().reference
  hold = await book('--seats', 'A1-A2', '--hold', '1h', '--customer', 'Ada')
  sold = await book('--seats', 'B1')
})
afterAll(async () => {
  await db.drop()
  await rm(directory, { recursive: true })
})

/** The completions that are offered for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const all = ['tickets', ...words]
  const { stdout, stderr, exitCode } = await run([
    ...['complete', 'fish', String(words.length), '--'],
    ...all,
  ])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0]!]))
}

describe('the offered completions', () => {
  it('are commands, options and choices, from the command tree', async () => {
    expect(await offered('boo')).toEqual(['book', 'booking'])
    expect(await offered('booking', 'c')).toEqual(['confirm', 'cancel', 'check-in'])
    expect(await offered('booking', 'cancel', '--s')).toEqual(['--seats'])
    expect(await offered('booking', 'list', '--status', 'c')).toEqual(['confirmed', 'cancelled'])
    expect(await offered('db', 'st')).toEqual(['status', 'start', 'stop'])
    expect(await offered('complet')).toEqual(['completion'])
    expect(await offered('book', '--file', '')).toEqual([':files'])
    expect(await offered('book', '--customer', '')).toEqual([])
  })

  it('are live shows, by name and by the beginning of the id', async () => {
    expect(await offered('show', 'view', 'The')).toEqual(['The Lion King'])
    expect(await offered('show', 'view', '"The L')).toEqual(['The Lion King'])
    expect(await offered('booking', 'move', hold, '--to-show', 'The\\ L')).toEqual([
      'The Lion King',
    ])
    expect(await offered('book', show.slice(0, 5))).toEqual([show.slice(0, 8)])
    // The last name contains control characters: it is offered by its id.
    const all = await offered('book', '')
    expect(all).toHaveLength(5)
    expect(all.sort()).toEqual(expect.arrayContaining(['Hamlet', 'The Lion King', TRAP, 'Twin']))
    expect(all.join()).not.toContain('\u001b')
  })

  it('are names, matched in any case, each once, with its dates', async () => {
    expect(await offered('book', 'twi')).toEqual(['Twin'])
    expect(await offered('book', 'THE  LI')).toEqual(['The Lion King'])
    const { stdout } = await run(['complete', 'fish', '2', '--', 'tickets', 'book', 'ham'])
    expect(stdout).toMatch(
      /^Hamlet\t2031-03-01 15:00 GMT, 2031-03-01 19:30 GMT, 2031-03-08 19:30 GMT, 1 .*\n$/,
    )
  })

  it('are the dates of a name, as short as they are unambiguous', async () => {
    const dates = ['2031-03-01T15:00', '2031-03-01T19:30', '2031-03-08', '2031-03-15']
    expect(await offered('book', 'hamlet', '--date', '')).toEqual(dates)
    expect(await offered('book', 'Hamlet', '--date=2031-03-0')).toEqual(
      dates.slice(0, 3).map((date) => `--date=${date}`),
    )
    expect(await offered('booking', 'move', sold, '--to-show', 'Hamlet', '--date', '')).toEqual(
      dates,
    )
    expect(await offered('booking', 'move', sold, '--date', '')).toEqual([])
    // Two at the same time, and a show with a name of its own.
    expect(await offered('book', 'Twin', '--date', '')).toEqual([])
    expect(await offered('show', 'cancel', 'The Lion King', '--date', '')).toEqual(['2030-01-01'])
  })

  it.each([
    ['to book', ['book', ''], []],
    ['to move to', ['booking', 'move', '', '--to-show', ''], []],
    ['to cancel', ['show', 'cancel', ''], []],
    ['to check in', ['booking', 'check-in', '', '--show', ''], ['Gone by']],
    ['to view', ['show', 'view', ''], ['Called off', 'Gone by']],
    ['to report on', ['show', 'report', ''], ['Called off', 'Gone by']],
    ['to copy', ['show', 'copy', ''], ['Called off', 'Gone by']],
    ['to list the bookings of', ['booking', 'list', ''], ['Called off', 'Gone by']],
  ])(
    'include past and cancelled shows only if the command applies to them: %s',
    async (_, words, expected) => {
      const shows = await openOld()
      const seen = await offered(...words)
      expect(seen.filter((name) => ['Called off', 'Gone by'].includes(name)).sort()).toEqual(
        expected,
      )
      const dates = await offered(...words.slice(0, -1), 'Gone by', '--date', '')
      expect(dates).toEqual(expected.includes('Gone by') ? ['2020-01-01'] : [])
      await db.sql('delete from shows where id = any($1)', [shows])
    },
  )

  it('are references to which the command applies', async () => {
    expect(await offered('booking', 'confirm', '')).toEqual([hold])
    expect(await offered('booking', 'check-in', '')).toEqual([sold])
    expect((await offered('booking', 'view', '')).sort()).toEqual([hold, sold].sort())
    expect(await offered('booking', 'view', hold.slice(0, 6).toLowerCase())).toEqual([
      hold.toLowerCase(),
    ])
    expect(await offered('booking', 'view', hold.replace('-', '').slice(0, 6))).toEqual([
      hold.replace('-', ''),
    ])
  })

  it('are the seats to which the command applies', async () => {
    expect(await offered('book', show, '--seats', 'A')).toEqual(['A3', 'A4', 'A5', 'A6'])
    expect(await offered('book', 'The Lion King', '--seats=A')).toContain('--seats=A3')
    expect(await offered('book', show, '--seats', 'a3,a')).toEqual(['a3,a4', 'a3,a5', 'a3,a6'])
    expect(await offered('booking', 'cancel', hold, '--seats', '')).toEqual(['A1', 'A2'])
    expect(await offered('booking', 'move', sold, '--to', 'B')).not.toContain('B1')
    expect(await offered('history', '--show', show, '--seat', 'B')).toContain('B1')
  })

  it('are labels of a plan, in the case in which they are typed', async () => {
    const id = await createPlanned('Globe show')
    expect(await offered('book', id, '--seats', 'Circle ')).toEqual([
      'Circle Left A1',
      'Circle Left A2',
    ])
    expect(await offered('book', id, '--seats', 'stalls a1,st')).toEqual(['stalls a1,stalls a2'])
    await db.sql('delete from shows where id = $1', [id])
  })

  it('are the sections of the show that the line names, on the date that it names', async () => {
    const id = await createPlanned('Globe show')
    const later = await createPlanned('Globe show', new Date('2040-01-02'), 'section Pit\nA 1\n')
    const first = ['Globe show', '--date', '2040-01-01']
    for (const command of [['book'], ['show', 'view']]) {
      expect(await offered(...command, id, '--section', '')).toEqual(['Stalls', 'Circle Left'])
    }
    expect(await offered('book', ...first, '--count', '2', '--section=circle l')).toEqual([
      '--section=Circle Left',
    ])
    expect(await offered('book', '--date', '2040-01-02', 'Globe show', '--section', '')).toEqual([
      'Pit',
    ])
    for (const words of [[], ['Globe show'], ['Nobody'], [show]]) {
      expect(await offered('book', ...words, '--section', '')).toEqual([])
    }
    const words = ['bash', '4', '--', 'tickets', 'book', id, '--section', 'ci']
    expect((await run(['complete', ...words])).stdout).toBe('Circle\\ Left\n')
    await db.sql('delete from shows where id = any($1)', [[id, later]])
  })

  it('are the plans in the directory and the shows whose plan can be printed, or else files', async () => {
    const id = await createPlanned('Globe show')
    const elsewhere = process.cwd()
    process.chdir(directory)
    try {
      for (const file of ['globe.plan', 'Esc\u001b[2J.plan', '-x.plan', 'hall.csv']) {
        await writeFile(join(directory, file), '')
      }
      await mkdir(join(directory, 'globes.plan'))
      expect(await offered('plan', 'print', 'gLO')).toEqual(['globe.plan', 'Globe show'])
      expect(await offered('plan', 'print', '')).toEqual(
        expect.arrayContaining(['globe.plan', 'Globe show', 'Hamlet']),
      )
      expect(await offered('plan', 'print', 'hal')).toEqual([':files'])
      expect(await offered('plan', 'print', '')).not.toContain(':files')
      expect(await offered('plan', 'print', 'Globe show', '--date', '')).toEqual(['2040-01-01'])
      const nowhere = { DATABASE_URL: 'postgresql://x@/none?host=/nonexistent' }
      const words = ['bash', '3', '--', 'tickets', 'plan', 'print', 'glo']
      expect((await run(['complete', ...words], nowhere)).stdout).toBe('globe.plan\n')
    } finally {
      process.chdir(elsewhere)
    }
    await db.sql('delete from shows where id = $1', [id])
  })

  async function createPlanned(
    name: string,
    startTime = new Date('2040-01-01'),
    plan = 'section Stalls\nA 1-2\nsection Circle Left\nA 1-2\n',
  ): Promise<string> {
    const tickets = openTickets({ database: db.url, env: {} })
    const { id } = await tickets.createShow({ name, startTime, plan })
    await tickets.close()
    return id
  }

  it('are none, without an error, if the database cannot be reached or does not exist yet', async () => {
    for (const env of [
      { DATABASE_URL: 'postgresql://x@/none?host=/nonexistent' },
      { DATABASE_URL: undefined, TICKETS_DATA_DIR: join(directory, 'data') },
    ]) {
      const ran = await run(['complete', 'bash', '3', '--', 'tickets', 'show', 'view', ''], env)
      expect(ran).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    }
    expect(existsSync(join(directory, 'data'))).toBe(false)
  })
})

/** Creates a past show, and a future one that is cancelled, and returns their ids. */
async function openOld(): Promise<string[]> {
  const over = await insertShow(db, { name: 'Gone by' })
  const off = await insertShow(db, { name: 'Called off' })
  await db.sql(`update shows set start_time = '2020-01-01T19:00Z' where id = $1`, [over])
  await db.sql('update shows set cancelled_at = now() where id = $1', [off])
  return [over, off]
}

/** Runs a shell script in which `tickets` is this program, and returns the lines of its output. */
function inShell(shell: string, script: string): string[] {
  const env = {
    PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
    HOME: directory,
    DATABASE_URL: db.url,
    LANG: 'C.UTF-8',
    TERM: 'xterm',
  }
  const flags = shell === 'bash' ? ['--norc', '-c'] : shell === 'zsh' ? ['-f', '-c'] : ['-c']
  const output = execFileSync(shell, [...flags, script], { env, cwd: directory, encoding: 'utf8' })
  return output.split('\n').filter((line) => line !== '')
}

function isInstalled(shell: string): boolean {
  return (process.env.PATH ?? '').split(':').some((place) => existsSync(join(place, shell)))
}

describe('in bash', () => {
  const complete = (...words: string[]) =>
    inShell(
      'bash',
      `source <(tickets completion bash)
       COMP_WORDS=(tickets ${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')})
       COMP_CWORD=${words.length}
       _tickets
       printf '%s\\n' "\${COMPREPLY[@]}"`,
    )

  it('completions are quoted in the way in which the word was begun', () => {
    expect(complete('show', 'view', 'The')).toEqual(['The\\ Lion\\ King'])
    expect(complete('show', 'view', '"The L')).toEqual(['The Lion King'])
    expect(complete('booking', 'cancel', hold, '--seats', '=', 'A')).toEqual(['A1', 'A2'])
  })

  it('a show named like a command runs nothing, and its name is not changed by the shell', async () => {
    const [word] = complete('show', 'view', 'Trap')
    expect(inShell('bash', `printf '%s\\n' ${word}`)).toEqual([TRAP])
    for (const quote of [`"`, `'`]) {
      const [quoted] = complete('show', 'view', `${quote}Trap`)
      expect(inShell('bash', `printf '%s\\n' ${quote}${quoted}${quote}`)).toEqual([TRAP])
    }
    expect(await readdir(directory)).not.toContain('pwned')
  })
})

describe.runIf(isInstalled('fish'))('in fish', () => {
  it('names are complete, with descriptions', () => {
    const lines = inShell(
      'fish',
      'tickets completion fish | source; complete -C "tickets show view The"',
    )
    expect(lines).toEqual(['The Lion King\t2030-01-01 19:00 UTC'])
  })
})

describe.runIf(isInstalled('zsh'))('in zsh', () => {
  it('the script is valid, and passes the words on', () => {
    const lines = inShell(
      'zsh',
      `compdef() { }; compadd() { print -rl -- $values }
       source <(tickets completion zsh)
       words=(tickets show view The) CURRENT=4
       _tickets`,
    )
    expect(lines).toEqual(['The Lion King'])
  })
})
