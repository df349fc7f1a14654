import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { configuration } from '../support/configuration.js'
import { freePort } from '../support/own-server.js'
import { until } from '../support/until.js'

const PROGRAM = '/usr/sbin/haproxy'

export const hasHaproxy = existsSync(PROGRAM)

/** HAProxy as docs/operations.md sets it up, in front of two nodes. */
export interface Haproxy {
  /** For `--db`: the database on the current primary. */
  url: string
  /** Starts new workers, as `systemctl reload haproxy` does. */
  reload(): void
  stop(): Promise<void>
}

/**
 * `url` is the database of the first node; `ports` are the ports of the server and of its agent.
 */
export async function startHaproxy(url: string, ports: [number, number][]): Promise<Haproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-haproxy-'))
  const own = await freePort()
  const [one, two] = ports.map(([port, agent]) => `127.0.0.1:${port} check port ${agent}`)
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    await configuration('haproxy.cfg', {
      'bind *:5432': `bind 127.0.0.1:${own}`,
      '10.0.0.1:5432 check port 8008': one!,
      '10.0.0.2:5432 check port 8008': two!,
    }),
  )
  const child = spawn(PROGRAM, ['-W', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const proxied = new URL(url)
  proxied.port = String(own)
  // Until its first check, every server counts as up.
  let right = 0
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`haproxy exited ${child.exitCode}: ${log}`)
    right = (await isPrimary(proxied.href)) ? right + 1 : 0
    return right > 10
  })
  return {
    url: proxied.href,
    reload: () => void child.kill('SIGUSR2'),
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}

async function isPrimary(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query('select not pg_is_in_recovery() as is_primary')
    await client.end()
    return rows[0].is_primary
  } catch {
    return false
  }
}
