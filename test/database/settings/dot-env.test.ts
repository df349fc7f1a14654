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
import { findDatabase } from '../../../src/database/settings/settings.js'
import { TicketsError } from '../../../src/shared/errors.js'
import { expectWording } from '../../support/wording.js'

const isRoot = process.getuid?.() === 0
const notRoot = 'only root can give files to another user'
const STRANGER = 4242
const NOBODY = 65_534

const scratch = mkdtempSync(join(tmpdir(), 'tickets-dot-env-'))
chmodSync(scratch, 0o755)
afterAll(() => rmSync(scratch, { recursive: true }))

/** A new directory of this user, closed to others. */
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

/** Where the bookings would go, a host or `embedded`; or the code and message of the error. */
function outcome(cwd: string, env: Env = {}): string {
  try {
    const found = findDatabase({ env, cwd, homeDir: '/nonexistent' })
    return found.kind === 'embedded' ? 'embedded' : String(found.connection.host)
  } catch (error) {
    if (error instanceof TicketsError) return `${error.code}: ${error.message}`
    throw error
  }
}

/** Runs a synchronous function as another user. */
function as<T>(uid: number, work: () => T): T {
  process.seteuid!(uid)
  try {
    return work()
  } finally {
    process.seteuid!(0)
  }
}

/** The state of a .env, and the message that refuses it. */
const said: [what: string, sentence: string][] = []

describe('a .env that another user could have written is refused, with what to do', () => {
  const file = (modes: Modes) => () => withFile(undefined, modes)
  const fileIn = (path: string) => join(path, '.env')
  const NO_TEXT = /^(?!.*(uid|chmod|UTF-8)).*--db/
  const cases: [what: string, reason: RegExp, arrange: () => string, by?: 'root'][] = [
    ["another user's", /\(uid 4242\)\. .*--db or DATABASE_URL/, file({ owner: STRANGER }), 'root'],
    [
      "in another user's directory, as for root in a container over a user's folder",
      / \/\S+ .*\(uid 4242\)\. .*--db/,
      file({ directoryOwner: STRANGER }),
      'root',
    ],
    [
      'in a directory that all users may write',
      / \/\S+ .*\(chmod go-w\)/,
      file({ directoryMode: 0o777 }),
    ],
    [
      'in a directory such as /tmp, where all users may create files',
      / \/\S+ .*\(chmod go-w\)/,
      file({ directoryMode: 0o1777 }),
    ],
    [
      'in a directory that a group may write',
      / \/\S+ .*\(chmod go-w\)/,
      file({ directoryGroup: STRANGER, directoryMode: 0o775 }),
      'root',
    ],
    ['that all users may write', /\(chmod go-w\)/, file({ mode: 0o666 })],
    ['that is a pipe', NO_TEXT, withPipe],
    ['that is a device', NO_TEXT, () => withLink('/dev/zero')],
    ['that links to nothing', NO_TEXT, () => withLink('gone')],
    ['that links to itself', /\(ELOOP\)/, () => withLink('.env')],
    [
      "that links to another user's file",
      /\(uid 4242\)\. /,
      () => withLink(fileIn(withFile(undefined, { owner: STRANGER }))),
      'root',
    ],
    [
      'that links into a directory that all users may write',
      / \/\S+ .*\(chmod go-w\)/,
      () => withLink(fileIn(withFile(undefined, { directoryMode: 0o777 }))),
    ],
    [
      'that links over a directory that all users may write',
      / \/\S+ .*\(chmod go-w\)/,
      () => {
        const between = withLink(fileIn(withFile()))
        chmodSync(between, 0o777)
        return withLink(fileIn(between))
      },
    ],
    [
      "that is another user's link",
      / \/\S+ .*--db/,
      () => withLink(fileIn(withFile()), STRANGER),
      'root',
    ],
  ]

  test.for(cases)('%s', ([what, reason, arrange, by], { skip }) => {
    if (by === 'root' && !isRoot) skip(notRoot)
    const cwd = arrange()
    expect(outcome(cwd)).toMatch(/^DB_MISSING: \S+\.env /)
    expect(outcome(cwd)).toMatch(reason)
    said.push([`a .env ${what}`, outcome(cwd)])
    expect(outcome(cwd, { PGHOST: 'chosen', PGPASSWORD: 'x' })).toBe('chosen')
    expect(outcome(cwd, { DATABASE_URL: 'embedded' })).toBe('embedded')
  })

  test('and one that cannot be read', ({ skip }) => {
    if (!isRoot) skip(notRoot)
    const cwd = withFile(undefined, { mode: 0o600 })
    expect(as(NOBODY, () => outcome(cwd))).toMatch(/^DB_MISSING: .+ \(EACCES\)/)
  })
})

describe('a .env that only its reader and root can change chooses the database', () => {
  test("the reader's own, and a link to it", () => {
    expect(outcome(withFile())).toBe('named')
    expect(outcome(withLink(join(withFile(), '.env')))).toBe('named')
  })

  test("root's", ({ skip }) => {
    if (!isRoot) skip(notRoot)
    const cwd = withFile()
    expect(as(NOBODY, () => outcome(cwd))).toBe('named')
  })

  test("that the user's own group may write, as umask 002 permits for all files", () => {
    const cwd = withFile(undefined, { mode: 0o664, directoryMode: 0o775 })
    const group = execFileSync('stat', ['-c', '%G', cwd], { encoding: 'utf8' }).trim()
    const isOwn = group === userInfo().username
    expect(outcome(cwd)).toMatch(isOwn ? /^named$/ : /^DB_MISSING: .*\(chmod go-w\)/)
  })

  test('a directory with that name is ignored, wherever it is', () => {
    const cwd = directory()
    mkdirSync(join(cwd, '.env'))
    chmodSync(cwd, 0o777)
    expect(outcome(cwd)).toBe('embedded')
  })
})

