import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { daemonLink } from '../../src/daemon/socket.js'
import { embeddedUrl } from '../../src/database/embedded/location.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tickets-spellings-'))
  await mkdir(join(directory, 'sockets'))
  await symlink('sockets', join(directory, 'link'))
  await mkdir(join(directory, 'project'))
  await writeFile(join(directory, 'project', '.env'), 'DATABASE_URL=postgres://ada@localhost/box', {
    mode: 0o600,
  })
  await writeFile(join(directory, 'services'), '[box]\nhost=localhost\ndbname=box\nuser=ada\n')
})
afterAll(() => rm(directory, { recursive: true }))

type Choice = { db?: string; env?: Record<string, string>; cwd?: string }

/** <dir> stands for the directory of the test. */
function linkOf(choice: Choice): string {
  const {
    db,
    env = {},
    cwd = '/',
  } = JSON.parse(JSON.stringify(choice).replaceAll('<dir>', directory)) as Choice
  return daemonLink(db, { PGSERVICEFILE: join(directory, 'services'), ...env }, cwd)
}

describe('one daemon serves a database, in every spelling of its URL', () => {
  const base: Choice = { db: 'postgres://ada@localhost/box' }
  const onSocket: Choice = { db: 'postgres://ada@/box?host=<dir>/sockets' }
  it.each<[Choice, Choice]>([
    [{ db: 'postgres://ada@localhost:5432/box' }, base],
    [{ db: ' postgresql://ada@LocalHost/box ' }, base],
    [{ db: 'postgres://ada:secret@localhost/box?sslmode=disable' }, base],
    [{ db: 'postgres:///box?host=localhost&user=ada' }, base],
    [{ db: 'postgres:///box?user=ada&host=localhost' }, base],
    [{ db: 'postgres://%61da@localhost/box?application_name=till' }, base],
    [{ env: { DATABASE_URL: 'postgres://ada@localhost/box' } }, base],
    [{ env: { DATABASE_URL: 'postgres://ada@/box', PGHOST: 'localhost' } }, base],
    [{ env: { PGHOST: 'localhost', PGUSER: 'ada', PGDATABASE: 'box' } }, base],
    [{ env: { PGHOST: 'localhost', PGUSER: 'ada', PGDATABASE: 'box', PGPORT: '5432' } }, base],
    [{ env: { PGSERVICE: 'box' } }, base],
    [{ db: 'postgres://ada@a,b:5433/box' }, { db: 'postgres://ada@A:5432,b:5433/box' }],
    [{ db: 'postgres:///?service=box' }, base],
    [{ cwd: '<dir>/project' }, base],
    [{ db: 'postgres://ada@/box?host=<dir>/link' }, onSocket],
    [{ env: { PGHOST: '<dir>/sockets/', PGUSER: 'ada', PGDATABASE: 'box' } }, onSocket],
    [{ db: 'postgres://localhost/box', env: { PGUSER: 'ada' } }, base],
    [
      { env: { TICKETS_DATA_DIR: '<dir>/sockets/data' } },
      { env: { TICKETS_DATA_DIR: 'link/data' }, cwd: '<dir>' },
    ],
    [
      { db: 'embedded', env: { TICKETS_DATA_DIR: '<dir>/data', PGHOST: 'localhost' } },
      { env: { TICKETS_DATA_DIR: '<dir>/data' } },
    ],
  ])('%j is %j', (one, other) => {
    expect(linkOf(one)).toBe(linkOf(other))
  })

  it('the URL of the embedded server is the embedded server', () => {
    const dataDir = join(directory, 'data')
    const env = { TICKETS_DATA_DIR: dataDir }
    expect(linkOf({ db: embeddedUrl(dataDir) })).toBe(linkOf({ env }))
  })

  it.each<Choice>([
    { db: 'postgres://ada@localhost:5433/box' },
    { db: 'postgres://ada@localhost/other' },
    { db: 'postgres://bob@localhost/box' },
    { db: 'postgres://ada@127.0.0.1/box' },
    { db: 'postgres://ada@localhost/box?hostaddr=192.0.2.1' },
    { db: 'postgres://ada@localhost,b/box' },
    { db: 'embedded' },
    onSocket,
  ])('%j is another', (other) => {
    expect(linkOf(other)).not.toBe(linkOf(base))
  })
})
