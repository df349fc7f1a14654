import {
  chmod,
  lchown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tickets } from '../support/cli.js'

const isRoot = process.getuid?.() === 0
const notRoot = 'only root can give files to another user'
const STRANGER = 4242

let home: string
/** The inodes of the program's caches. */
let directory: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tickets-code-cache-'))
  directory = join(home, 'tickets')
})
afterEach(() => rm(home, { recursive: true }))

async function run() {
  const ran = await tickets(['completion', 'bash'], { env: { XDG_CACHE_HOME: home } })
  expect([ran.exitCode, ran.stderr]).toEqual([0, ''])
}

const inodes = async () =>
  Promise.all(
    (await readdir(directory)).map(async (name) => (await lstat(join(directory, name))).ino),
  )

/** `other` is a path outside of the directory. */
type Case = [what: string, arrange: (path: string, other: string) => Promise<unknown>, by?: 'root']

describe('compiled code is not loaded from, and stored again in place of', () => {
  const cases: Case[] = [
    [
      'a link to a file of this user',
      async (path, other) => {
        await rename(path, other)
        await symlink(other, path)
      },
    ],
    ['a file with a second name', (path, other) => link(path, other)],
    ['a file that all users may write', (path) => chmod(path, 0o666)],
    ['an empty file', (path) => truncate(path)],
    ['a truncated file', async (path) => truncate(path, (await lstat(path)).size / 2)],
    ['a file that V8 did not write', (path) => writeFile(path, 'Bah!'.repeat(10_000))],
    ["another user's file", (path) => lchown(path, STRANGER, STRANGER), 'root'],
  ]

  it.for(cases)('%s', async ([, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    await run()
    const names = await readdir(directory)
    for (const name of names) await arrange(join(directory, name), join(home, name))
    const before = await inodes()
    await run()
    expect(await readdir(directory)).toEqual(names)
    for (const [i, name] of names.entries()) {
      const { ino, nlink, uid, mode } = await lstat(join(directory, name))
      expect(ino).not.toBe(before[i])
      expect([nlink, uid, mode & 0o777]).toEqual([1, process.getuid?.(), 0o600])
    }
  })
})

describe('compiled code is not written to', () => {
  const cases: Case[] = [
    ['a directory that all users may write', () => chmod(directory, 0o777)],
    ["another user's directory", () => lchown(directory, STRANGER, STRANGER), 'root'],
    [
      "a directory that another user's link leads to",
      async (_, other) => {
        await rename(directory, other)
        await symlink(other, directory)
        await lchown(directory, STRANGER, STRANGER)
      },
      'root',
    ],
  ]

  it.for(cases)('%s', async ([, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    await mkdir(directory)
    await arrange(directory, join(home, 'elsewhere'))
    await run()
    expect(await readdir(directory)).toEqual([])
  })
})

it('compiled code is otherwise stored once, and loaded from then on', async () => {
  await run()
  const made = await inodes()
  expect(made.length).toBeGreaterThan(0)
  await run()
  expect(await inodes()).toEqual(made)
})

describe('with its own cache, a run', () => {
  const OLD = 'tickets-OLD.cjs-v20.17.0-x64-book'
  const HOUR_MS = 3_600_000

  const exists = async (name: string) => (await readdir(directory)).includes(name)

  async function leave(name: string, time: Date) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(join(directory, name), '')
    await utimes(join(directory, name), time, time)
  }

  it('removes what other versions stored before this one was installed', async () => {
    for (const name of [OLD, `tickets-book-${OLD}`, `${OLD}.4711`]) await leave(name, new Date(0))
    await run()
    const names = await readdir(directory)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(name).toMatch(/^tickets-(?!.*OLD).*\.cjs-.*-completion$/)
  })

  it('keeps what another version that is still in use has stored since', async () => {
    await leave(OLD, new Date(Date.now() + HOUR_MS))
    await run()
    expect(await exists(OLD)).toBe(true)
  })

  it('keeps the caches of other commands, and all other files', async () => {
    await run()
    const own = await readdir(directory)
    const others = own.map((name) => name.replace(/completion$/, 'other'))
    for (const name of ['notes', ...others]) await leave(name, new Date(0))
    for (const name of own) await rm(join(directory, name))
    await run()
    expect((await readdir(directory)).sort()).toEqual(['notes', ...own, ...others].sort())
  })
})
