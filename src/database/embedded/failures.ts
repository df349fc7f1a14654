import { TicketsError } from '../../shared/errors.js'

/** Alternatives, for the end of a sentence that gives advice. */
const elsewhere = 'or set TICKETS_DATA_DIR to another directory'
export const ownDatabase = 'Name a database with --db or DATABASE_URL instead.'

/** The error for an embedded server that cannot be used; `message` says why, then what to do. */
export function unreachable(message: string, cause?: unknown): TicketsError {
  return new TicketsError('DB_UNREACHABLE', message, cause === undefined ? {} : { cause })
}

/**
 * Translates an error of the operating system into a sentence about `directory`. Returns other
 * errors, which are bugs, unchanged.
 */
export function explain(error: unknown, directory: string): unknown {
  const code = codeOf(error)
  if (error instanceof TicketsError || code === undefined) return error
  return unreachable(`Cannot keep the embedded server in ${directory}: ${reasonFor(code)}`, error)
}

/**
 * Makes an error of the line in which a program said why it failed, with an operating system's
 * error code if the line names one.
 */
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

/** Returns the line of PostgreSQL's output that says why it failed, without time and process id. */
function lastWord(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  // "FATAL: the database system is starting up" only answers a client that connected too early.
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
  const permission = `Give yourself write permission, ${elsewhere}.`
  const reasons: Record<string, string> = {
    ENOSPC: `the disk is full (ENOSPC). ${room}`,
    EDQUOT: `your disk quota is used up (EDQUOT). ${room}`,
    EROFS: `the disk is read-only (EROFS). Make it writable, ${elsewhere}.`,
    EACCES: `permission denied (EACCES). ${permission}`,
    EPERM: `not permitted (EPERM). ${permission}`,
    ENOENT: 'files cannot be created there (ENOENT). Set TICKETS_DATA_DIR to another directory.',
    EEXIST: 'part of that path is a file (EEXIST). Set TICKETS_DATA_DIR to another directory.',
    ENOTDIR: 'part of that path is a file (ENOTDIR). Set TICKETS_DATA_DIR to another directory.',
  }
  return reasons[code] ?? `${code}. Correct that, ${elsewhere}.`
}

// The programs run with LC_ALL=C, and print the C library's text when a system call fails.
const errorNames: [string, string][] = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
]
