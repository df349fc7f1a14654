import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serverUsers } from '../../src/database/embedded/users.js'
import { configuration } from '../support/configuration.js'
import { freePort, killServer } from '../support/own-server.js'
import { until } from '../support/until.js'

const PROGRAMS = ['/usr/bin/patroni', '/usr/bin/etcd', '/usr/lib/postgresql/15/bin/postgres']

export const missingForPatroni = PROGRAMS.filter((path) => !existsSync(path))

/** Two nodes of Patroni, set up as docs/operations.md shows, with one etcd. */
export interface PatroniCluster {
  nodes: PatroniNode[]
  leader(): Promise<PatroniNode>
  /** Returns when one node leads and the other is its synchronous standby. */
  untilWhole(): Promise<void>
  /** Asks the leader to hand over to the other node. */
  switchover(): Promise<void>
  remove(): Promise<void>
}

export interface PatroniNode {
  name: string
  /** For `--db`. */
  url: string
  port: number
  restPort: number
  /** Kills PostgreSQL alone. */
  killPostgres(): Promise<void>
  /** Kills Patroni and PostgreSQL, as in a power failure. */
  kill(): Promise<void>
}

interface Member {
  name: string
  role: string
  state: string
}

export async function startPatroni(): Promise<PatroniCluster> {
  const { server: ids } = await serverUsers()
  const root = await mkdtemp('/tmp/tickets-patroni-')
  await chmod(root, 0o755)
  if (ids) await chown(root, ids.uid, ids.gid)
  const options = { cwd: root, stdio: 'ignore' as const, env: { LC_ALL: 'C', HOME: root }, ...ids }

  const [clientPort, peerPort] = [await freePort(), await freePort()]
  const [clients, peers] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`]
  const etcdArgs = {
    'data-dir': join(root, 'etcd'),
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
  }
  const etcd = spawn(
    PROGRAMS[1]!,
    Object.entries(etcdArgs).flatMap(([name, value]) => [`--${name}`, value]),
    options,
  )
  await until(() =>
    fetch(`${clients}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )

  const startNode = async (name: string) => {
    const [port, restPort] = [await freePort(), await freePort()]
    const data = join(root, name)
    await mkdir(data, { mode: 0o700 })
    if (ids) await chown(data, ids.uid, ids.gid)
    const file = join(root, `${name}.yml`)
    await writeFile(
      file,
      await configuration('patroni.yml', {
        'name: one': `name: ${name}`,
        '10.0.0.1:8008': `127.0.0.1:${restPort}`,
        '10.0.0.1:5432': `127.0.0.1:${port}`,
        '10.0.0.9:2379': `127.0.0.1:${clientPort}`,
        '10.0.0.0/24': '127.0.0.1/32',
        '/var/lib/postgresql/15/tickets': data,
      }),
    )
    const patroni = spawn(PROGRAMS[0]!, [file], options)
    const killPostgres = async () => {
      const file = await readFile(join(data, 'postmaster.pid'), 'utf8')
      await killServer(Number.parseInt(file, 10))
    }
    return {
      patroni,
      node: {
        name,
        port,
        restPort,
        url: `postgresql://postgres:secret@127.0.0.1:${port}/postgres?sslmode=disable`,
        killPostgres,
        async kill() {
          await end(patroni, 'SIGKILL')
          await killPostgres()
        },
      },
    }
  }

  const started = [await startNode('one'), await startNode('two')]
  const nodes: PatroniNode[] = started.map(({ node }) => node)
  const members = async (): Promise<Member[]> => {
    for (const { restPort } of nodes) {
      const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`).catch(() => undefined)
      if (answer?.ok) return ((await answer.json()) as { members: Member[] }).members
    }
    return []
  }
  const leader = async () => {
    const leading = (await members()).find(({ role }) => role === 'leader')
    return nodes.find(({ name }) => name === leading?.name)!
  }
  return {
    nodes,
    leader,
    untilWhole: () =>
      until(async () => {
        const roles = (await members()).map(({ role }) => role).sort()
        return roles.join() === 'leader,sync_standby'
      }),
    async switchover() {
      const { name, restPort } = await leader()
      const answer = await fetch(`http://127.0.0.1:${restPort}/switchover`, {
        method: 'POST',
        body: JSON.stringify({ leader: name }),
      })
      if (!answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`)
    },
    async remove() {
      // Patroni stops its PostgreSQL as well.
      for (const { patroni } of started) await end(patroni, 'SIGTERM')
      await end(etcd, 'SIGTERM')
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
