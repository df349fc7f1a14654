import { afterAll, beforeAll } from 'vitest'
import { cloneDatabase, type TestDatabase } from './database.js'
import { type OwnHttpServer, type ServerSettings, serveHere } from './http.js'

/** The one server of a test file, on a database of its own; it is there while the tests run. */
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
