import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase({ empty: true })
})
afterAll(() => db.drop())

/** The knex tool, as `npm run knex` starts it. */
async function knex(command: string) {
  const { exitCode, stdout, stderr } = await execa('npm', ['run', '-s', 'knex', '--', command], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { DATABASE_URL: db.url, NO_COLOR: '1' },
    reject: false,
  })
  expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(/error/i)])
  return stdout
}

it('the knex tool and tickets migrate share one history, in both directions', async () => {
  expect(await knex('migrate:status')).toMatch(/1 Pending[\s\S]*0001_shows_and_bookings/)
  expect(await knex('migrate:latest')).toMatch(/1 migrations/)
  const upToDate = await tickets(['migrate', '--json'], { db: db.url })
  expect(upToDate.json()).toEqual({ applied: [] })

  const undone = await tickets(['migrate', '--rollback', '--json'], { db: db.url })
  expect(undone.json()).toEqual({ rolled_back: ['0001_shows_and_bookings'] })
  await tickets(['migrate'], { db: db.url })
  expect(await knex('migrate:latest')).toBe('Already up to date')
  expect(await knex('migrate:rollback')).toMatch(/1 migrations/)
  expect((await tickets(['migrate', '--check'], { db: db.url })).exitCode).toBe(7)
})
