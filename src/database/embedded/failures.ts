import { TicketsError } from '../../shared/errors.js'

/** Another way out, for a sentence that ends in advice. */
export const elsewhere = 'or set TICKETS_DATA_DIR to another directory'
export const ownDatabase = 'Name a database with --db or DATABASE_URL instead.'

/** The embedded server is not to be had: one sentence that says why, and then what to do. */
export function unreachable(message: string, cause?: unknown): TicketsError {
  return new TicketsError('DB_UNREACHABLE', message, cause === undefined ? {} : { cause })
}

/** Turns the operating system's errors into one sentence about `directory`; the rest is a bug. */
export function explain(error: unknown, directory: string): unknown {
  const code = codeOf(error)
  if (error instanceof TicketsError || code === undefined) return error
  return unreachable(`Cannot keep the embedded server in ${directory}: ${reasonFor(code)}`, error)
}

/** A failed program's last word, with the operating system's error code where it names one. */
export function explainOutput(program: string, output: string, directory: string): TicketsError {
  const line = lastWord(output)
  const code = errorNames.find(([text]) => line.includes(text))?.[1]
  if (code !== undefined) {
    return unreachable(
      `Cannot keep the embedded server in ${directory}: ${reasonFor(code)}`,
      output,
    )
  }
  return unreachable(
    `The embedded server in ${directory} does not work: ${program} says "${line}".`,
    output,
  )
}

/** The line of PostgreSQL's output that says why it gave up, without time and process id. */
export function lastWord(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  // "FATAL: the database system is starting up" was only said to somebody who asked too early.
  const fatal = lines.findLast((line) =>
    /\b(FATAL|PANIC|error): +(?!the database system is )/.test(line),
  )
  return (fatal ?? lines.at(-1) ?? 'nothing').replace(/^.*?\b(FATAL|PANIC|error): +/, '').trim()
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

function reasonFor(code: string): string {
  const room = `Free some space there, ${elsewhere}.`
  const permission = `Make it writable for you, ${elsewhere}.`
  const reasons: Record<string, string> = {
    ENOSPC: `the disk is full (ENOSPC). ${room}`,
    EDQUOT: `your disk quota is used up (EDQUOT). ${room}`,
    EROFS: `the disk is read-only (EROFS). ${permission}`,
    EACCES: `permission denied (EACCES). ${permission}`,
    EPERM: `not permitted (EPERM). ${permission}`,
    ENOENT: 'no file can be made there (ENOENT). Set TICKETS_DATA_DIR to another directory.',
    EEXIST: 'part of that path is a file (EEXIST). Set TICKETS_DATA_DIR to another directory.',
    ENOTDIR: 'part of that path is a file (ENOTDIR). Set TICKETS_DATA_DIR to another directory.',
  }
  return reasons[code] ?? `${code}. Put that right, ${elsewhere}.`
}

// The programs run with LC_ALL=C, and print the C library's text where a system call fails.
const errorNames: [string, string][] = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
]
