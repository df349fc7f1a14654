import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  embeddedStatus,
  ensureEmbedded,
  stopEmbedded,
} from '../../../src/database/embedded/embedded.js'
import {
  embeddedConnection,
  embeddedDataDir,
  embeddedUrl,
} from '../../../src/database/embedded/location.js'
import { tickets } from '../../support/cli.js'
import {
  buildEmbeddedProgram,
  copyServer,
  type EmbeddedProgram,
  withDataDir,
} from '../../support/embedded-process.js'
import { until } from '../../support/until.js'
import { expectWording, withFacts } from '../../support/wording.js'

const asRoot = process.getuid?.() === 0
const hasPsql = spawnSync('psql', ['--version']).status === 0

let program: EmbeddedProgram
/** A stopped server to copy: making one takes a second. */
let model: string
/** A copy for all tests that leave it in order, running or not: a copy takes half a second. */
let shared: string

beforeAll(async () => {
  program = await buildEmbeddedProgram()
  model = await mkdtemp(join(tmpdir(), 'tickets-model-'))
  await ensureEmbedded(model)
  await query(model, 'create table kept as select 42 as answer')
  await stopEmbedded(model)
  shared = `${model}-shared`
  await copyServer(model, shared)
})

afterAll(async () => {
  await program?.remove()
  for (const dataDir of [shared, model].filter(Boolean)) {
    await stopEmbedded(dataDir).finally(() => rm(dataDir, { recursive: true }))
  }
})

/** A test with the shared server, which is stopped before. */
function withServer(use: (dataDir: string) => Promise<void>): () => Promise<void> {
  return async () => {
    await stopEmbedded(shared)
    await use(shared)
  }
}

/** A test with a copy of the model, to be damaged. */
function withCopy(use: (dataDir: string) => Promise<void>): () => Promise<void> {
  return () => withDataDir(use, { copyOf: model })
}

describe('many processes, one server', () => {
  test('eight processes race on an empty machine: one makes the server, all succeed', () =>
    withDataDir(async (dataDir) => {
      const racers = Array.from({ length: 8 }, () => program.run('ensure', { dataDir }))
      const answers = await Promise.all(racers)
      expect(answers.filter((answer) => answer.error)).toEqual([])
      const sentences = answers.flatMap((answer) => answer.progress)
      expect(sentences).toEqual([withFacts('PostgreSQL 18', dataDir), withFacts('PostgreSQL 18')])
      expect(startsIn(await readFile(join(dataDir, 'server.log'), 'utf8'))).toBe(1)
      expect((await readdir(dataDir)).sort()).toEqual([
        'data',
        'run',
        expect.any(String),
        'server.log',
      ])
    }))

  test(
    'the server outlives its starter, whose streams it does not hold',
    withServer(async (dataDir) => {
      const starter = program.start('ensure', { dataDir })
      // Resolves only when nobody holds the pipe's other end.
      await starter
      const { pid } = await embeddedStatus(dataDir)
      expect(() => process.kill(starter.pid!, 0)).toThrow('ESRCH')
      expect(process.kill(pid!, 0)).toBe(true)
      expect(sessionOf(pid!)).not.toBe(sessionOf(process.pid))
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
    }),
  )

  test(
    'a server that is being stopped is waited for, and started again',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const stopping = stopEmbedded(dataDir)
      const racers = Array.from({ length: 3 }, () => ensureEmbedded(dataDir))
      expect(await stopping).toBe('stopped')
      await Promise.all(racers)
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
    }),
  )
})

test('a server in another container that has the same data: a second one is refused; after SIGKILL it is not', async ({
  skip,
}) => {
  const probe = ['--mount', '--pid', '--ipc', '--fork', '--mount-proc', 'true']
  if (!asRoot || spawnSync('unshare', probe).status !== 0) {
    skip('only root can make a container, with unshare of util-linux')
  }
  await withDataDir(
    async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { pid, socket } = await embeddedStatus(dataDir)
      const elsewhere = () => program.run('ensure', { dataDir, hidden: dirname(socket) })
      const refused = await elsewhere()
      expect(refused.error).toEqual({ code: 'DB_UNREACHABLE', message: withFacts(dataDir) })
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
      expect((await embeddedStatus(dataDir)).pid).toBe(pid)

      process.kill(pid!, 'SIGKILL')
      await until(async () => (await embeddedStatus(dataDir)).pid === null)
      // Leaves the pid file of a process that is not to be seen here.
      expect(await elsewhere()).not.toHaveProperty('error')
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
    },
    // Too long for a socket, so the socket is in /tmp.
    { name: 'long'.repeat(25), copyOf: model },
  )
})

