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
/** A stopped server to copy: creating one takes a second. */
let model: string
/** One copy for all tests that leave it in order, running or not: copying takes half a second. */
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

/** A test with the shared server, which is stopped before the test. */
function withServer(use: (dataDir: string) => Promise<void>): () => Promise<void> {
  return async () => {
    await stopEmbedded(shared)
    await use(shared)
  }
}

/** A test with its own copy of the model, which it may damage. */
function withCopy(use: (dataDir: string) => Promise<void>): () => Promise<void> {
  return () => withDataDir(use, { copyOf: model })
}

describe('several processes, one server', () => {
  test('eight processes race on an empty machine: one creates the server, all succeed', () =>
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
    'the server outlives the process that started it, and does not hold its streams open',
    withServer(async (dataDir) => {
      const starter = program.start('ensure', { dataDir })
      // Resolves only when no process has the other end of the pipe open.
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

test('a second server on the same data, in another container, is refused; after SIGKILL of the first, it starts', async ({
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
      // Leaves the pid file of a process that cannot be seen in the other container.
      expect(await elsewhere()).not.toHaveProperty('error')
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select answer from kept')).toEqual([{ answer: 42 }])
    },
    // The path is too long for a socket, so the socket is in /tmp.
    { name: 'long'.repeat(25), copyOf: model },
  )
})

describe('after a crash', () => {
  test(
    'kill -9 of the server: the next command recovers it, and committed data is there',
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
    'a pid file whose process id now belongs to another %s does not prevent the start',
    (_, name) =>
      withServer((dataDir) =>
        withOtherProcess(dataDir, name(dataDir), async (other) => {
          const text = `${other}\n${join(dataDir, 'data')}\n1700000000\n5432\n\n\n`
          await writeFile(join(dataDir, 'data', 'postmaster.pid'), text)
          expect(await embeddedStatus(dataDir)).toMatchObject({ state: 'stopped', pid: null })
          expect(await stopEmbedded(dataDir)).toBe('not running')
          await mkdir(join(dataDir, 'run'), { recursive: true })
          await writeFile(join(dataDir, 'run', '.s.PGSQL.5432.lock'), text)
          await ensureEmbedded(dataDir)
          expect(process.kill(other, 0)).toBe(true)
        }),
      )(),
  )

  test(
    'if a killed server leaves a child behind, the start is retried until it has ended',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { pid } = await embeddedStatus(dataDir)
      const [child] = childrenOf(pid!)
      const log = join(dataDir, 'server.log')
      let hasEnded = false
      let starting: Promise<void>
      // The child keeps the shared memory of the server in use, which PostgreSQL checks at its
      // start.
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
    'a copy of a running server is a separate server: the original keeps running',
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

  test('a process that is killed while it creates the server leaves nothing that stops the next one', () =>
    withDataDir(async (dataDir) => {
      const creator = program.start('ensure', { dataDir, detached: true })
      await until(async () => (await halfMade(dataDir)).length > 0)
      // Together with initdb, as in a power failure.
      process.kill(-creator.pid!, 'SIGKILL')
      await creator
      // As if so much time had passed that the lock is void and unfinished directories are
      // abandoned.
      for (const name of await readdir(dataDir)) await utimes(join(dataDir, name), 0, 0)
      await ensureEmbedded(dataDir)
      expect(await query(dataDir, 'select current_user')).toEqual([{ current_user: 'tickets' }])
      expect((await readdir(dataDir)).filter((name) => name.startsWith('.making-'))).toEqual([])
    }))

  test(
    'unfinished directories of another process are kept while they are new, and removed after two minutes',
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
    'an invalid data directory is moved aside, not deleted',
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
    'if the socket is deleted, the server is started again',
    withServer(async (dataDir) => {
      await ensureEmbedded(dataDir)
      const { pid, socket } = await embeddedStatus(dataDir)
      await rm(socket)
      await ensureEmbedded(dataDir)
      expect((await embeddedStatus(dataDir)).pid).not.toBe(pid)
    }),
  )
})

describe('the log', () => {
  const megabyte = 1024 * 1024

  test.each([
    ['that is short is continued', megabyte - 1, false],
    ['that has grown to a megabyte is moved aside, replacing the earlier one', megabyte, true],
  ])('%s', (_, size, isTurned) =>
    // A server that has just stopped may still write to its log.
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
    'the reported reason is only what this start added to the log, whether continued or moved aside',
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

/** The obstacle, and the message about it. */
const said: [what: string, sentence: string][] = []

const note = (what: string) => (error: Error) => {
  said.push([what, error.message])
  throw error
}

describe('one clear message', () => {
  test('for a directory that is not writable', () =>
    withDataDir(async (dataDir) => {
      await chmod(dirname(dataDir), 0o555)
      const { error } = await program.run('ensure', { dataDir, ...(asRoot && ordinaryUser()) })
      said.push(['a directory that is not writable', error!.message])
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
  ])('for a path where no directory can be, from the command line: %s', async (path, reason) => {
    const { exitCode, stdout } = await tickets(['show', 'list', '--json'], {
      env: { TICKETS_DATA_DIR: path },
    })
    expect(exitCode).toBe(6)
    said.push([`in ${path}`, JSON.parse(stdout).error.message])
    expect(JSON.parse(stdout).error.message).toEqual(withFacts(path, reason, 'TICKETS_DATA_DIR'))
  })

  test('for a full disk, before and after the server is created', async ({ skip }) => {
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
    'for data of another PostgreSQL',
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
    "for damaged data: PostgreSQL's own reason",
    withCopy(async (dataDir) => {
      await rm(join(dataDir, 'data', 'global', 'pg_control'))
      await expect(ensureEmbedded(dataDir)).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        message: expect.stringMatching(/".*pg_control.*"\.$/),
      })
    }),
  )
})

test('all refusals of the embedded server have the messages in test/wording/embedded.txt', () =>
  expectWording('embedded', said))

describe('access for its owner only', () => {
  test('an ordinary user has a separate server, which admits no other user', async ({ skip }) => {
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
        // Root may enter any directory, and is refused as well.
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

  test("root's server admits neither other users nor the account that it runs as", async ({
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
      // Even for users who can enter the directories, the server admits only root.
      expect(await program.run('connect', { dataDir, uid, gid })).toMatchObject({
        error: { code: 'not expected: 28000' },
      })
    })()
  })

  test(
    'the server is durable, and does not listen on a network',
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

describe('its location', () => {
  const deep = `${'deep'.repeat(30)}/tickets`

  test('a path that is too long for a socket works, and its socket is private', () =>
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

  test('a socket directory of another user is refused', () =>
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

  test('stop and status report the state; the URL works in psql and node-postgres', async () => {
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

  test('TICKETS_DATA_DIR moves it; by default, it is in the data directory of the user', () => {
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

/**
 * A live process of the user that runs the server, which PostgreSQL would take for a server of its
 * own; `argv0` is its name.
 */
async function withOtherProcess(
  dataDir: string,
  argv0: string,
  use: (pid: number) => Promise<void>,
): Promise<void> {
  const { uid, gid } = await stat(join(dataDir, 'data'))
  const other = spawn('sleep', ['600'], { argv0, cwd: '/', ...(asRoot && { uid, gid }) })
  await once(other, 'spawn')
  try {
    await use(other.pid!)
  } finally {
    other.kill()
  }
}

/** What has been created so far in the directory of an unfinished server. */
async function halfMade(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir).catch(() => [])
  const making = names.find((name) => name.startsWith('.making-'))
  const inside = making ? await readdir(join(dataDir, making)).catch(() => []) : []
  return inside.filter((name) => name === 'base')
}

function mountSmallDisk(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=150m', 'none', path]).status === 0
}
