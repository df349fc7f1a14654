import { type Database, openKnexPool } from '../../src/database/knex-pool.js'
import { findDatabase } from '../../src/database/settings/settings.js'
import type { TestDatabase } from './database.js'

/** Opens a test database in the form that the functions of the core take. */
export function openCore(db: TestDatabase): Database {
  const target = findDatabase({ db: db.url, env: {}, cwd: '/', homeDir: '/' })
  if (target.kind === 'embedded') throw new Error('This is not the test database.')
  return openKnexPool(target, { waitMs: 1000 })
}
