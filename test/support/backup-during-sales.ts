import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { inWaves, startBooking } from './booking-process.js'
import { tickets as run } from './cli.js'
import { olderServers } from './older-servers.js'
import { type OwnServer, startOwnServer } from './own-server.js'
import { until } from './until.js'

export interface Sales {
  /** How many bookings there are, and how many processes are at them at the same time. */
  bookings: number
  width: number
}

/**
 * Takes a backup in the middle of bookings by processes, restores it into the embedded PostgreSQL
 * and into the oldest one that is installed, and proves that it is whole there: `verify` is clean,
 * whatever was answered before the backup is in it, each key replays its own booking, and the
 * history cannot be changed.
 */
export async function expectWholeBackup({ bookings, width }: Sales): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-sales-'))
  const file = join(directory, 'sales.gz')
  const source = await startOwnServer()
  try {
    const url = urlOf(source)
    expect(await run(['migrate'], { db: url })).toMatchObject({ exitCode: 0 })
    const show = await createShow(url, bookings)
    const answered = new Map<string, string>()
    const keys = Array.from({ length: bookings }, (_, i) => `key ${i}`)
    const sales = inWaves(keys, width, async (key) => {
      const { document } = await startBooking(url, [show, '--count', '2', '--key', key]).ended
      answered.set(key, document.id ?? document.booking!.id!)
    })
    await until(() => answered.size >= bookings / 4)
    const before = new Map(answered)
    const backUp = await run(['db', 'backup', file, '--json'], { db: url })
    expect([backUp.exitCode, answered.size < bookings]).toEqual([0, true])
    await sales
    expect(backUp.json().rows.bookings).toBeGreaterThanOrEqual(before.size)
    const [oldest] = olderServers().toSorted((a, b) => a.version - b.version)
    for (const programs of oldest === undefined ? [undefined] : [undefined, oldest.programs]) {
      const target = await startOwnServer({ programs })
      try {
        await expectWhole(target, { file, show, before, answered })
      } finally {
        await target.remove()
      }
    }
  } finally {
    await source.remove()
    await rm(directory, { recursive: true })
  }
}

interface Sold {
  file: string
  show: string
  /** The ids of the bookings by key: those that were answered before the backup, and all. */
  before: Map<string, string>
  answered: Map<string, string>
}

async function expectWhole(target: OwnServer, { file, show, before, answered }: Sold) {
  const restored = await run(['db', 'restore', file, '-y', '--json'], { db: urlOf(target) })
  expect(restored).toMatchObject({ exitCode: 0 })
  expect(restored.json()).toMatchObject({ ok: true, violations: [] })
  const { rows } = await target.run('select id, key from bookings')
  const ids = new Map(rows.map(({ id, key }) => [key, id]))
  expect([...before].filter(([key, id]) => ids.get(key) !== id)).toEqual([])
  await withTickets(target, async (tickets) => {
    for (const [key, id] of ids) {
      const { booking, replayed } = await bookOrRefusal(tickets, show, key)
      expect([booking.id, replayed]).toEqual([answered.get(key) ?? id, true])
    }
    // An attempt that the backup found undecided is made anew.
    const others = [...answered.keys()].filter((key) => !ids.has(key))
    for (const key of others.slice(0, 3)) {
      expect((await bookOrRefusal(tickets, show, key)).replayed).toBe(false)
    }
    expect(await tickets.verify()).toMatchObject({ ok: true })
  })
  for (const change of [
    'update history set at = now()',
    'delete from history',
    'truncate history',
  ]) {
    await expect(target.run(change)).rejects.toThrow('append-only')
  }
}

function bookOrRefusal(tickets: Tickets, show: string, key: string) {
  return tickets.book(show, { count: 2, key }).catch((error) => error.outcome)
}

async function createShow(url: string, seats: number): Promise<string> {
  const tickets = openTickets({ database: url, env: {}, cwd: '/nowhere' })
  const startTime = new Date('2031-01-01T19:00:00Z')
  // A quarter of the bookings is refused.
  const totalSeats = Math.ceil(seats * 1.5)
  const { id } = await tickets.createShow({ name: 'The Tempest', startTime, totalSeats })
  await tickets.close()
  return id
}

async function withTickets(server: OwnServer, use: (tickets: Tickets) => Promise<void>) {
  const tickets = openTickets({ database: urlOf(server), env: {}, cwd: '/nowhere' })
  try {
    await use(tickets)
  } finally {
    await tickets.close()
  }
}

function urlOf({ socketDir, port }: OwnServer): string {
  return `postgresql://owner@/owner?host=${encodeURIComponent(socketDir)}&port=${port}`
}
