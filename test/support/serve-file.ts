import { afterAll, beforeAll } from 'vitest'
import { cloneDatabase, type TestDatabase } from './database.js'
import { type OwnHttpServer, type ServerSettings, serveHere } from './http.js'

/** One server for a test file, on its own database, while the tests run. */
export function serveFile(settings: ServerSettings = {}): OwnHttpServer & { db: TestDatabase } {
  const server = {} as OwnHttpServer & { db: TestDatabase }
  beforeAll(async () => {
    const db = await cloneDatabase()
    Object.assign(server, { db }, await serveHere(db.url, settings))
  })
  afterAll(async () => {
    await server.close()
    await server.db.drop()
  })
  return server
}
