import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportMissing } from '../support/missing.js'
import { type Haproxy, hasHaproxy, startHaproxy } from './haproxy.js'
import { createShow } from './pair.js'
import { missingForPatroni, type PatroniCluster, startPatroni } from './patroni.js'
import { expectOrderly, lostBookings, printRow, startSale } from './sale.js'

const missing = [...missingForPatroni, ...(hasHaproxy ? [] : ['HAProxy'])]

reportMissing('Patroni', missing)

describe.skipIf(missing.length > 0)('Patroni with synchronous_mode, behind HAProxy', () => {
  let cluster: PatroniCluster
  let proxy: Haproxy
  beforeAll(async () => {
    cluster = await startPatroni()
    await cluster.untilWhole()
    const { url } = await cluster.leader()
    proxy = await startHaproxy(
      url,
      cluster.nodes.map(({ port, restPort }) => [port, restPort]),
    )
  })
  afterAll(async () => {
    await proxy?.stop()
    await cluster?.remove()
  })

  // The last fault leaves a single node.
  test.each<[what: string, happen: () => Promise<unknown>]>([
    ['switchover', () => cluster.switchover()],
    ['PostgreSQL alone killed', async () => (await cluster.leader()).killPostgres()],
    ['node lost', async () => (await cluster.leader()).kill()],
  ])('%s: no booking is lost, and the sale goes on', async (what, happen) => {
    await cluster.untilWhole()
    const show = await createShow((await cluster.leader()).url)
    // Patroni gives up a lost leader after its ttl, 20 seconds.
    const sale = await startSale({ url: proxy.url, show, wait: '40s' })
    await sale.untilSold(3)
    await happen()
    await sale.untilSold(3)
    const report = await sale.end()
    const lost = await lostBookings((await cluster.leader()).url, show, report)
    printRow(`Patroni behind HAProxy: ${what}`, report, lost)
    expectOrderly(report, 40_000)
    expect(lost).toEqual([])
  })
})