describe('after a disaster', () => {
  test(
    'kill -9 of the server: the next command recovers it, and what was committed is there',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      await query(dataDir, 'create table sold (seat int); insert into sold values (7)')
      const { pid } = await embeddedStatus(dataDir)
      process.kill(pid!, 'SIGKILL')
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select seat from sold')).toEqual([{ seat: 7 }])
      expect((await embeddedStatus(dataDir)).pid).not.toBe(pid)
    }),
  )

  test.each<[what: string, name: (dataDir: string) => string]>([
    ['program', () => 'sleep'],
    ['program that reads the data', (dataDir) => `less ${dataDir}/data/PG_VERSION`],
    ['PostgreSQL, with data elsewhere', () => 'postgres -D /elsewhere/data'],
  ])(
    'a pid file whose number now belongs to another %s does not keep the server from starting',
    (_, name) =>
      withServer((dataDir) =>
        withAlien(dataDir, name(dataDir), async (alien) => {
          const text = `${alien}\n${join(dataDir, 'data')}\n1700000000\n5432\n\n\n`
          await writeFile(join(dataDir, 'data', 'postmaster.pid'), text)
          expect(await embeddedStatus(dataDir)).toMatchObject({ state: 'stopped', pid: null })
          expect(await stopEmbedded(dataDir)).toBe('not running')
          await mkdir(join(dataDir, 'run'), { recursive: true })
          await writeFile(join(dataDir, 'run', '.s.PGSQL.5432.lock'), text)
          await ensureEmbedded(dataDir)
          expect(process.kill(alien, 0)).toBe(true)
        }),
      )(),
  )

  test(
    'a killed server leaves a child behind for a moment: the start is repeated until it has ended',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { pid } = await embeddedStatus(dataDir)
      const [child] = childrenOf(pid!)
      const log = join(dataDir, 'server.log')
      let hasEnded = false
      let starting: Promise<void>
      // It keeps the memory of the server in use, which PostgreSQL sees at its start.
      process.kill(child!, 'SIGSTOP')
      try {
        process.kill(pid!, 'SIGKILL')
        starting = ensureEmbedded(dataDir).finally(() => {
          hasEnded = true
        })
        starting.catch(() => {})
        await until(
          async () =>
            hasEnded || (await readFile(log, 'utf8')).includes('pre-existing shared memory block'),
        )
      } finally {
        process.kill(child!, 'SIGCONT')
      }
      await starting
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
    }),
  )

  test(
    'a copy of a running server is a server of its own: the original keeps running',
    withServer(async (original) => {
      await ensureEmbedded(original)
      const { pid } = await embeddedStatus(original)
      await withDataDir(
        async (copy) => {
          expect(await embeddedStatus(copy)).toMatchObject({ state: 'stopped' })
          expect(await stopEmbedded(copy)).toBe('not running')
        },
        { copyOf: original },
      )
      expect(await embeddedStatus(original)).toMatchObject({ state: 'running', pid })
    }),
  )

  test('a creator killed half-way leaves nothing that the next one trips over', () =>
    withDataDir(async (dataDir) => {
      const creator = program.start('ensure', { dataDir, detached: true })
      await until(async () => (await halfMade(dataDir)).length > 0)
      // With initdb, as when the machine goes down.
      process.kill(-creator.pid!, 'SIGKILL')
      await creator
      // As if the time had passed after which a lock is void, and half-made things are abandoned.
      for (const name of await readdir(dataDir)) await utimes(join(dataDir, name), 0, 0)
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select current_user')).toEqual([{ current_user: 'tickets' }])
      expect((await readdir(dataDir)).filter((name) => name.startsWith('.making-'))).toEqual([])
    }))

  test(
    'what another process began lately is left to it, and what is two minutes old is cleared away',
    withServer(async (dataDir) => {
      for (const [name, ageMs] of [
        ['.making-young', 60_000],
        ['.making-old', 180_000],
      ] as const) {
        const [path, begun] = [join(dataDir, name), new Date(Date.now() - ageMs)]
        await mkdir(path)
        await utimes(path, begun, begun)
      }
      await ensureEmbedded(dataDir)
      const made = (await readdir(dataDir)).filter((name) => name.startsWith('.making-'))
      expect(made).toEqual(['.making-young'])
    }),
  )

  test(
    'a data directory that is none is moved aside, not deleted',
    withCopy(async (dataDir) => {
      await rm(join(dataDir, 'data'), { recursive: true })
      await mkdir(join(dataDir, 'data'))
      await writeFile(join(dataDir, 'data', 'half'), 'made')
      await ensureEmbedded(dataDir)
      const aside = (await readdir(dataDir)).find((name) => name.startsWith('data.broken-'))
      expect(await readFile(join(dataDir, aside!, 'half'), 'utf8')).toBe('made')
    }),
  )

  test(
    'a socket that something swept away: the server is started again',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { pid, socket } = await embeddedStatus(dataDir)
      await rm(socket)
      await ensureEmbedded(dataDir)
      expect((await embeddedStatus(dataDir)).pid).not.toBe(pid)
    }),
  )
})

