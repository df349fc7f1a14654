import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openTickets } from '../../src/index.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { until } from '../support/until.js'

/** A primary and its standby, each with an agent that reports its role to a load balancer. */
export interface Pair {
  primary: Node
  standby: Node
  /** The id of a show with an empty house. */
  show: string
  remove(): Promise<void>
}

export interface Node {
  server: OwnServer
  /** For `--db`. */
  url: string
  /** Answers as Patroni's REST API does: 200 on the primary, 503 elsewhere. */
  agentPort: number
}

export async function startPair({ isSynchronous }: { isSynchronous: boolean }): Promise<Pair> {
  const options = {
    hba: 'host owner owner 127.0.0.1/32 trust',
    settings: { fsync: 'on', max_connections: '200' },
  }
  const first = await startOwnServer(options)
  const second = await startOwnServer({ ...options, standbyOf: first })
  const [firstAgent, secondAgent] = [await startAgent(first), await startAgent(second)]
  const nodeOf = (server: OwnServer, agent: Server): Node => ({
    server,
    url: `postgresql://owner@127.0.0.1:${server.port}/owner?sslmode=disable`,
    agentPort: (agent.address() as AddressInfo).port,
  })
  const primary = nodeOf(first, firstAgent)
  if (isSynchronous) await first.run(`alter system set synchronous_standby_names = '*'`)
  await first.run('select pg_reload_conf()')
  await until(async () => {
    const { rows } = await first.run('select sync_state from pg_stat_replication')
    return rows[0]?.sync_state === (isSynchronous ? 'sync' : 'async')
  })
  return {
    primary,
    standby: nodeOf(second, secondAgent),
    show: await createShow(primary.url),
    async remove() {
      firstAgent.close()
      secondAgent.close()
      await second.remove()
      await first.remove()
    },
  }
}

/** Migrates the database, creates a show with an empty house, and returns its id. */
export async function createShow(url: string): Promise<string> {
  const tickets = openTickets({ database: url, env: {} })
  await tickets.migrate()
  const startTime = new Date('2031-01-01T19:00:00Z')
  const { id } = await tickets.createShow({ name: 'The Tempest', startTime, totalSeats: 50_000 })
  await tickets.close()
  return id
}

async function startAgent(server: OwnServer): Promise<Server> {
  const agent = createServer((_request, response) => {
    server
      .run('select not pg_is_in_recovery() as is_primary')
      .then(({ rows }) => rows[0].is_primary)
      .catch(() => false)
      .then((isPrimary) => response.writeHead(isPrimary ? 200 : 503).end())
  }).listen(0, '127.0.0.1')
  await once(agent, 'listening')
  return agent
}
