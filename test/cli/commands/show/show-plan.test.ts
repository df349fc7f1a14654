import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { openTerminal } from '../../../support/terminal.js'
import { questions } from '../../../support/wording.js'

const GLOBE = `name: Globe
section Stalls
A  1-6 . 7-10
B  w1 c2 3-6 . 7-10
section Circle
A  x1-2 3-6 r7-8
`

let db: TestDatabase
let cwd: string
beforeAll(async () => {
  db = await cloneDatabase()
  cwd = await mkdtemp(join(tmpdir(), 'tickets-plan-'))
  await writeFile(join(cwd, 'globe.plan'), GLOBE)
  await run('show', 'create', '--name', 'Titus', ...start, '--plan', 'globe.plan')
})
afterAll(async () => {
  await db.drop()
  await rm(cwd, { recursive: true })
})

/** Inside this process, where a path is relative to the directory of the test. */
const run = (...args: string[]) =>
  runInProcess(
    args.map((word) => (word.endsWith('.plan') ? join(cwd, word) : word)),
    { DATABASE_URL: db.url },
  )
const start = ['--start-time', '2040-06-01T19:00Z']

it('a show is created from a plan, booked by its labels, moved to another plan, and reported by section', async () => {
  const made = await run(
    'show',
    'create',
    '--name',
    'Lear',
    ...start,
    '--plan',
    'globe.plan',
    '--json',
  )
  expect(made.json()).toMatchObject({
    total_seats: 26,
    seats_per_row: null,
    plan: { name: 'Globe' },
  })
  const booked = await run('book', 'Lear', '--seats', 'circle a3-a4', '--json')
  expect(booked.json()).toMatchObject({
    seats: [21, 22],
    seat_labels: ['Circle A3', 'Circle A4'],
    section: 'Circle',
  })
  await writeFile(join(cwd, 'larger.plan'), `${GLOBE}B  1-8\n`)
  const edited = await run('show', 'edit', 'Lear', '--plan', 'larger.plan', '--json')
  expect(edited.json()).toMatchObject({ total_seats: 34 })
  await writeFile(join(cwd, 'other.plan'), GLOBE.replace('Circle', 'Balcony'))
  const refused = await run('show', 'edit', 'Lear', '--plan', 'other.plan')
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Circle A3') })
  const report = await run('show', 'report', 'Lear')
  expect(report.stdout).toMatch(/Sections\n +Stalls .* 0\/20\n +Circle .* 2\/14\n/)
  expect(report.stdout).toMatch(/Rows\n +Stalls A .* 0\/10\n/)
})

it.each([
  [['--plan', 'globe.plan', '--total-seats', '26'], /--plan .*--total-seats.*--seats-per-row/s],
  [['--plan', 'none.plan'], /does not exist/],
  [[], /--total-seats or --plan/],
])('a show is not created with %j', async (house, message) => {
  const ran = await run('show', 'create', '--name', 'X', ...start, ...house)
  expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) })
})

it('an edit with questions leaves out what the plan decides', async () => {
  await run('show', 'create', '--name', 'Timon', ...start, '--plan', 'globe.plan')
  const terminal = openTerminal(process.execPath, [program, 'show', 'edit', 'Timon'], {
    env: { DATABASE_URL: db.url, HOME: '/nonexistent' },
  })
  await terminal.waitFor('Name of the show?')
  terminal.type(' of Athens\r')
  await terminal.waitFor('When does it start?')
  terminal.press('enter')
  expect((await terminal.exit).code).toBe(0)
  expect(terminal.history()).toContain('26 free  of 26')
  expect(terminal.history()).not.toContain('How many seats?')
  await terminal.close()
})

describe('show create with questions offers the plans in the directory', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tickets-plans-'))
    await writeFile(join(directory, 'globe.plan'), GLOBE)
    await writeFile(join(directory, 'wrong.plan'), 'A  1-6\nA  q7\n')
  })
  afterAll(() => rm(directory, { recursive: true }))

  /** Answers each question, and returns the show that is created. */
  async function create(env: Record<string, string>, answers: [RegExp | string, string][]) {
    const terminal = openTerminal(
      process.execPath,
      [program, 'show', 'create', '--name', `Asked ${answers.length}`, ...start],
      { env: { DATABASE_URL: db.url, HOME: '/nonexistent', ...env }, cwd: directory },
    )
    for (const [question, answer] of answers) {
      await terminal.waitFor(question)
      terminal.type(`${answer}\r`)
    }
    const { code } = await terminal.exit
    const id = terminal.history().match(/[0-9a-f-]{36}/)?.[0]
    await terminal.close()
    expect(code).toBe(0)
    const { plan, total_seats, seats_per_row } = (await run('show', 'view', id!, '--json')).json()
    return { plan: plan?.name, total_seats, seats_per_row }
  }
  const offered = /globe\.plan[\s\S]*wrong\.plan/

  it.each([
    ['in a list', {}],
    ['in lines', { TICKETS_PLAIN: '1' }],
  ])('%s: a plan with an error is asked for again, with the place of the error', async (_, env) => {
    const made = await create(env, [
      [offered, 'wrong'],
      [/wrong\.plan:2:1: [\s\S]*\? [^\n]*\(/, 'globe'],
    ])
    expect(made).toEqual({ plan: 'Globe', total_seats: 26, seats_per_row: null })
  })

  it('and no plan, which asks for a number of seats', async () => {
    const made = await create({ TICKETS_PLAIN: '1' }, [
      [questions.house, '3'],
      [questions.total, '30'],
      [questions.inRow, '10'],
    ])
    expect(made).toEqual({ plan: undefined, total_seats: 30, seats_per_row: 10 })
  })
})

it('one section of a show is drawn, and counted in the legend', async () => {
  await run('book', 'Titus', '--seats', 'Stalls A1, Circle A3')
  const { stdout } = await run('show', 'view', 'Titus', '--section', 'circle')
  expect(stdout).toMatch(/ {2}Circle\n +A .* A\n/)
  expect(stdout).not.toMatch(/^ {2}Stalls$| B$/m)
  expect(stdout).toMatch(/ 5 [^◐]*◐ 0 [^●]*● 1 /)
})

it.each([
  [['Balcony'], 3, /Balcony.*Stalls, Circle/],
  [['Circle', '--json'], 2, /--section/],
  [['Circle', '--watch'], 2, /--section/],
  [['Circle', '--history'], 2, /--section/],
])('a show cannot be viewed with --section %j', async (options, exitCode, message) => {
  const ran = await run('show', 'view', 'Titus', '--section', ...options)
  expect(ran).toMatchObject({ exitCode })
  expect(ran.stdout + ran.stderr).toMatch(message)
})

it('a terminal that cuts a house with sections says how to see one of them', async () => {
  const rows = Array.from({ length: 60 }, (_, index) => `${index + 1} 1-4\n`).join('')
  await writeFile(join(cwd, 'high.plan'), `section Box\nA 1-2\nsection Gods\n${rows}`)
  await run('show', 'create', '--name', 'Cymbeline', ...start, '--plan', 'high.plan')
  for (const [section, isCut] of [
    [[], true],
    [['--section', 'Box'], false],
  ] as const) {
    const args = ['show', 'view', 'Cymbeline', ...section]
    const ran = await runInProcess(args, { DATABASE_URL: db.url }, { columns: 80 })
    expect(ran.exitCode).toBe(0)
    expect((ran.stdout + ran.stderr).includes('--section')).toBe(isCut)
  }
})