describe('its log', () => {
  const megabyte = 1024 * 1024

  test.each([
    ['that is short is continued', megabyte - 1, false],
    ['that has grown to a megabyte is put aside, in place of the one before', megabyte, true],
  ])('%s', (_, size, isTurned) =>
    // A server that has only just stopped may still write to its log.
    withCopy(async (dataDir) => {
      const log = join(dataDir, 'server.log')
      await writeFile(log, 'x'.repeat(size))
      await writeFile(`${log}.1`, 'before')
      await ensureEmbedded(dataDir)
      const [now, aside] = [await readFile(log, 'utf8'), await readFile(`${log}.1`, 'utf8')]
      expect(startsIn(now)).toBe(1)
      expect(now.startsWith('x')).toBe(!isTurned)
      expect(aside).toBe(isTurned ? 'x'.repeat(size) : 'before')
    })(),
  )

  test(
    'only what this start added is given as its reason, where the log is continued or put aside',
    withCopy(async (dataDir) => {
      await rm(join(dataDir, 'data', 'global', 'pg_control'))
      for (const size of [megabyte - 1, megabyte]) {
        const old = '2026-01-01 UTC [1] FATAL:  an old reason\n'
        await writeFile(join(dataDir, 'server.log'), old.padStart(size))
        await expect(ensureEmbedded(dataDir)).rejects.toThrow(/".*pg_control.*"/)
      }
    }),
  )
})

/** What is in the way, and the sentence about it. */
const said: [what: string, sentence: string][] = []

const note = (what: string) => (error: Error) => {
  said.push([what, error.message])
  throw error
}

