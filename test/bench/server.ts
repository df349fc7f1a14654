import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openTickets } from 'tickets-box-office'
import { ensureEmbedded, stopEmbedded } from '../../src/database/embedded/embedded.js'
import { embeddedConnection, embeddedUrl } from '../../src/database/embedded/location.js'

/**
 * The PostgreSQL server of a run, with the same durability as users have, and a directory that is
 * removed with it.
 */
export interface BenchServer {
  /** For TICKETS_DATA_DIR: makes this the embedded server of a command. */
  dataDir: string
  /** A directory for files of the run. */
  directory: string
  /** Creates a new database, migrated and empty. */
  createDatabase(name: string): Promise<BenchDatabase>
  dropDatabase(name: string): Promise<void>
}

export interface BenchDatabase {
  url: string
  connection: { host: string; port: number; user: string; database: string }
  /** Runs SQL on a separate connection, and returns the rows. */
  sql<Row = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** What Linux calls a file system in memory. */
const TMPFS = 0x01021994

/** Runs `work` on a new server, which is always stopped and removed. */
export async function withServer<T>(work: (server: BenchServer) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-bench-'))
  // Not below `directory`, which only its owner can enter: a server of root runs as another user.
  const dataDir = await mkdtemp(join(tmpdir(), 'tickets-bench-data-'))
  const databases: BenchDatabase[] = []
  const admin = (statement: string) => asAdmin(dataDir, statement)
  try {
    await ensureEmbedded(dataDir)
    // For the largest number of callers of a peer, which have a connection each.
    await admin('alter system set max_connections = 400')
    await stopEmbedded(dataDir)
    await ensureEmbedded(dataDir)
    return await work({
      dataDir,
      directory,
      async createDatabase(name) {
        await admin(`create database ${name} template template0`)
        const database = await openKnexPool(dataDir, name)
        databases.push(database)
        return database
      },
      dropDatabase: (name) => admin(`drop database ${name} with (force)`).then(() => {}),
    })
  } finally {
    await Promise.allSettled(databases.map((database) => database.close()))
    await stopEmbedded(dataDir)
    for (const made of [dataDir, directory]) {
      await rm(made, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

/** The machine. Throws if the server is not durable: its figures would mean nothing. */
export async function describeMachine({ dataDir }: BenchServer): Promise<Record<string, string>> {
  const settings: Record<string, string> = {}
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers']) {
    const [row] = await asAdmin(dataDir, `show ${name}`)
    settings[name] = row![name]!
  }
  const { shared_buffers, ...durability } = settings
  if (Object.values(durability).some((value) => value !== 'on')) {
    throw new Error(`The server is not durable: ${JSON.stringify(settings)}`)
  }
  if ((await statfs(dataDir)).type === TMPFS) {
    throw new Error(`${tmpdir()} is in memory, where fsync costs nothing. Set TMPDIR to a disk.`)
  }
  const [version] = await asAdmin(dataDir, 'show server_version')
  const [cpu] = cpus()
  return {
    cpu: `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1e9)} GB`,
    node: process.version,
    postgresql: version!.server_version!,
    ...settings,
  }
}

async function openKnexPool(dataDir: string, database: string): Promise<BenchDatabase> {
  const connection = { ...embeddedConnection(dataDir), database }
  const url = embeddedUrl(dataDir).replace(/@\/[^?]+/, `@/${database}`)
  const tickets = openTickets({ database: url })
  await tickets.migrate()
  await tickets.close()
  const client = new pg.Client(connection)
  client.on('error', () => {}) // The server may stop first.
  await client.connect()
  return {
    url,
    connection: pick(connection),
    sql: async (statement, values) => (await client.query(statement, values)).rows,
    close: () => client.end(),
  }
}

function pick({ host, port, user, database }: pg.ClientConfig): BenchDatabase['connection'] {
  return { host: host!, port: port!, user: user!, database: database! }
}

async function asAdmin(dataDir: string, statement: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ ...embeddedConnection(dataDir), database: 'postgres' })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
