import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bareEnvironment, program, tickets } from '../../../support/cli.js'
import { runInProcess } from '../../../support/in-process.js'
import { withFacts } from '../../../support/wording.js'

const RACERS = 20

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tickets-fresh-'))
})
afterAll(async () => {
  await run('db', 'stop')
  await rm(dataDir, { recursive: true })
})

/** What `tickets book --json` printed in a test. */
const answer = JSON.stringify({
  ...{ id: '00000000-0000-4000-8000-000000000000', reference: 'K7Q2-9FMX' },
  ...{ show_id: '00000000-0000-4000-8000-000000000001', status: 'CONFIRMED', seats: [1] },
})

const run = (...args: string[]) =>
  runInProcess(args, { ...bareEnvironment, TICKETS_DATA_DIR: dataDir })
/** The same in a separate process. */
const runAsProcess = (...args: string[]) => tickets(args, { env: { TICKETS_DATA_DIR: dataDir } })

it('status and stop of a server that does not exist report that, and start nothing', async () => {
  const status = await run('db', 'status', '--json')
  expect(status.exitCode).toBe(0)
  expect(status.json()).toMatchObject({ state: 'absent', data_dir: dataDir, pid: null })
  const stop = await run('db', 'stop')
  expect(stop).toMatchObject({ exitCode: 0, stdout: '' })
  expect((await run('db', 'status', '--json')).json().state).toBe('absent')
})

it('commands that would report on an empty server create none, and say so: exit code 6', async () => {
  const answers = `${dataDir}-answers.ndjson`
  await writeFile(answers, answer)
  const before = await readdir(dataDir)
  const missing = join(dataDir, 'missing')
  for (const [where, ...args] of [
    [dataDir, 'db', 'backup'],
    [missing, 'db', 'backup', '-'],
    [dataDir, 'verify'],
    [dataDir, 'verify', '--repair', '-y'],
    [missing, 'verify', '--against', answers],
  ] as [string, ...string[]][]) {
    const env = { ...bareEnvironment, TICKETS_DATA_DIR: where }
    const ran = await runInProcess(args, env, { cwd: tmpdir() })
    expect([args, ran.exitCode, ran.stdout]).toEqual([args, 6, ''])
    expect(ran.stderr.replace(/\s+/g, ' ')).toEqual(withFacts(where, 'TICKETS_DATA_DIR', '--db'))
  }
  expect((await run('db', 'upgrade', '--json')).json()).toEqual({ upgraded: false })
  expect((await run('doctor', '--json')).exitCode).toBe(0)
  expect(await readdir(dataDir)).toEqual(before)
  await rm(answers)
})

it('twenty processes on an empty machine end up with one server and twenty shows', async () => {
  const created = await Promise.all(
    Array.from({ length: RACERS }, (_, i) =>
      runAsProcess(
        ...['show', 'create', '--json', '--start-time', '2030-01-01T19:00Z'],
        ...['--total-seats', '5', '--name', `Show ${i}`],
      ),
    ),
  )
  expect(created.map(({ exitCode, stderr }) => (exitCode === 0 ? 0 : stderr))).toEqual(
    Array(RACERS).fill(0),
  )
  const list = await run('show', 'list', '--json')
  const ids = (shows: { id: string }[]) => shows.map(({ id }) => id).sort()
  expect(ids(list.json())).toEqual(ids(created.map((ran) => ran.json())))
  expect(await serverStarts()).toBe(1)
})

it('outlives its clients, has a URL for any client, and keeps the shows when it is restarted', async () => {
  const [status, url] = [await run('db', 'status', '--json'), await run('db', 'url')]
  expect(status.json()).toMatchObject({ state: 'running', pid: expect.any(Number) })
  const client = new pg.Client({ connectionString: url.stdout.trimEnd() })
  await client.connect()
  const { rows } = await client.query(
    `select count(*)::int as shows, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit from shows`,
  )
  await client.end()
  expect(rows).toEqual([{ shows: RACERS, fsync: 'on', commit: 'on' }])

  expect((await run('db', 'stop', '--json')).json()).toMatchObject({ state: 'stopped', pid: null })
  const list = await runAsProcess('show', 'list', '--json')
  expect(list.exitCode).toBe(0)
  expect(list.json()).toHaveLength(RACERS)
  expect(await serverStarts()).toBe(2)

  const again = await run('db', 'start', '--json')
  expect(again.json().state).toBe('running')
  expect(await serverStarts()).toBe(2)
})

it('the command that has started the server handles signals like any other', async () => {
  await run('db', 'stop')
  const serving = execa(process.execPath, [program, 'serve', '--port', '0'], {
    env: { ...bareEnvironment, TICKETS_DATA_DIR: dataDir },
    extendEnv: false,
    reject: false,
  })
  await once(serving.stdout, 'data')
  serving.kill('SIGTERM')
  const { exitCode, signal, stderr } = await serving
  expect(stderr).toMatch(/^.* PostgreSQL \d+ ?…/m)
  expect([exitCode, signal]).toEqual([0, undefined])
})

/** How many times a server has started on this data, according to its log. */
async function serverStarts(): Promise<number> {
  const log = await readFile(join(dataDir, 'server.log'), 'utf8')
  return log.match(/database system is ready/g)?.length ?? 0
}
