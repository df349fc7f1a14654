import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { serverUsers } from '../../src/database/embedded/users.js'
import { configuration } from './configuration.js'
import { freePort, type OwnServer } from './own-server.js'
import { until } from './until.js'

/** A PgBouncer in front of a test's server, set up as docs/operations.md shows it. */
export interface Pooler {
  /** For `--db`: the database of this name through PgBouncer, as the server's superuser. */
  urlOf(database: string): string
  /**
   * Runs a command on the administration console, such as PAUSE. Rejects if PgBouncer stops before
   * it answers.
   */
  command(text: string): Promise<void>
  stop(): Promise<void>
}

export interface PgbouncerProgram {
  path: string
  version: string
  /** Whether it keeps prepared statements in transaction mode. */
  canPrepare: boolean
}

export type PoolMode = 'session' | 'transaction'

/** PGBOUNCER names more versions to test with, separated as in PATH. */
const programs = [
  ...(process.env.PGBOUNCER ?? '').split(delimiter).filter(Boolean),
  '/usr/sbin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
]

/** All installed versions of PgBouncer. */
export function findPgbouncers(): PgbouncerProgram[] {
  const found = new Map<string, PgbouncerProgram>()
  for (const path of programs) {
    const version = versionOf(path)
    if (version === undefined || found.has(version)) continue
    const [major, minor] = version.split('.').map(Number)
    found.set(version, { path, version, canPrepare: major! > 1 || minor! >= 21 })
  }
  return [...found.values()]
}

function versionOf(path: string): string | undefined {
  try {
    return /PgBouncer ([\d.]+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

const PASSWORD = 'secret'

/** Starts PgBouncer in one of the documented modes, with the extra settings of a test. */
export async function startPgbouncer(
  { path, canPrepare }: PgbouncerProgram,
  server: OwnServer,
  mode: PoolMode,
  settings: Record<string, string | number> = {},
): Promise<Pooler> {
  await server.run(`alter role owner password '${PASSWORD}'`)
  const directory = await mkdtemp(join(tmpdir(), 'tickets-pgbouncer-'))
  const [file, users] = [join(directory, 'pgbouncer.ini'), join(directory, 'userlist.txt')]
  const port = await freePort()
  const ini = await configuration(`pgbouncer-${mode}.ini`, {
    'tickets = host=10.0.0.1 port=5432': `* = host=127.0.0.1 port=${server.port}`,
    'listen_addr = *': 'listen_addr = 127.0.0.1',
    'listen_port = 6432': `listen_port = ${port}`,
    '/etc/pgbouncer/userlist.txt': users,
    'admin_users = postgres': 'admin_users = owner',
    ...(mode === 'transaction' && !canPrepare && { 'max_prepared_statements = 200\n': '' }),
  })
  const more = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  await writeFile(file, `${ini}unix_socket_dir =\n${more.join('')}`)
  await writeFile(users, `"owner" "${PASSWORD}"\n`)
  // PgBouncer refuses to run as root.
  const { server: ids } = await serverUsers()
  await chmod(directory, 0o755)
  if (ids) for (const name of [file, users]) await chown(name, ids.uid, ids.gid)
  let log = ''
  let isStarted = false
  let child: ChildProcess
  const start = () => {
    child = spawn(path, [file], { stdio: ['ignore', 'ignore', 'pipe'], ...ids })
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      log += text
    })
    // Restart it, as a service manager does: KILL or RECONNECT has crashed versions 1.18 and 1.24.
    child.once('exit', () => isStarted && start())
  }
  start()
  const urlOf = (database: string) =>
    `postgresql://owner:${PASSWORD}@127.0.0.1:${port}/${database}?sslmode=disable`
  const command = async (text: string) => {
    const client = new pg.Client(urlOf('pgbouncer'))
    client.on('error', () => {}) // PgBouncer may stop while the command waits.
    try {
      await client.connect()
      await client.query(text)
    } finally {
      await client.end().catch(() => {})
    }
  }
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer exited ${child.exitCode}: ${log}`)
    return command('SHOW VERSION').then(
      () => true,
      () => false,
    )
  })
  isStarted = true
  return {
    urlOf,
    command,
    async stop() {
      isStarted = false
      // From 1.23 on, SIGTERM waits until the clients have disconnected.
      child.kill('SIGQUIT')
      await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}
