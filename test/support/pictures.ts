// npm run pictures: makes the pictures of the documents, with the real program in a real terminal.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { stopEmbedded } from '../../src/database/embedded/embedded.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { pictureOf } from './picture.js'
import { examplePlan } from './plans.js'
import { openTerminal, type TestTerminal } from './terminal.js'

const program = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))
const docs = new URL('../../docs/', import.meta.url)

interface Picture {
  /** The arguments of `tickets`. */
  args: string[]
  rows: number
  /** Default: 80. */
  cols?: number
  /** The keys to press before the picture is taken (default: none; wait until the program ends). */
  act?(terminal: TestTerminal): Promise<unknown>
}

const ofSeason: Record<string, Picture> = {
  'show-list': { args: ['show', 'list'], rows: 24 },
  'seat-map': { args: ['show', 'view', 'The Lion King'], rows: 40, cols: 60 },
  picking: {
    args: ['book', 'The Lion King'],
    rows: 24,
    async act(terminal) {
      await terminal.waitFor('STAGE')
      terminal.type('F6')
      await terminal.waitFor('F6')
      for (const seat of ['F6', 'F7', 'F8']) {
        terminal.type(' ')
        await terminal.waitFor(`${seat} yours`)
        if (seat !== 'F8') terminal.press('right')
      }
    },
  },
  report: { args: ['show', 'report', 'The Lion King'], rows: 40, cols: 60 },
  demo: { args: ['demo'], rows: 80 },
  stress: { args: ['stress', '--bookings', '300', '--processes', '50'], rows: 40 },
}

const ofPlans: Record<string, Picture> = {
  'theatre-plan': { args: ['plan', 'print', 'theatre.plan'], rows: 45, cols: 76 },
  'cinema-plan': { args: ['plan', 'print', 'cinema.plan'], rows: 24, cols: 76 },
  'arena-sections': {
    args: ['show', 'view', 'Eurovision', '--watch'],
    rows: 40,
    act: (terminal) => terminal.waitFor('PgDn'),
  },
  'picking-in-section': {
    args: ['book', 'Hamlet'],
    rows: 24,
    async act(terminal) {
      await terminal.waitFor('❯ Stalls')
      terminal.press('enter')
      await terminal.waitFor('STAGE')
      terminal.type('K9')
      await terminal.waitFor('Stalls K9 free')
      terminal.type(' ')
      await terminal.waitFor('Stalls K9 yours')
      terminal.type('4')
      await terminal.waitFor('4 picked')
    },
  },
}

const wanted = argv.slice(2)
const dataDir = await mkdtemp(join(tmpdir(), 'tickets-pictures-'))
try {
  await withTickets('Ada', sellSome)
  await withTickets('Ben', sellMore)
  await takeWanted(ofSeason)
  await withTickets('Ada', sellByPlan)
  await takeWanted(ofPlans)
} finally {
  await stopEmbedded(dataDir)
  await rm(dataDir, { recursive: true, force: true })
}

async function takeWanted(pictures: Record<string, Picture>): Promise<void> {
  for (const [name, picture] of Object.entries(pictures)) {
    if (wanted.length === 0 || wanted.includes(name)) await take(name, picture)
  }
}

async function take(name: string, { args, rows, cols, act }: Picture): Promise<void> {
  const typed = ['tickets', ...args].map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')
  const script = `printf '\\033[2m$\\033[0m %s\\n\\n' "$1"; shift; exec "$@"`
  const terminal = openTerminal('bash', ['-c', script, '-', typed, execPath, program, ...args], {
    rows,
    ...(cols && { cols }),
    env: { TICKETS_DATA_DIR: dataDir, TZ: 'UTC' },
    cwd: fileURLToPath(new URL('plans/', docs)),
  })
  await (act ? act(terminal) : terminal.exit)
  await writeFile(new URL(`${name}.svg`, docs), pictureOf(terminal))
  await terminal.close()
}

async function withTickets(
  operator: string,
  work: (tickets: Tickets) => Promise<void>,
): Promise<void> {
  const env = { TICKETS_DATA_DIR: dataDir }
  const tickets = openTickets({ database: 'embedded', env, operator })
  try {
    await work(tickets)
  } finally {
    await tickets.close()
  }
}

/** A season: one show of every kind that a list can have. */
async function sellSome(tickets: Tickets): Promise<void> {
  const timeZone = 'Europe/London'
  const lionKing = await tickets.createShow({
    name: 'The Lion King',
    startTime: new Date('2030-12-25T19:00:00Z'),
    totalSeats: 100,
    seatsPerRow: 10,
    timeZone,
  })
  for (const seats of ['A1-A8', 'B3-B7', 'C4-C7', 'D5-D6']) {
    await tickets.book(lionKing.id, { seats })
  }
  await tickets.book(lionKing.id, { seats: 'A9-A10', hold: 'forever' })

  for (const [name, startTime, totalSeats, sold, held] of [
    ['A Midsummer Night’s Dream', '2030-12-27T19:30:00Z', 420, 420, 0],
    ['Les Misérables', '2030-12-28T18:00:00Z', 1200, 874, 26],
    ['Madama Butterfly', '2031-01-04T15:00:00Z', 2300, 12, 0],
  ] as const) {
    const startsAt = new Date(startTime)
    const show = await tickets.createShow({ name, startTime: startsAt, totalSeats, timeZone })
    await tickets.book(show.id, { count: sold })
    if (held > 0) await tickets.book(show.id, { count: held, hold: 'forever' })
  }
}

async function sellMore(tickets: Tickets): Promise<void> {
  for (const seats of ['E1-E2', 'E5-E8', 'G9-G10']) {
    await tickets.book('The Lion King', { seats })
  }
  await tickets.book('The Lion King', { seats: 'D2-D4', hold: 3_600_000 })
}

/** A show in the theatre and one in the arena, from the examples of plans. */
async function sellByPlan(tickets: Tickets): Promise<void> {
  const startTime = new Date('2031-03-01T19:30:00Z')
  const timeZone = 'Europe/London'
  const hamlet = { name: 'Hamlet', startTime, timeZone, plan: examplePlan('theatre') }
  const { id } = await tickets.createShow(hamlet)
  for (const count of [2, 4, 6, 3, 2, 8]) await tickets.book(id, { count })
  await tickets.book(id, { seats: 'Stalls A1-A7, Stalls L1-L5, Circle A1-A17, Boxes B1-B3' })

  const eurovision = { name: 'Eurovision', startTime, timeZone, plan: examplePlan('arena') }
  const arena = await tickets.createShow(eurovision)
  await tickets.book(arena.id, { count: 1600 })
  await tickets.book(arena.id, { seats: '2000-2400, 3300-4100, 5400-6700, 9000-9900, 15001-16800' })
}
