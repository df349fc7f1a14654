import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import pg from 'pg'
import { serverPaths } from '../../src/database/embedded/paths.js'
import { findNativePackage, installPrograms } from '../../src/database/embedded/programs.js'
import { runProgram } from '../../src/database/embedded/run-program.js'
import { serverUsers } from '../../src/database/embedded/users.js'
import { runDirectory } from './code-cache.js'

/**
 * A PostgreSQL server for one test, which may stop it, fill it up, and log in to it in every way.
 */
export interface OwnServer {
  port: number
  dataDir: string
  /** The directory of its Unix socket, where `owner` needs no password. */
  socketDir: string
  /**
   * Stops the server and disconnects its clients. `immediate` is a crash: the next start recovers.
   */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
  /** Starts it again, and returns when it accepts connections. */
  start(): Promise<void>
  /** Restarts it in hot standby: it is read-only until it is promoted. */
  demote(): Promise<void>
  promote(): Promise<void>
  /** Kills all its processes at once, as in a power failure. */
  kill(): Promise<void>
  /** Runs one statement as its superuser (default: in the database `owner`). */
  run(sql: string, database?: string): Promise<pg.QueryResult>
  remove(): Promise<void>
}

export interface OwnServerOptions {
  settings?: Record<string, string>
  /** Lines at the top of pg_hba.conf. */
  hba?: string
  tls?: boolean
  /** The directory of PostgreSQL's programs (default: those of the embedded server). */
  programs?: string | undefined
  /** Makes it a streaming standby of this server, which is restarted for that. */
  standbyOf?: OwnServer
}

/** The self-signed certificate for localhost that the test server uses with TLS. */
export const certificatePath = fileURLToPath(new URL('certificate/server.crt', import.meta.url))

/**
 * Starts a server with a superuser `owner` and a database `owner`, on a Unix socket and on
 * localhost. Over TCP, every user needs a password unless `hba` says otherwise.
 */
export async function startOwnServer(options: OwnServerOptions = {}): Promise<OwnServer> {
  const users = await serverUsers()
  const root = await mkdtemp('/tmp/tickets-own-')
  const paths = serverPaths(root)
  // The server's user must be able to reach its data.
  await chmod(root, 0o755)
  if (users.server) await chown(root, users.server.uid, users.server.gid)
  const programs = options.programs ?? (await embeddedPrograms())
  const { standbyOf } = options
  if (standbyOf) await copyData(standbyOf, paths.data)
  else await newCluster(programs, paths.data, users)

  const file = async (name: string, text: string) => {
    await writeFile(join(paths.data, name), text, { mode: 0o600 })
    if (users.server) await chown(join(paths.data, name), users.server.uid, users.server.gid)
  }
  await file(
    'pg_hba.conf',
    `local all owner trust\nlocal replication owner trust\n${options.hba ?? ''}\nhost all all all scram-sha-256\n`,
  )
  if (options.tls) {
    await file('server.crt', await readFile(certificatePath, 'utf8'))
    await file('server.key', await readFile(certificatePath.replace(/crt$/, 'key'), 'utf8'))
  }
  if (standbyOf) {
    const { socketDir, port } = standbyOf
    await file('standby.signal', '')
    // In a file, where ALTER SYSTEM can change it.
    await file(
      'postgresql.auto.conf',
      `primary_conninfo = 'host=${socketDir} port=${port} user=owner'\n`,
    )
  }
  const port = await freePort()
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: 'localhost',
    unix_socket_directories: root,
    ssl: options.tls ? 'on' : 'off',
    fsync: 'off',
    ...(standbyOf && { wal_retrieve_retry_interval: '100ms' }),
    ...options.settings,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  let postgres: ChildProcess | undefined
  const connection = { host: root, port, user: 'owner', database: 'owner' }
  const server: OwnServer = {
    port,
    dataDir: paths.data,
    socketDir: root,
    async start() {
      postgres = spawn(join(programs, 'postgres'), ['-D', paths.data, ...args], {
        cwd: '/',
        env: { LC_ALL: 'C' },
        stdio: 'ignore',
        ...users.server,
      })
      await untilReady(connection, postgres)
    },
    async stop(mode = 'fast') {
      if (!postgres || postgres.exitCode !== null || postgres.signalCode !== null) return
      postgres.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await once(postgres, 'exit')
    },
    async demote() {
      await server.stop()
      await file('standby.signal', '')
      await server.start()
    },
    async promote() {
      await server.run('select pg_promote()')
    },
    async kill() {
      const ended = once(postgres!, 'exit')
      await killServer(postgres!.pid!)
      await ended
    },
    async run(sql, database = connection.database) {
      const client = new pg.Client({ ...connection, database })
      client.on('error', () => {}) // A test may have stopped the server.
      await client.connect()
      try {
        return await client.query(sql)
      } finally {
        await client.end()
      }
    },
    async remove() {
      await server.stop()
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await server.start()
  return server
}

/** A base backup of a server that is down needs no program. */
async function copyData(from: OwnServer, data: string): Promise<void> {
  await from.stop()
  await execa('cp', ['-a', from.dataDir, data])
  await from.start()
}

/**
 * Copies the programs of the embedded server to where the server's user can run them, once in a
 * run.
 */
async function embeddedPrograms(): Promise<string> {
  const paths = serverPaths(runDirectory('postgres'))
  await mkdir(paths.root, { recursive: true })
  return installPrograms(paths, await findNativePackage())
}

/**
 * Copies a cluster that is created once in a run with these programs. Creating one takes six times
 * as long.
 */
async function newCluster(
  programs: string,
  data: string,
  users: Awaited<ReturnType<typeof serverUsers>>,
): Promise<void> {
  const model = runDirectory(`cluster-${encodeURIComponent(programs)}`)
  if (existsSync(model)) return void (await execa('cp', ['-a', model, data]))
  await initialise(programs, data, users)
  const copy = `${model}.${randomUUID()}`
  await execa('cp', ['-a', data, copy])
  // Another test process may have created it first, which is as good.
  await rename(copy, model).catch(() => rm(copy, { recursive: true }))
}

async function initialise(
  programs: string,
  data: string,
  users: Awaited<ReturnType<typeof serverUsers>>,
): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  for (const [program, args, input] of [
    [
      'initdb',
      ['-D', data, '-U', 'owner', '--auth=trust', '--no-sync', '--no-locale', '--encoding=UTF8'],
      '',
    ],
    ['postgres', ['--single', '-D', data, 'postgres'], 'CREATE DATABASE owner;\n'],
  ] as const) {
    const { code, output } = await runProgram(join(programs, program), args, {
      users,
      input,
      signal,
    })
    if (code !== 0) throw new Error(`${program}: ${output}`)
  }
}

async function untilReady(connection: pg.ClientConfig, postgres: ChildProcess): Promise<void> {
  for (;;) {
    if (postgres.exitCode !== null) throw new Error(`postgres ended with ${postgres.exitCode}`)
    const client = new pg.Client(connection)
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await sleep(10)
    }
  }
}

/** Kills a postmaster and its processes at once, without a shutdown. */
export async function killServer(postmaster: number): Promise<void> {
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
  // Process group 0 would be that of this process.
  const pids = children.split(' ').map(Number).filter(Boolean)
  for (const pid of [...pids, postmaster]) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {} // It has already ended.
  }
}

/**
 * A port of this machine that nothing listens on, below the range for outgoing connections: a port
 * of that range may be taken before the caller listens on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
      return port
    } catch {} // The port is in use.
  }
}