describe('a .env is read as people write it', () => {
  const url = 'DATABASE_URL=postgres://u@named/x'
  test.each<[what: string, text: string | Buffer]>([
    ['plain', url],
    ['with a byte order mark, as of Windows', `\ufeff${url}\r\n`],
    ['with CRLF', `A=1\r\n${url}\r\nB=2\r\n`],
    ['with bare CR', `A=1\r${url}\rB=2\r`],
    ['with a byte order mark and bare CR', `\ufeff${url}\rB=2`],
    ['after a tab', `\t${url}\n`],
    ['after spaces, including no-break ones', ` \u00a0 ${url}\n`],
    ['after a tab and "export"', `\texport ${url}\n`],
    ['with blanks around the "="', 'DATABASE_URL = postgres://u@named/x \n'],
    ['in double quotes', 'DATABASE_URL="postgres://u@named/x"\n'],
    ['in single quotes', "DATABASE_URL='postgres://u@named/x'\n"],
    ['in back quotes', 'DATABASE_URL=`postgres://u@named/x`\n'],
    ['between comments', `# DATABASE_URL=postgres://u@old/x\n${url} # PGHOST=old\n#PGHOST=old`],
    ['twice: the last one counts', `DATABASE_URL=postgres://u@old/x\n${url}\n`],
    ['with letters of any language', `NAME=Café Ünal 劇場\n${url}\n`],
    ['as a libpq variable', 'PGHOST=named\nPGUSER=u\n'],
    ['with an empty variable beside it', 'DATABASE_URL=\nPGHOST=named\n'],
  ])('%s', (_what, text) => {
    expect(outcome(withFile(text))).toBe('named')
  })

  test('a "$" and a backslash are read literally', () => {
    const user = ['$A', '{A}', '\\A'].join('$')
    const cwd = withFile(`A=b\nPGHOST=h\nPGUSER=${user}\n`)
    expect(findDatabase({ env: {}, cwd, homeDir: '/' })).toMatchObject({ connection: { user } })
  })
})

describe('a .env whose database cannot be read is refused', () => {
  const url = 'DATABASE_URL=postgres://u@named/x\n'
  const notText = /^DB_MISSING: .+ UTF-8/
  const yieldsNone = (name: string) => new RegExp(`^DB_MISSING: (?!.*UTF-8).*\\b${name}\\b.*--db`)
  test.each<[what: string, text: string | Buffer, sentence: RegExp]>([
    ['UTF-16 of Windows', Buffer.from(`\ufeff${url}`, 'utf16le'), notText],
    ['UTF-16 without a mark', Buffer.from(url, 'utf16le'), notText],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${url}`, 'utf16le').swap16(), notText],
    ['Latin-1', Buffer.from(`NAME=Café\n${url}`, 'latin1'), notText],
    ['a NUL', `A=\0\n${url}`, notText],
    ['no "="', 'DATABASE_URL postgres://u@named/x\n', yieldsNone('DATABASE_URL')],
    ['no value', 'DATABASE_URL=\n', yieldsNone('DATABASE_URL')],
    ['no value but a comment', 'PGHOST= # named\n', yieldsNone('PGHOST')],
    ['a command of another shell', 'setenv PGHOST named\n', yieldsNone('PGHOST')],
    ['a variable of PowerShell', '$env:PGHOST = "named"\n', yieldsNone('PGHOST')],
    ['an item of a list', '- PGDATABASE=named\n', yieldsNone('PGDATABASE')],
    ['an invisible character', `\u200b${url}`, yieldsNone('DATABASE_URL')],
    ['a quotation mark that ends too late', `A="1\n${url}B=2"\n`, yieldsNone('DATABASE_URL')],
    ['a name in quotation marks', '"PGSERVICE"=named\n', yieldsNone('PGSERVICE')],
    [
      'one of two that has no "="',
      `PGHOST=here\nDATABASE_URL postgres://named/x\n`,
      yieldsNone('DATABASE_URL'),
    ],
    ['one of two in quotation marks', 'PGUSER=ada\n"PGHOST"=named\n', yieldsNone('PGHOST')],
  ])('%s', (what, text, sentence) => {
    const cwd = withFile(text)
    expect(outcome(cwd)).toMatch(sentence)
    said.push([`a .env with ${what}`, outcome(cwd)])
    expect(outcome(cwd, { PGHOST: 'chosen' })).toBe('chosen')
  })

  test('with the messages in test/wording/dot-env.txt', ({ skip }) => {
    if (!isRoot) skip(notRoot)
    return expectWording('dot-env', said)
  })

  test.each<[what: string, text: string]>([
    ['nothing at all', ''],
    [
      'variables of other programs',
      'API_KEY="a#b"\nexport DEBUG=1\nOTHER_DATABASE_URL=mysql://h/x\n',
    ],
    ['our names in comments only', `# ${url}  #\tPGHOST=named\r#PGUSER\rA=1 # PGPORT=1\n`],
    ['variables that only complete a choice', 'PGPASSWORD=x\nPGSSLMODE=require\n'],
  ])('with %s, it chooses no database', (_what, text) => {
    expect(outcome(withFile(text))).toBe('embedded')
  })
})
