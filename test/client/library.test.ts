import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { filesOf } from '../support/examples.js'

const { name } = packageJson
const repository = fileURLToPath(new URL('../..', import.meta.url))

let db: TestDatabase
let project: string
beforeAll(async () => {
  db = await cloneDatabase()
  project = await mkdtemp(join(tmpdir(), 'tickets-library-'))
  await installPackage()
})
afterAll(async () => {
  await db.drop()
  await rm(project, { recursive: true })
})

/**
 * The files that `npm pack` ships, unpacked as npm would, next to the dependencies of this clone.
 */
async function installPackage() {
  const modules = join(project, 'node_modules')
  await mkdir(join(modules, name), { recursive: true })
  const packed = await execa(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', project],
    { cwd: repository },
  )
  const [{ filename }] = JSON.parse(packed.stdout)
  await execa('tar', ['xzf', filename, '-C', join(modules, name), '--strip-components=1'], {
    cwd: project,
  })
  const names = await readdir(join(repository, 'node_modules'))
  await Promise.all(
    names
      .filter((other) => other !== name)
      .map((other) => symlink(join(repository, 'node_modules', other), join(modules, other))),
  )
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}

const script = `
import { openTickets, TicketsError, type BookingOutcome, type Show } from 'tickets-box-office'

const tickets = openTickets({ database: process.argv[2] as string, connections: 4 })
const show: Show = await tickets.createShow({
  name: 'Cats',
  startTime: new Date('2030-01-01T19:00:00Z'),
  totalSeats: 12,
  seatsPerRow: 4,
})
const listed: string[] = []
for await (const each of tickets.listShows({ search: 'cat' })) listed.push(each.id)

const outcome: BookingOutcome = await tickets.book(show.id, { seats: 'A1-A2', customer: 'Ada' })
const refusal = await tickets.book(show.id, { seats: [2, 3] }).catch((error: unknown) => error)
if (!(refusal instanceof TicketsError)) throw refusal
const together = await Promise.all([1, 2, 3].map((count) => tickets.book('Cats', { count })))
const { booked } = await tickets.viewShow('Cats')
console.log(
  JSON.stringify({
    isListed: listed.includes(show.id),
    labels: outcome.booking.seatLabels,
    refusal: [refusal.code, refusal.seats, refusal.outcome?.booking.status, refusal.isRetryable],
    sold: together.flatMap(({ booking }) => booking.seats).length,
    booked: booked.size,
    preview: await tickets.preview(show.id, { count: 4 }),
  }),
)
await tickets.close()
`

it('a separate program creates, lists, books, and exits without a call to do so, with types that compile', async () => {
  await writeFile(join(project, 'sell.ts'), script)
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ module: 'nodenext', target: 'es2023', strict: true, types: ['node'] },
        ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
        ...{ skipLibCheck: false, noEmitOnError: true },
      },
      include: ['sell.ts'],
    }),
  )
  const compiled = await execa(join(repository, 'node_modules/.bin/tsc'), {
    cwd: project,
    reject: false,
  })
  expect(compiled.stdout).toBe('')
  const ran = await execa('node', ['sell.js', db.url], { cwd: project, timeout: 20_000 })
  expect(ran.stderr).toBe('')
  expect(JSON.parse(ran.stdout)).toEqual({
    isListed: true,
    labels: ['A1', 'A2'],
    refusal: ['SEATS_TAKEN', [2], 'FAILED', false],
    sold: 6,
    booked: 8,
    preview: [expect.any(Number), expect.any(Number), expect.any(Number), expect.any(Number)],
  })
  expect(await db.sql('select status, count(*)::int from bookings group by 1 order by 1')).toEqual([
    { status: 'CONFIRMED', count: 4 },
    { status: 'FAILED', count: 1 },
  ])
})

it('its declarations are in one file, without those of internals', async () => {
  const declared = await readFile(join(project, 'node_modules', name, 'dist/index.d.ts'), 'utf8')
  expect(declared).not.toMatch(/^import|^export \*/m)
  expect(declared).not.toMatch(/knex|\b(turn|claim|onLock|onBatch|withThrowaway|hasData)\b/i)
  expect(declared).not.toMatch(/findLost|suggestBookings|rehearse|Surroundings/i)
  const shipped = await readdir(join(project, 'node_modules', name, 'dist'), { recursive: true })
  expect(shipped.filter((file) => /\.d\.[cm]?ts$/.test(file))).toEqual(['index.d.ts'])
})

it('docs/library.md has an example for every call and every value that is exported', async () => {
  const declared = await readFile(join(project, 'node_modules', name, 'dist/index.d.ts'), 'utf8')
  const programs = [
    ...filesOf(await readFile(join(repository, 'docs/library.md'), 'utf8')).values(),
  ]
  const [, calls] = /^export declare interface Tickets \{\n(.*?)^\}/ms.exec(declared)!
  const names = [
    ...calls!.matchAll(/^ {4}(?:readonly )?(\w+)[(:]/gm),
    ...declared.matchAll(/^export declare (?:function|class|const) (\w+)/gm),
  ].map(([, each]) => each!)
  expect(names.length).toBeGreaterThan(40)
  expect(names.filter((each) => !new RegExp(`\\b${each}\\b`).test(programs.join()))).toEqual([])
})

it('importing it has no effect: no output, no connection, no listener', async () => {
  const ran = await execa(
    'node',
    [
      ...['--input-type=module', '--eval'],
      `const before = process.eventNames().length
       const { openTickets } = await import('tickets-box-office')
       openTickets({ database: 'postgres://nobody@127.0.0.1:1/x' })
       if (process.eventNames().length !== before) throw new Error('listens to the process')`,
    ],
    { cwd: project, timeout: 20_000 },
  )
  expect([ran.stdout, ran.stderr]).toEqual(['', ''])
})

it('the packed program runs, and the package contains nothing else but its documents', async () => {
  const ran = await execa(
    'node',
    ['node_modules/tickets-box-office/bin/tickets.js', 'show', 'list'],
    {
      cwd: project,
      env: { DATABASE_URL: db.url },
    },
  )
  expect(ran.stdout).toMatch(/\tCats\t/)
  const shipped = await readdir(join(project, 'node_modules/tickets-box-office'))
  expect(
    shipped.filter((name) => !/^(bin|dist|docs|[A-Z]+(\.md)?|package\.json)$/.test(name)),
  ).toEqual([])
})
