import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tickets } from '../support/cli.js'
import { reportMissing } from '../support/missing.js'
import type { OwnServer } from '../support/own-server.js'
import { type Haproxy, hasHaproxy, startHaproxy } from './haproxy.js'
import { type Pair, startPair } from './pair.js'
import { expectOrderly, lostBookings, printRow, startSale } from './sale.js'

reportMissing('A pair behind HAProxy', hasHaproxy ? [] : ['HAProxy'])

let pair: Pair
let proxy: Haproxy
async function open(isSynchronous: boolean): Promise<void> {
  pair = await startPair({ isSynchronous })
  const { primary, standby } = pair
  proxy = await startHaproxy(
    primary.url,
    [primary, standby].map(({ server, agentPort }) => [server.port, agentPort]),
  )
}
async function close(): Promise<void> {
  await proxy?.stop()
  await pair?.remove()
}

describe.skipIf(!hasHaproxy)('a primary and its synchronous standby behind HAProxy', () => {
  beforeEach(() => open(true))
  afterEach(close)

  test('the primary is killed: no booking is lost, and the sale goes on at the standby', async () => {
    const { primary, standby, show } = pair
    const sale = await startSale({ url: proxy.url, show })
    await sale.untilSold(3)
    await cutOff(standby.server)
    // Their COMMITs wait for the standby, or they wait for locks that those COMMITs hold.
    await sale.untilGivenUp()
    await primary.server.kill()
    await standby.server.promote()
    await sale.untilSold(3)
    const report = await sale.end()
    const lost = await lostBookings(standby.url, show, report)
    printRow('Synchronous standby behind HAProxy: primary killed', report, lost)
    expectOrderly(report)
    expect(lost).toEqual([])
  })

  test('HAProxy is reloaded three times: no booking is lost, and the sale goes on', async () => {
    const { primary, show } = pair
    const sale = await startSale({ url: proxy.url, show })
    for (let n = 0; n < 3; n++) {
      proxy.reload()
      // The new worker checks both servers before the next one replaces it.
      await sleep(3000)
    }
    await sale.untilSold(3)
    const report = await sale.end()
    const lost = await lostBookings(primary.url, show, report)
    printRow('Synchronous standby behind HAProxy: HAProxy reloaded three times', report, lost)
    expectOrderly(report)
    expect(lost).toEqual([])
  })
})

describe.skipIf(!hasHaproxy)('a primary and its asynchronous standby behind HAProxy', () => {
  beforeEach(() => open(false))
  afterEach(close)

  test('the primary is killed while the standby lags behind: `verify --against` finds what is lost', async () => {
    const { primary, standby, show } = pair
    const sale = await startSale({ url: proxy.url, show })
    await sale.untilSold(3)
    await cutOff(standby.server)
    await sale.untilSold(3)
    await primary.server.kill()
    await standby.server.promote()
    await sale.untilSold(3)
    const report = await sale.end()
    const lost = await lostBookings(standby.url, show, report)
    printRow('Asynchronous standby that lags behind: primary killed', report, lost)
    expectOrderly(report)
    expect(lost.length).toBeGreaterThan(0)
    const answers = report.confirmed.flatMap(({ document }) => document ?? [])
    const found = await tickets(['verify', '--against', '-', '--json'], {
      db: standby.url,
      stdin: 'pipe',
      input: answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''),
    })
    expect([found.exitCode, found.json().violations.length]).toEqual([
      7,
      lost.filter(({ document }) => document).length,
    ])
  })
})

/** Stops the replication from the primary. */
async function cutOff(standby: OwnServer): Promise<void> {
  await standby.run(`alter system set primary_conninfo = ''`)
  await standby.run('select pg_reload_conf()')
}
