import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportMissing } from '../support/missing.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { findPgbouncers, startPgbouncer } from '../support/pgbouncer.js'
import { until } from '../support/until.js'
import { createShow } from './pair.js'
import { expectOrderly, lostBookings, printRow, startSale } from './sale.js'

const programs = findPgbouncers()

reportMissing('A pooler', programs.length > 0 ? [] : ['PgBouncer'])
reportMissing(
  'Transaction mode with prepared statements',
  programs.some(({ canPrepare }) => canPrepare) ? [] : ['PgBouncer 1.21 or later'],
)

const ways = programs.flatMap((program) =>
  (['session', 'transaction'] as const).map((mode) => [program.version, mode, program] as const),
)

/** The commands of an administrator, and the commands that undo them. */
const events: [first: string, last?: string][] = [
  ['PAUSE owner', 'RESUME owner'],
  ['KILL owner', 'RESUME owner'],
  // KILL comes last, as in session mode it does not end, and PgBouncer 1.24 has crashed after a
  // KILL.
  ['RECONNECT owner'],
]

let server: OwnServer
let direct: string
beforeAll(async () => {
  if (programs.length === 0) return
  server = await startOwnServer({ hba: 'host owner owner 127.0.0.1/32 trust' })
  direct = `postgresql://owner@127.0.0.1:${server.port}/owner?sslmode=disable`
})
afterAll(() => server?.remove())

const isDone = () => true
const isNotPaused = (error: Error) => /not paused/.test(error.message)

describe.each(ways)('PgBouncer %s in %s mode', (version, mode, program) => {
  test('PAUSE, KILL and RECONNECT: no booking is lost, and the sale goes on', async () => {
    const show = await createShow(direct)
    const pooler = await startPgbouncer(program, server, mode)
    const sale = await startSale({ url: pooler.urlOf('owner'), show })
    await sale.untilSold(3)
    for (const [first, last] of events) {
      // In session mode, PAUSE and RECONNECT wait until every client has disconnected, which these
      // clients never do.
      pooler.command(first).catch(() => {})
      await sleep(2000)
      // A pooler that was restarted is not paused, and refuses RESUME.
      if (last) await until(() => pooler.command(last).then(isDone, isNotPaused))
      await sale.untilSold(3)
    }
    const report = await sale.end()
    await pooler.stop()
    const lost = await lostBookings(direct, show, report)
    printRow(`PgBouncer ${version} in ${mode} mode: PAUSE, KILL, RECONNECT`, report, lost)
    expectOrderly(report)
    expect(lost).toEqual([])
  })
})
