import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportMissing } from '../support/missing.js'
import { type AutoFailover, missingForAutoFailover, startAutoFailover } from './auto-failover.js'
import { createShow } from './pair.js'
import { expectOrderly, lostBookings, printRow, startSale } from './sale.js'

const missing = missingForAutoFailover

reportMissing('pg_auto_failover', missing)

describe.skipIf(missing.length > 0)('the URL that pg_auto_failover prints', () => {
  let cluster: AutoFailover
  beforeAll(async () => {
    cluster = await startAutoFailover(userInfo().username)
  })
  afterAll(() => cluster?.remove())

  // The last fault leaves a single node.
  test.each<[what: string, happen: () => Promise<unknown>]>([
    ['failover asked for', () => cluster.failover()],
    ['primary lost', () => cluster.killPrimary()],
  ])('%s: no booking is lost, and the sale goes on', async (what, happen) => {
    const { url } = cluster
    const show = await createShow(url)
    // The monitor gives up a lost primary after 20 seconds.
    const sale = await startSale({ url, show, wait: '60s' })
    await sale.untilSold(3)
    await happen()
    await sale.untilSold(3)
    const report = await sale.end()
    const lost = await lostBookings(await cluster.primaryUrl(), show, report)
    printRow(`pg_auto_failover: ${what}`, report, lost)
    expectOrderly(report, 60_000)
    expect(lost).toEqual([])
    if (what === 'failover asked for') await cluster.untilWhole()
  })
})