describe('one clear sentence', () => {
  test('a directory that may not be written', () =>
    withDataDir(async (dataDir) => {
      await chmod(dirname(dataDir), 0o555)
      const { error } = await program.run('ensure', { dataDir, ...(asRoot && ordinaryUser()) })
      said.push(['a directory that may not be written', error!.message])
      expect(error).toEqual({
        code: 'DB_UNREACHABLE',
        message: withFacts(dataDir, 'EACCES', 'TICKETS_DATA_DIR'),
      })
    }))

  test('a path that leads through a file', () =>
    withDataDir(async (file) => {
      await writeFile(file, '')
      await expect(ensureEmbedded(join(file, 'x', 'y'))).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        message: withFacts('ENOTDIR', 'TICKETS_DATA_DIR'),
      })
    }))

  test.each([
    ['/proc', 'ENOENT'],
    ['/proc/x/y', 'ENOENT'],
    ['/dev/null/x', 'ENOTDIR'],
  ])('a path where no directory can be, from the command line: %s', async (path, reason) => {
    const { exitCode, stdout } = await tickets(['show', 'list', '--json'], {
      env: { TICKETS_DATA_DIR: path },
    })
    expect(exitCode).toBe(6)
    said.push([`in ${path}`, JSON.parse(stdout).error.message])
    expect(JSON.parse(stdout).error.message).toEqual(withFacts(path, reason, 'TICKETS_DATA_DIR'))
  })

  test('a full disk, before and after there is a server', async ({ skip }) => {
    await withDataDir(async (disk) => {
      await mkdir(disk)
      if (!mountSmallDisk(disk)) skip('only root can mount a small disk')
      try {
        const dataDir = join(disk, 'd')
        const full = {
          code: 'DB_UNREACHABLE',
          message: withFacts(dataDir, 'ENOSPC', 'TICKETS_DATA_DIR'),
        }
        await writeFile(join(disk, 'film'), Buffer.alloc(120 * 1024 * 1024))
        await expect(ensureEmbedded(dataDir)).rejects.toMatchObject(full)
        await rm(join(disk, 'film'))
        execFileSync('cp', ['-a', `${model}/.`, dataDir])
        spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'film')}`, 'bs=1M'])
        await expect(ensureEmbedded(dataDir)).rejects.toMatchObject(full)
        await rm(join(disk, 'film'))
        await ensureEmbedded(dataDir)
        await stopEmbedded(dataDir)
      } finally {
        execFileSync('umount', [disk])
      }
    })
  })

  test(
    'data of another PostgreSQL',
    withCopy(async (dataDir) => {
      await writeFile(join(dataDir, 'data', 'PG_VERSION'), '17\n')
      await expect(
        ensureEmbedded(dataDir).catch(note('data of PostgreSQL 17')),
      ).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        message: withFacts('PostgreSQL 17', '18', '`tickets db upgrade`'),
      })
    }),
  )

  test(
    "damaged data: PostgreSQL's own reason",
    withCopy(async (dataDir) => {
      await rm(join(dataDir, 'data', 'global', 'pg_control'))
      await expect(ensureEmbedded(dataDir)).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        message: expect.stringMatching(/".*pg_control.*"\.$/),
      })
    }),
  )
})

test('the embedded server is refused in the words of test/wording/embedded.txt', () =>
  expectWording('embedded', said))

describe('reachable by its owner only', () => {
  test('an ordinary user has a server of their own, which lets no other user in', async ({
    skip,
  }) => {
    if (!asRoot) skip('only root can act as several users')
    await withDataDir(async (home) => {
      const { uid, gid } = ordinaryUser()
      await mkdir(home)
      await chown(home, uid, gid)
      const { dataDir, error } = await program.run('ensure', { home, uid, gid })
      try {
        expect(error).toBeUndefined()
        expect(dataDir.startsWith(home)).toBe(true)
        expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
        expect(await program.run('connect', { dataDir, uid, gid })).toMatchObject({
          user: 'tickets',
        })
        expect(await program.run('connect', { dataDir, uid: 1, gid: 1 })).toMatchObject({
          error: { code: 'not expected: EACCES' },
        })
        // Root may enter any directory, and is turned away all the same.
        await expect(ensureEmbedded(dataDir)).rejects.toMatchObject({
          code: 'DB_UNREACHABLE',
          message: withFacts(`uid ${uid}`),
        })
      } finally {
        expect(await program.run('stop', { dataDir, uid, gid })).toMatchObject({
          stopped: 'stopped',
        })
      }
    })
  })

  test("root's server: neither other users nor the server's own account get in", async ({
    skip,
  }) => {
    if (!asRoot) skip('only root can act as several users')
    await withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { uid, gid } = await stat(join(dataDir, 'data'))
      expect(uid).not.toBe(0)
      for (const who of [ordinaryUser(), { uid, gid: 1 }]) {
        expect(await program.run('connect', { dataDir, ...who })).toMatchObject({
          error: { code: 'not expected: EACCES' },
        })
      }
      // Even past the directories, the server knows root alone.
      expect(await program.run('connect', { dataDir, uid, gid })).toMatchObject({
        error: { code: 'not expected: 28000' },
      })
    })()
  })

  test(
    'it is durable, and listens on no network',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const settings = await query(
        dataDir,
        `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
          current_setting('full_page_writes') as pages, current_setting('listen_addresses') as tcp`,
      )
      expect(settings).toEqual([{ fsync: 'on', commit: 'on', pages: 'on', tcp: '' }])
    }),
  )
})

describe('where it is', () => {
  const deep = `${'deep'.repeat(30)}/tickets`

  test('a path too long for a socket works, and its socket is private', () =>
    withDataDir(async (parent) => {
      const dataDir = join(parent, deep)
      await mkdir(dirname(dataDir), { recursive: true })
      await copyServer(model, dataDir)
      try {
        await ensureEmbedded(dataDir)
        expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
        const { host } = embeddedConnection(dataDir)
        expect(host).toMatch(/^\/tmp\/tickets-\d+-[0-9a-f]{16}$/)
        expect((await stat(host)).mode & 0o007).toBe(0)
      } finally {
        await stopEmbedded(dataDir)
        await rm(embeddedConnection(dataDir).host, { recursive: true, force: true })
      }
    }))

  test('a socket directory that is not ours is refused', () =>
    withDataDir(async (parent) => {
      const dataDir = join(parent, deep)
      const { host } = embeddedConnection(dataDir)
      await writeFile(host, 'a trap')
      try {
        expect(() => embeddedConnection(dataDir)).toThrow(host)
        await expect(ensureEmbedded(dataDir)).rejects.toMatchObject({ code: 'DB_UNREACHABLE' })
      } finally {
        await rm(host)
      }
    }))

  test('stop and status say what is; the URL suits psql and node-postgres', async () => {
    await withDataDir(
      async (dataDir) => {
        await expect(embeddedStatus(`${dataDir}-none`)).resolves.toMatchObject({ state: 'absent' })
        await ensureEmbedded(dataDir)
        expect(await embeddedStatus(dataDir)).toEqual({
          state: 'running',
          dataDir,
          pid: expect.any(Number),
          version: expect.stringMatching(/^18\.\d+$/),
          socket: join(embeddedConnection(dataDir).host, '.s.PGSQL.5432'),
          bytes: expect.any(Number),
        })
        const client = new pg.Client(embeddedUrl(dataDir))
        await client.connect()
        expect((await client.query('select 6 * 7 as answer')).rows).toEqual([{ answer: 42 }])
        await client.end()
        if (hasPsql) {
          const args = [embeddedUrl(dataDir), '-Atc', 'select current_user, answer from kept']
          expect(execFileSync('psql', args, { encoding: 'utf8' })).toBe('tickets|42\n')
        }
        expect(await stopEmbedded(dataDir)).toBe('stopped')
        expect(await stopEmbedded(dataDir)).toBe('not running')
        expect(await embeddedStatus(dataDir)).toMatchObject({ state: 'stopped', version: '18' })
      },
      { copyOf: model, name: `it's a "d%41r", \\é+&` },
    )
  })

  test('TICKETS_DATA_DIR moves it; without, it is in the data directory of the user', () => {
    expect(embeddedDataDir({ TICKETS_DATA_DIR: '/srv/seats/' })).toBe('/srv/seats')
    expect(embeddedDataDir({})).toMatch(/^\/.*tickets$/)
  })

  test('other files in the directory are left alone, and so are its permissions', () =>
    withDataDir(
      async (dataDir) => {
        await writeFile(join(dataDir, 'letter'), 'dear reader')
        await chmod(dataDir, 0o755)
        await ensureEmbedded(dataDir)
        expect((await stat(dataDir)).mode & 0o777).toBe(0o755)
        expect(await readFile(join(dataDir, 'letter'), 'utf8')).toBe('dear reader')
      },
      { copyOf: model },
    ))
})

