import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import {
  chmod,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureEmbedded, stopEmbedded } from '../../../src/database/embedded/embedded.js'
import { embeddedUrl } from '../../../src/database/embedded/location.js'
import { serverGroup } from '../../../src/database/embedded/paths.js'
import { openTickets } from '../../../src/index.js'
import { copyServer, withDataDir } from '../../support/embedded-process.js'
import { runInProcess } from '../../support/in-process.js'
import { expectWording } from '../../support/wording.js'

const isRoot = process.getuid?.() === 0
const notRoot = 'only root can give files to another user'
const STRANGER = 4242

/** A stopped server to copy: creating one takes a second. */
let model: string
/**
 * A copy without most of the files that only a running server reads: copying it takes a tenth of
 * the work.
 */
let skeleton: string
beforeAll(async () => {
  model = await mkdtemp(join(tmpdir(), 'tickets-model-'))
  await ensureEmbedded(model)
  await stopEmbedded(model)
  skeleton = `${model}-skeleton`
  await copyServer(model, skeleton)
  const programs = (await readdir(skeleton)).find((name) => name.startsWith('server-'))!
  for (const files of ['data/base', 'data/pg_wal', `${programs}/share/postgresql/timezone`]) {
    const path = join(skeleton, files)
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true })
  }
})
afterAll(() => Promise.all([model, skeleton].map((each) => rm(each, { recursive: true }))))

/** A data directory with a server that is not ours, and with programs that leave a trace. */
interface Place {
  dataDir: string
  /** The directory of the programs. */
  programs: string
  /** A script that creates the trace when it is run. */
  trap: string
  trace: string
  /** How many times a client has connected to the server. */
  calls: number
}

/** Everything that would be run or connected to is a trap, in files of this user. */
async function withTraps(
  arrange: (place: Place) => unknown,
  check: (place: Place) => Promise<unknown>,
  { isUp = true } = {},
): Promise<void> {
  const outside = await mkdtemp(join(tmpdir(), 'tickets-trap-'))
  await chmod(outside, 0o777)
  try {
    await withDataDir(
      async (dataDir) => {
        const name = (await readdir(dataDir)).find((each) => each.startsWith('server-'))!
        const [trap, trace] = [join(outside, 'trap'), join(outside, 'trace')]
        await writeFile(trap, `#!/bin/sh\ntouch ${trace}\n`, { mode: 0o755 })
        const place = { dataDir, programs: join(dataDir, name), trap, trace, calls: 0 }
        for (const program of ['postgres', 'initdb']) {
          await replace(join(place.programs, 'bin', program), place)
        }
        const server = createServer((socket) => {
          place.calls++
          socket.destroy()
        })
        const socket = join(dataDir, 'run', '.s.PGSQL.5432')
        if (isUp) await once(server.listen(socket), 'listening')
        if (isUp && isRoot) await give(socket, (await stat(join(dataDir, 'data'))).uid, serverGroup)
        try {
          await arrange(place)
          await check(place)
          expect(place.calls).toBe(0)
          expect(existsSync(trace)).toBe(false)
        } finally {
          server.close()
        }
      },
      { copyOf: skeleton },
    )
  } finally {
    await rm(outside, { recursive: true })
  }
}

/**
 * Replaces a file instead of changing it, as the programs of the copy are links to those of the
 * skeleton.
 */
async function replace(
  path: string,
  { trap, mode = 0o755, uid = 0 }: { trap: string; mode?: number; uid?: number },
): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, await readFile(trap))
  await chmod(path, mode)
  if (uid !== 0) await give(path, uid)
}

function give(path: string, uid = STRANGER, gid = uid): Promise<void> {
  return lchown(path, uid, gid)
}

/** All files except those that are links to the skeleton's. */
function giveAll(path: string): void {
  const those = ['(', '-type', 'd', '-o', '-links', '1', ')']
  execFileSync('find', [
    path,
    ...those,
    '-exec',
    'chown',
    '-h',
    `${STRANGER}:${STRANGER}`,
    '{}',
    '+',
  ])
}

type Arrange = (place: Place) => Promise<unknown> | unknown
type Case = [what: string, reason: RegExp, arrange: Arrange, by?: 'root']

const anothers = /\(uid 4242\).* TICKETS_DATA_DIR /
const open = /\(chmod go-w\).* TICKETS_DATA_DIR /

/** What is wrong with a data directory, and the message that refuses it. */
const said: [what: string, sentence: string][] = []

