import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../../src/index.js'
import { tickets as run } from '../../support/cli.js'
import { olderServers, serversLookedFor } from '../../support/older-servers.js'
import { type OwnServer, startOwnServer } from '../../support/own-server.js'
import { until } from '../../support/until.js'

const CLIENTS = 200
/** All clients sometimes want the first seat, so that some are refused. */
const FIRST_SEAT_EVERY = 4

test.skipIf(olderServers().length > 0)(
  `${serversLookedFor}: none is installed, so no backup is restored into an older one`,
  ({ skip }) => skip(),
)

test('a backup during two hundred bookings at once is complete, in the embedded PostgreSQL and in the oldest one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-sales-'))
  const file = join(directory, 'sales.gz')
  const source = await startOwnServer({ settings: { max_connections: `${CLIENTS + 20}` } })
  try {
    const sale = await startSale(source)
    await until(() => sale.made.length >= CLIENTS)
    const backUp = await run(['db', 'backup', file, '--json'], { db: urlOf(source) })
    expect(backUp.exitCode).toBe(0)
    await sale.end()

    const takenAt = takenAtOf(await readFile(file))
    const { made } = sale
    const before = made.filter(({ answered }) => answered < takenAt)
    const during = made.filter(({ asked, answered }) => asked < takenAt && answered > takenAt)
    expect(before.length).toBeGreaterThanOrEqual(CLIENTS)
    // The others were answered, or sent, in the millisecond of the snapshot.
    expect(during.length).toBeGreaterThan(0.9 * CLIENTS)
    expect(backUp.json().rows.bookings).toBeGreaterThanOrEqual(before.length)
    expect(backUp.json().rows.bookings).toBeLessThan(made.length)

    const [oldest] = olderServers().toSorted((a, b) => a.version - b.version)
    for (const programs of oldest === undefined ? [undefined] : [undefined, oldest.programs]) {
      const target = await startOwnServer({ programs })
      try {
        await expectWhole(target, { file, before, made })
      } finally {
        await target.remove()
      }
    }
  } finally {
    await source.remove()
    await rm(directory, { recursive: true })
  }
})

interface Made {
  request: { seats: string; key: string }
  /** The id of the booking, also of a refused one. */
  id: string
  /** By the clock of this machine, which the server uses as well. */
  asked: number
  answered: number
}

/** Clients with a connection each, which book one seat after the other. */
async function startSale(source: OwnServer) {
  const boxes = Array.from({ length: CLIENTS }, () => open(source))
  const [first] = boxes
  await first!.migrate()
  const startTime = new Date('2031-01-01T19:00:00Z')
  await first!.createShow({ name: SHOW, startTime, totalSeats: 100_000 })
  await Promise.all(boxes.map((box) => box.findShow(SHOW)))
  const made: Made[] = []
  let isOver = false
  const sell = async (box: Tickets, i: number) => {
    for (let n = 0; !isOver; n++) {
      const seat = (i + n) % FIRST_SEAT_EVERY === 0 ? 1 : 2 + i + n * CLIENTS
      const request = { seats: String(seat), key: `client ${i}, booking ${n}` }
      const asked = Date.now()
      const { booking } = await bookOrRefusal(box, request)
      made.push({ request, id: booking.id, asked, answered: Date.now() })
    }
    await box.close()
  }
  const sold = Promise.all(boxes.map(sell))
  return {
    made,
    async end() {
      isOver = true
      await sold
    },
  }
}

interface Sold {
  file: string
  /** The bookings that were answered before the backup, and all bookings. */
  before: Made[]
  made: Made[]
}

async function expectWhole(target: OwnServer, { file, before, made }: Sold) {
  const restored = await run(['db', 'restore', file, '-y', '--json'], { db: urlOf(target) })
  expect(restored).toMatchObject({ exitCode: 0 })
  expect(restored.json()).toMatchObject({ ok: true, violations: [] })
  const { rows } = await target.run('select id, key from bookings')
  const ids = new Map(rows.map(({ id, key }) => [key, id]))
  expect(before.filter(({ id, request }) => ids.get(request.key) !== id)).toEqual([])
  const tickets = open(target)
  try {
    const kept = made.filter(({ request }) => ids.has(request.key))
    expect(kept.length).toBe(ids.size)
    const again = await Promise.all(kept.map(({ request }) => bookOrRefusal(tickets, request)))
    expect(again.map(({ booking, replayed }) => [booking.id, replayed])).toEqual(
      kept.map(({ id }) => [id, true]),
    )
    // An attempt that is undecided in the backup is made again.
    const [other] = made.filter(({ request }) => !ids.has(request.key))
    expect((await bookOrRefusal(tickets, other!.request)).replayed).toBe(false)
    expect(await tickets.verify()).toMatchObject({ ok: true })
  } finally {
    await tickets.close()
  }
  for (const change of [
    'update history set at = now()',
    'delete from history',
    'truncate history',
  ]) {
    await expect(target.run(change)).rejects.toThrow('append-only')
  }
}

const SHOW = 'The Tempest'

function bookOrRefusal(tickets: Tickets, request: Made['request']) {
  return tickets.book(SHOW, request).catch((error) => error.outcome)
}

function takenAtOf(file: Buffer): number {
  const [header] = gunzipSync(file).toString().split('\n', 1)
  return Date.parse(JSON.parse(header!).taken_at)
}

function open(server: OwnServer): Tickets {
  const waitMs = 180_000
  return openTickets({ database: urlOf(server), env: {}, cwd: '/nowhere', waitMs })
}

function urlOf({ socketDir, port }: OwnServer): string {
  return `postgresql://owner@/owner?host=${encodeURIComponent(socketDir)}&port=${port}`
}