async function query(dataDir: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(embeddedConnection(dataDir))
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

function startsIn(log: string): number {
  return log.split('\n').filter((line) => line.includes('starting PostgreSQL')).length
}

function sessionOf(pid: number): string {
  return execFileSync('ps', ['-o', 'sid=', '-p', String(pid)], { encoding: 'utf8' }).trim()
}

function ordinaryUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function childrenOf(pid: number): number[] {
  const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return pids.trim().split(/\s+/).map(Number)
}

/** A living process of the server's own user: one that PostgreSQL would take for its own; `argv0` is its name. */
async function withAlien(
  dataDir: string,
  argv0: string,
  use: (pid: number) => Promise<void>,
): Promise<void> {
  const { uid, gid } = await stat(join(dataDir, 'data'))
  const alien = spawn('sleep', ['600'], { argv0, cwd: '/', ...(asRoot && { uid, gid }) })
  await once(alien, 'spawn')
  try {
    await use(alien.pid!)
  } finally {
    alien.kill()
  }
}

/** What a creator has begun in its working directory. */
async function halfMade(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir).catch(() => [])
  const making = names.find((name) => name.startsWith('.making-'))
  const inside = making ? await readdir(join(dataDir, making)).catch(() => []) : []
  return inside.filter((name) => name === 'base')
}

function mountSmallDisk(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=150m', 'none', path]).status === 0
}
