import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { ensureEmbedded, stopEmbedded } from '../../src/database/embedded/embedded.js'
import { embeddedConnection } from '../../src/database/embedded/location.js'
import { openTickets } from '../../src/index.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** How to connect to the server of this test run. */
    server: { host: string; port: number; user: string; database: string }
  }
}

/**
 * One PostgreSQL server for the whole run, in its own directory, with a migrated database that
 * every test file clones. fsync is off, as its data need not survive a crash, and so is autovacuum,
 * as the databases exist for seconds.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tickets-test-'))
  await ensureEmbedded(dataDir)
  const server = embeddedConnection(dataDir)
  await turnOffDurability(server)
  const tickets = openTickets({ database: 'embedded', env: { TICKETS_DATA_DIR: dataDir } })
  await tickets.migrate()
  await tickets.close()
  project.provide('server', { ...server, database: server.database as string })
  return async () => {
    await stopEmbedded(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function turnOffDurability(server: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(server)
  await client.connect()
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum']) {
    await client.query(`alter system set ${setting} = off`)
  }
  await client.query('select pg_reload_conf()')
  await client.end()
}
