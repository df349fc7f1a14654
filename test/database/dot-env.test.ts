import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { TicketsError } from '../../src/core/errors.js'
import { findDatabase } from '../../src/database/settings.js'

const isRoot = process.getuid?.() === 0
const notRoot = 'only root can give files to another user'
const STRANGER = 4242
const NOBODY = 65_534

const scratch = mkdtempSync(join(tmpdir(), 'tickets-dot-env-'))
chmodSync(scratch, 0o755)
afterAll(() => rmSync(scratch, { recursive: true }))

/** A new directory of this user's, closed to others. */
function directory(): string {
  const path = mkdtempSync(join(scratch, 'project-'))
  chmodSync(path, 0o755)
  return path
}

interface Modes {
  owner?: number
  mode?: number
  directoryOwner?: number
  directoryGroup?: number
  directoryMode?: number
}

/** A new directory with a `.env` in it. */
function withFile(
  text: string | Buffer = 'DATABASE_URL=postgres://u@named/x\n',
  modes: Modes = {},
) {
  const path = directory()
  const file = join(path, '.env')
  writeFileSync(file, text)
  chmodSync(file, modes.mode ?? 0o644)
  if (modes.owner) lchownSync(file, modes.owner, modes.owner)
  if (modes.directoryOwner) lchownSync(path, modes.directoryOwner, modes.directoryOwner)
  if (modes.directoryGroup) lchownSync(path, 0, modes.directoryGroup)
  chmodSync(path, modes.directoryMode ?? 0o755)
  return path
}

/** A new directory whose `.env` is a symbolic link. */
function withLink(target: string, owner?: number): string {
  const path = directory()
  symlinkSync(target, join(path, '.env'))
  if (owner) lchownSync(join(path, '.env'), owner, owner)
  return path
}

function withPipe(): string {
  const path = directory()
  execFileSync('mkfifo', [join(path, '.env')])
  return path
}

type Env = Record<string, string>

/** Where the bookings would go, a host or `embedded`; or the error's code and sentence. */
function outcome(cwd: string, env: Env = {}): string {
  try {
    const found = findDatabase({ env, cwd, homeDir: '/nonexistent' })
    return found.kind === 'embedded' ? 'embedded' : String(found.connection.host)
  } catch (error) {
    if (error instanceof TicketsError) return `${error.code}: ${error.message}`
    throw error
  }
}

/** Runs what does not wait as another user. */
function as<T>(uid: number, work: () => T): T {
  process.seteuid!(uid)
  try {
    return work()
  } finally {
    process.seteuid!(0)
  }
}

describe('a .env that another user could have written is refused, with what to do', () => {
  const file = (modes: Modes) => () => withFile(undefined, modes)
  const fileIn = (path: string) => join(path, '.env')
  const cases: [what: string, reason: RegExp, arrange: () => string, by?: 'root'][] = [
    [
      "another user's",
      /: it belongs to another user \(uid 4242\)\. Name the database with --db or DATABASE_URL/,
      file({ owner: STRANGER }),
      'root',
    ],
    [
      "in another user's directory, as for root in a container over a user's folder",
      /: the directory \S+ belongs to another user \(uid 4242\)\. Name the database with --db/,
      file({ directoryOwner: STRANGER }),
      'root',
    ],
    [
      'in a directory that all may write',
      /: the directory \S+ can be changed by other users\. Take that right .+ \(chmod go-w\), or name/,
      file({ directoryMode: 0o777 }),
    ],
    [
      'in a directory such as /tmp, where all may make files',
      /: the directory \S+ can be changed by other users\. /,
      file({ directoryMode: 0o1777 }),
    ],
    [
      'in a directory that a group may write',
      /: the directory \S+ can be changed by other users\. /,
      file({ directoryGroup: STRANGER, directoryMode: 0o775 }),
      'root',
    ],
    [
      'that all may write',
      /: it can be changed by other users\. Take that right .+ \(chmod go-w\), or name/,
      file({ mode: 0o666 }),
    ],
    ['that is a pipe', /: it is not a regular file\. Remove it, or name/, withPipe],
    ['that is a device', /: it is not a regular file\. /, () => withLink('/dev/zero')],
    ['that links to nothing', /: what it links to is not there\. Remove/, () => withLink('gone')],
    ['that links to itself', /: it cannot be read \(ELOOP\)\. /, () => withLink('.env')],
    [
      "that links to another user's file",
      /: it belongs to another user \(uid 4242\)\. /,
      () => withLink(fileIn(withFile(undefined, { owner: STRANGER }))),
      'root',
    ],
    [
      'that links into a directory that all may write',
      /: the directory \S+ can be changed by other users\. /,
      () => withLink(fileIn(withFile(undefined, { directoryMode: 0o777 }))),
    ],
    [
      'that links over a directory that all may write',
      /: the directory \S+ can be changed by other users\. /,
      () => {
        const between = withLink(fileIn(withFile()))
        chmodSync(between, 0o777)
        return withLink(fileIn(between))
      },
    ],
    [
      "that is another user's link",
      /: the link \S+ belongs to another user \(uid 4242\)\. /,
      () => withLink(fileIn(withFile()), STRANGER),
      'root',
    ],
  ]

  test.for(cases)('%s', ([, reason, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    const cwd = arrange()
    expect(outcome(cwd)).toMatch(/^DB_MISSING: \S+\.env cannot say which database to use: /)
    expect(outcome(cwd)).toMatch(reason)
    expect(outcome(cwd, { PGHOST: 'chosen', PGPASSWORD: 'x' })).toBe('chosen')
    expect(outcome(cwd, { DATABASE_URL: 'embedded' })).toBe('embedded')
  })

  test('and one that cannot be read', ({ skip }) => {
    if (!isRoot) skip(notRoot)
    const cwd = withFile(undefined, { mode: 0o600 })
    expect(as(NOBODY, () => outcome(cwd))).toMatch(/^DB_MISSING: .+ cannot be read \(EACCES\)\. /)
  })
})

describe('a .env that only its reader and root can change says which database', () => {
  test("the reader's own, and a link to it", () => {
    expect(outcome(withFile())).toBe('named')
    expect(outcome(withLink(join(withFile(), '.env')))).toBe('named')
  })

  test("root's", ({ skip }) => {
    if (!isRoot) skip(notRoot)
    const cwd = withFile()
    expect(as(NOBODY, () => outcome(cwd))).toBe('named')
  })

  test("that the user's own group may write, which umask 002 does to all files", () => {
    const cwd = withFile(undefined, { mode: 0o664, directoryMode: 0o775 })
    const group = execFileSync('stat', ['-c', '%G', cwd], { encoding: 'utf8' }).trim()
    const isOwn = group === userInfo().username
    expect(outcome(cwd)).toMatch(isOwn ? /^named$/ : /can be changed by other users/)
  })

  test('but a directory of that name says nothing, wherever it is', () => {
    const cwd = directory()
    mkdirSync(join(cwd, '.env'))
    chmodSync(cwd, 0o777)
    expect(outcome(cwd)).toBe('embedded')
  })
})
