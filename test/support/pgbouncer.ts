import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { serverAccount } from '../../src/database/embedded/account.js'
import { freePort, type OwnServer } from './own-server.js'
import { until } from './until.js'

/** A PgBouncer in front of a server of the test's own, whose superuser every client becomes. */
export interface Pooler {
  /** For `--db`: the database of this name, by way of the pooler. */
  urlOf(database: string): string
  stop(): Promise<void>
}

/** PGBOUNCER names another version to test with. */
const programs = [
  process.env.PGBOUNCER ?? '/usr/sbin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
]

/** Where PgBouncer is installed; undefined where it is not. */
export async function findPgbouncer(): Promise<string | undefined> {
  for (const path of programs) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  return undefined
}

/** Starts PgBouncer with these settings of its `[pgbouncer]` section. */
export async function startPgbouncer(
  program: string,
  { socketDir, port }: OwnServer,
  settings: Record<string, string | number>,
): Promise<Pooler> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-pgbouncer-'))
  await chmod(directory, 0o755)
  const own = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: own,
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const file = join(directory, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]\n* = host=${socketDir} port=${port} user=owner\n[pgbouncer]\n${lines.join('\n')}\n`,
  )
  // PgBouncer does not run as root.
  const { ids } = await serverAccount()
  const child = spawn(program, [file], { stdio: ['ignore', 'ignore', 'pipe'], ...ids })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const urlOf = (database: string) =>
    `postgresql://anybody@127.0.0.1:${own}/${database}?sslmode=disable`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer exited ${child.exitCode}: ${log}`)
    return accepts(urlOf('postgres'))
  })
  return {
    urlOf,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
