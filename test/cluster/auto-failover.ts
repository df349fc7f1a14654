import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { serverUsers } from '../../src/database/embedded/users.js'
import { freePort, killServer } from '../support/own-server.js'
import { until } from '../support/until.js'

const PROGRAM = '/usr/bin/pg_autoctl'
const POSTGRES = '/usr/lib/postgresql/15/bin'

export const missingForAutoFailover = [PROGRAM, `${POSTGRES}/postgres`].filter(
  (path) => !existsSync(path),
)

/** Two nodes of pg_auto_failover and their monitor. */
export interface AutoFailover {
  /** The output of `pg_autoctl show uri`. */
  url: string
  /** The primary, once a failover has left it alone. */
  primaryUrl(): Promise<string>
  /** Returns when one node is the primary and the other is its synchronous standby. */
  untilWhole(): Promise<void>
  /** Asks the monitor to promote the other node. */
  failover(): Promise<void>
  /** Kills the primary and its keeper, as in a power failure. */
  killPrimary(): Promise<void>
  remove(): Promise<void>
}

/** The nodes accept `user` from this machine without a password. */
export async function startAutoFailover(user: string): Promise<AutoFailover> {
  const { server: ids } = await serverUsers()
  const root = await mkdtemp('/tmp/tickets-auto-failover-')
  await chmod(root, 0o755)
  if (ids) await chown(root, ids.uid, ids.gid)
  const env = { HOME: root, PATH: `${POSTGRES}:${process.env.PATH}`, LC_ALL: 'C.UTF-8' }
  const options = { cwd: root, env, ...ids }
  const dataOf = (name: string) => join(root, name)
  const autoctl = async (...args: string[]) =>
    (await promisify(execFile)(PROGRAM, args, options)).stdout.trim()
  const keep = (name: string, args: string[]) => {
    const more = ['--pgdata', dataOf(name), '--hostname', '127.0.0.1', '--auth', 'trust']
    const all = ['create', ...args, ...more, '--no-ssl', '--run']
    // In its own process group, which can be killed as a whole.
    return spawn(PROGRAM, all, { ...options, stdio: 'ignore', detached: true })
  }

  const ports = [await freePort(), await freePort(), await freePort()] as const
  const monitorUrl = `postgres://autoctl_node@127.0.0.1:${ports[0]}/pg_auto_failover?sslmode=prefer`
  const states = async () => {
    const client = new pg.Client(monitorUrl.replace('prefer', 'disable'))
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query<{ name: string; port: number; state: string }>(
        `select nodename as name, nodeport as port, reportedstate::text as state
         from pgautofailover.node where reportedstate = goalstate`,
      )
      return rows
    } finally {
      await client.end()
    }
  }
  const untilStates = (wanted: string) =>
    until(async () => {
      const rows = await states().catch(() => undefined)
      return (
        rows
          ?.map(({ state }) => state)
          .sort()
          .join() === wanted
      )
    })

  const monitor = keep('monitor', ['monitor', '--pgport', String(ports[0])])
  await untilStates('')
  const node = (name: string, port: number) => {
    const place = ['--name', name, '--pgport', String(port), '--listen', '127.0.0.1']
    const database = ['--username', user, '--dbname', 'tickets', '--monitor', monitorUrl]
    return keep(name, ['postgres', ...place, ...database])
  }
  const keepers = new Map([['one', node('one', ports[1])]])
  await untilStates('single')
  keepers.set('two', node('two', ports[2]))
  const untilWhole = () => untilStates('primary,secondary')
  await untilWhole()
  const kill = async (name: string) => {
    const keeper = keepers.get(name)!
    if (keeper.exitCode !== null || keeper.signalCode !== null) return
    const ended = once(keeper, 'exit')
    const file = await readFile(join(dataOf(name), 'postmaster.pid'), 'utf8')
    process.kill(-keeper.pid!, 'SIGKILL')
    await killServer(Number.parseInt(file, 10))
    await ended
  }
  return {
    url: await autoctl('show', 'uri', '--formation', 'default', '--pgdata', dataOf('monitor')),
    async primaryUrl() {
      const { port } = (await states()).find(({ state }) => /^(wait_)?primary$/.test(state))!
      return `postgresql://${user}@127.0.0.1:${port}/tickets?sslmode=disable`
    },
    untilWhole,
    async failover() {
      await autoctl('perform', 'failover', '--pgdata', dataOf('monitor'))
    },
    async killPrimary() {
      await kill((await states()).find(({ state }) => state === 'primary')!.name)
    },
    async remove() {
      for (const name of keepers.keys()) await kill(name)
      keepers.set('monitor', monitor)
      await kill('monitor')
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