const note = (what: string) => (error: Error) => {
  // The uids of other users differ from machine to machine.
  said.push([what, error.message.replace(/uid \d+/, 'uid <uid>')])
  throw error
}

describe('before anything is run or connected to, a data directory is refused', () => {
  const cases: Case[] = [
    ['of another user', anothers, ({ dataDir }) => giveAll(dataDir), 'root'],
    ['that all users may write', open, ({ dataDir }) => chmod(dataDir, 0o777)],
    ['that all users may create files in', open, ({ dataDir }) => chmod(dataDir, 0o1777)],
    [
      'that a group may write',
      open,
      async ({ dataDir }) => {
        await lchown(dataDir, 0, STRANGER)
        await chmod(dataDir, 0o770)
      },
      'root',
    ],
    ['below one that all users may write', open, ({ dataDir }) => chmod(dirname(dataDir), 0o777)],
    ["below another user's", anothers, ({ dataDir }) => give(dirname(dataDir)), 'root'],
    [
      "below another user's sticky directory",
      anothers,
      async ({ dataDir }) => {
        await give(dirname(dataDir))
        await chmod(dirname(dataDir), 0o1777)
      },
      'root',
    ],
    [
      "behind another user's link",
      anothers,
      async ({ dataDir }) => {
        await rename(dataDir, `${dataDir}-there`)
        await symlink(`${dataDir}-there`, dataDir)
        await give(dataDir)
      },
      'root',
    ],
    [
      'behind a link to a place that all users may write',
      open,
      async ({ dataDir }) => {
        await mkdir(`${dataDir}-there`)
        await rename(dataDir, `${dataDir}-there/data`)
        await symlink(`${dataDir}-there/data`, dataDir)
        await chmod(`${dataDir}-there`, 0o777)
      },
    ],
    ["with another user's run/", anothers, ({ dataDir }) => give(join(dataDir, 'run')), 'root'],
    [
      'with a run/ that all users may write',
      open,
      ({ dataDir }) => chmod(join(dataDir, 'run'), 0o777),
    ],
    [
      'with a run/ that is a link',
      /^(?!.*(uid|chmod)).* TICKETS_DATA_DIR /,
      async ({ dataDir }) => {
        await rename(join(dataDir, 'run'), `${dataDir}-run`)
        await symlink(`${dataDir}-run`, join(dataDir, 'run'))
      },
    ],
    [
      "with another user's socket",
      anothers,
      ({ dataDir }) => give(join(dataDir, 'run', '.s.PGSQL.5432')),
      'root',
    ],
    [
      "with a socket of the server's user, but not of its group",
      /\(uid \d+\).* TICKETS_DATA_DIR /,
      ({ dataDir }) => {
        const { uid } = statSync(join(dataDir, 'data'))
        return give(join(dataDir, 'run', '.s.PGSQL.5432'), uid)
      },
      'root',
    ],
    [
      "with another user's cluster",
      anothers,
      ({ dataDir }) => giveAll(join(dataDir, 'data')),
      'root',
    ],
  ]

  test.for(cases)('%s', ([what, reason, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    return withTraps(arrange, async ({ dataDir }) => {
      const refused = { code: 'DB_UNREACHABLE', message: expect.stringMatching(reason) }
      await expect(ensureEmbedded(dataDir).catch(note(what))).rejects.toMatchObject(refused)
      await expect(stopEmbedded(dataDir)).rejects.toMatchObject(refused)
      expect(() => embeddedUrl(dataDir)).toThrow(expect.objectContaining(refused))
      const commands = [
        ['show', 'list', '--json'],
        ['db', 'status', '--json'],
        ['complete', 'bash', '3', '--', 'tickets', 'show', 'view', ''],
      ]
      const runs = commands.map((args) => runInProcess(args, { TICKETS_DATA_DIR: dataDir }))
      const exitCodes = (await Promise.all(runs)).map(({ exitCode }) => exitCode)
      expect(exitCodes).toEqual([6, 6, 0])
    })
  })
})

describe('before a program is run, a data directory is refused', () => {
  const cases: Case[] = [
    ["with another user's programs", anothers, ({ programs }) => giveAll(programs), 'root'],
    [
      'with programs that all users may replace',
      open,
      ({ programs }) => chmod(join(programs, 'bin'), 0o777),
    ],
    ...['bin/postgres', 'bin/initdb', 'lib/libpq.so.5', 'share/postgres.bki'].map(
      (file): Case => [
        `with another user's ${file}`,
        anothers,
        ({ programs, trap }) => replace(join(programs, file), { trap, uid: STRANGER }),
        'root',
      ],
    ),
    [
      'with a program that all users may write',
      open,
      ({ programs, trap }) => replace(join(programs, 'bin/postgres'), { trap, mode: 0o777 }),
    ],
    [
      'with a program that is a link to one elsewhere',
      /bin\/postgres (?!.*(uid|chmod)).* TICKETS_DATA_DIR /,
      async ({ programs, trap }) => {
        await rm(join(programs, 'bin/postgres'))
        await symlink(trap, join(programs, 'bin/postgres'))
      },
    ],
    [
      'with programs behind a link',
      /^(?!.*(uid|chmod)).* TICKETS_DATA_DIR /,
      async ({ programs }) => {
        await rename(programs, join(dirname(dirname(programs)), 'programs'))
        await symlink(join(dirname(dirname(programs)), 'programs'), programs)
      },
    ],
    [
      "with another user's settings in the cluster",
      anothers,
      ({ dataDir, trap }) =>
        replace(join(dataDir, 'data/postgresql.auto.conf'), { trap, uid: STRANGER }),
      'root',
    ],
    [
      'with a file in the cluster that all users may write',
      open,
      ({ dataDir, trap }) =>
        replace(join(dataDir, 'data/postgresql.auto.conf'), { trap, mode: 0o666 }),
    ],
    [
      "with a file in the cluster of the server's user, but not of its group",
      /\(uid \d+\).* TICKETS_DATA_DIR /,
      async ({ dataDir, trap }) => {
        const file = join(dataDir, 'data/postgresql.auto.conf')
        const { uid } = statSync(file)
        await replace(file, { trap, uid })
      },
      'root',
    ],
    [
      "with a link in the cluster to another user's files",
      anothers,
      async ({ dataDir }) => {
        await mkdir(`${dataDir}-space`)
        await symlink(`${dataDir}-space`, join(dataDir, 'data/pg_tblspc/1'))
        await give(`${dataDir}-space`)
      },
      'root',
    ],
    ...['server.log', 'server-1', '.making-1', 'data.broken-1'].map(
      (name): Case => [
        `with another user's ${name}`,
        anothers,
        async ({ dataDir, trap }) => {
          await rm(join(dataDir, name), { force: true })
          await symlink(trap, join(dataDir, name))
          await give(join(dataDir, name))
        },
        'root',
      ],
    ),
  ]

  test.for(cases)('%s', ([what, reason, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    return withTraps(
      arrange,
      async ({ dataDir }) => {
        const refused = { code: 'DB_UNREACHABLE', message: expect.stringMatching(reason) }
        await expect(ensureEmbedded(dataDir).catch(note(what))).rejects.toMatchObject(refused)
      },
      { isUp: false },
    )
  })

  test('with the messages in test/wording/data-directory.txt', ({ skip }) => {
    if (!isRoot) skip(notRoot)
    return expectWording('data-directory', said)
  })
})

test('a socket directory that another user takes over gets no further connection', async ({
  skip,
}) => {
  if (!isRoot) skip(notRoot)
  await withDataDir(
    async (dataDir) => {
      const run = join(dataDir, 'run')
      await ensureEmbedded(dataDir)
      const box = openTickets({ database: 'embedded', env: { TICKETS_DATA_DIR: dataDir } })
      try {
        await give(run, STRANGER, serverGroup)
        await expect(box.migrate()).rejects.toMatchObject({
          code: 'DB_UNREACHABLE',
          message: expect.stringMatching(anothers),
        })
      } finally {
        await give(run, 0, serverGroup)
        await box.close()
      }
    },
    { copyOf: model },
  )
})

test('root writes through no link that the user of the server created', async ({ skip }) => {
  if (!isRoot) skip(notRoot)
  await withDataDir(
    async (dataDir) => {
      const victim = join(dirname(dataDir), 'victim')
      await writeFile(victim, 'as it was', { mode: 0o600 })
      const { uid } = await stat(join(dataDir, 'data'))
      for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf']) {
        const draft = join(dataDir, 'data', `${name}.${process.pid}`)
        await symlink(victim, draft)
        await give(draft, uid, serverGroup)
      }
      await ensureEmbedded(dataDir)
      expect([await readFile(victim, 'utf8'), statSync(victim).uid]).toEqual(['as it was', 0])
    },
    { copyOf: model },
  )
})
