import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrationSource } from '../../../../src/database/schema/migrate.js'
import { bareEnvironment } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase({ empty: true })
})
afterAll(() => db.drop())

/** The knex tool, as `npm run knex` starts it. */
async function knex(command: string) {
  const { exitCode, stdout, stderr } = await execa('npm', ['run', '-s', 'knex', '--', command], {
    cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
    env: { DATABASE_URL: db.url, NO_COLOR: '1' },
    reject: false,
  })
  expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(/error/i)])
  return stdout
}

const migrate = (...args: string[]) => runInProcess(['migrate', ...args], { DATABASE_URL: db.url })

it('the knex tool and tickets migrate share one history, in both directions', async () => {
  const all = await migrationSource.getMigrations([])
  const pending = await knex('migrate:status')
  for (const name of all) expect(pending).toContain(name)
  const ran = new RegExp(`${all.length} migrations`)
  expect(await knex('migrate:latest')).toMatch(ran)
  const upToDate = await migrate('--json')
  expect(upToDate.json()).toEqual({ applied: [] })

  const undone = await migrate('--rollback', '--json')
  expect(undone.json()).toEqual({ rolled_back: all.toReversed() })
  await migrate()
  expect(await knex('migrate:latest')).toBe('Already up to date')
  expect(await knex('migrate:rollback')).toMatch(ran)
  expect((await migrate('--check')).exitCode).toBe(7)
})

it('its settings report that a .env has chosen the database', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'tickets-knexfile-'))
  await writeFile(join(cwd, '.env'), `DATABASE_URL=${db.url}\n`)
  const [knexfile, tsx] = [
    new URL('../../../../knexfile.ts', import.meta.url),
    import.meta.resolve('tsx'),
  ]
  const script = `const { default: settings } = await import('${knexfile}'); await settings()`
  const { stderr } = await execa(
    process.execPath,
    ['--import', tsx, '--input-type=module', '--eval', script],
    { cwd, env: bareEnvironment, extendEnv: false },
  )
  await rm(cwd, { recursive: true })
  expect(stderr).toMatch(/^.* "test_\w+" .+ \(\.env\)$/)
})
