import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

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

/** What `npm pack` ships, unpacked as npm would, beside the dependencies of this clone. */
async function installPackage() {
  const modules = join(project, 'node_modules')
  await mkdir(join(modules, 'tickets'), { recursive: true })
  const packed = await execa(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', project],
    { cwd: repository },
  )
  const [{ filename }] = JSON.parse(packed.stdout)
  await execa('tar', ['xzf', filename, '-C', 'node_modules/tickets', '--strip-components=1'], {
    cwd: project,
  })
  const names = await readdir(join(repository, 'node_modules'))
  await Promise.all(
    names
      .filter((name) => name !== 'tickets')
      .map((name) => symlink(join(repository, 'node_modules', name), join(modules, name))),
  )
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}

const script = `
import { openTickets, TicketsError, type BookingOutcome, type Show } from 'tickets'

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

it('a program of its own creates, lists, books, and ends by itself, with types that hold', async () => {
  await writeFile(join(project, 'sell.ts'), script)
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ module: 'nodenext', target: 'es2023', strict: true, types: ['node'] },
        ...{ skipLibCheck: true, noEmitOnError: true },
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

it('importing it does nothing: no output, no connection, no listener', async () => {
  const ran = await execa(
    'node',
    [
      ...['--input-type=module', '--eval'],
      `const before = process.eventNames().length
       const { openTickets } = await import('tickets')
       openTickets({ database: 'postgres://nobody@127.0.0.1:1/x' })
       if (process.eventNames().length !== before) throw new Error('listens to the process')`,
    ],
    { cwd: project, timeout: 20_000 },
  )
  expect([ran.stdout, ran.stderr]).toEqual(['', ''])
})

it('the packed program runs, and nothing is packed beside it but its papers', async () => {
  const ran = await execa('node', ['node_modules/tickets/bin/tickets.js', 'show', 'list'], {
    cwd: project,
    env: { DATABASE_URL: db.url },
  })
  expect(ran.stdout).toMatch(/\tCats\t/)
  const shipped = await readdir(join(project, 'node_modules/tickets'))
  expect(
    shipped.filter((name) => !/^(bin|dist|docs|[A-Z]+(\.md)?|package\.json)$/.test(name)),
  ).toEqual([])
})
