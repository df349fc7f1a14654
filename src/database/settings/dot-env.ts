import { isUtf8 } from 'node:buffer'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'dotenv'
import { TicketsError } from '../../shared/errors.js'
import { hazardOf, isTrusted } from '../../shared/own-directory.js'
import { escapeControls } from '../../shared/quote.js'
import type { Variables } from './parameters.js'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** The maximum number of symbolic links to follow. */
const MOST_LINKS = 40

/**
 * Reads the variables of the `.env` file at `path`. `choosing` names the variables that choose the
 * database. Returns undefined if `.env` is a directory, as some virtual environments are.
 *
 * Throws DB_MISSING for a file that another user could have written, for an unreadable file, and
 * for one that mentions a choosing variable without setting any. Ignoring such a file would send
 * the bookings to a database that its author did not mean.
 */
export function readDotEnv(path: string, choosing: readonly string[]): Variables | undefined {
  const refuse: Refuse = (reason, remedy, cause) =>
    new TicketsError(
      'DB_MISSING',
      `${escapeControls(resolve(path))} cannot be used to choose the database: ${reason}. ${remedy ? `${remedy}, or name` : 'Name'} the database with --db or DATABASE_URL; "embedded" is the embedded server.`,
      { cause },
    )
  try {
    if (statSync(path).isDirectory()) return undefined
    const text = textOf(readTrusted(path, refuse), refuse)
    const variables: Variables = parse(text)
    requireChoice(text, variables, { choosing, refuse })
    return variables
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof TicketsError || code === undefined) throw error
    if (code === 'ENOENT')
      throw refuse('it links to a file that does not exist', 'Remove it', error)
    throw refuse(`it cannot be read (${code})`, 'Make it readable', error)
  }
}

/** Makes the error: why the file cannot be used, and a remedy if the file is the user's own. */
type Refuse = (reason: string, remedy?: string, cause?: unknown) => TicketsError

/**
 * Reads a regular file that only this user and root could have written. Throws what `refuse` makes,
 * and the system's errors.
 */
function readTrusted(path: string, refuse: Refuse): Buffer {
  // Neither blocks on a pipe nor follows a link that replaced the file after the check.
  const descriptor = openSync(followLinks(path, refuse), O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    requireOwnFile(fstatSync(descriptor), refuse)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Follows symbolic links; each must be this user's or root's, in a directory closed to others. */
function followLinks(path: string, refuse: Refuse): string {
  let at = path
  for (let links = 0; links < MOST_LINKS; links++) {
    const directory = dirname(at)
    const hazard = hazardOf(statSync(directory))
    if (hazard)
      throw refuse(
        `the directory ${escapeControls(resolve(directory))} ${hazard.reason}`,
        hazard.remedy,
      )
    const found = lstatSync(at)
    if (!found.isSymbolicLink()) {
      // Checked before opening, because opening a device can have side effects.
      requireOwnFile(found, refuse)
      return at
    }
    if (!isTrusted(found.uid))
      throw refuse(`the link ${escapeControls(at)} belongs to another user`)
    at = resolve(realpathSync(directory), readlinkSync(at))
  }
  throw refuse('its symbolic links form a loop', 'Remove it')
}

function requireOwnFile(stats: Stats, refuse: Refuse): void {
  if (!stats.isFile()) throw refuse('it is not a regular file', 'Remove it')
  const hazard = hazardOf(stats)
  if (hazard) throw refuse(`it ${hazard.reason}`, hazard.remedy)
}

function textOf(content: Buffer, refuse: Refuse): string {
  // In UTF-16 without a byte order mark, every other byte of ASCII text is NUL.
  if (isUtf8(content) && !content.includes(0)) return content.toString('utf8')
  throw refuse('it is not UTF-8 text', 'Save it as UTF-8')
}

/**
 * Throws if no choosing variable is set but the text mentions one outside a comment: its line has
 * no "=" or no value, or is inside another value's quotation marks.
 */
function requireChoice(
  text: string,
  variables: Variables,
  { choosing, refuse }: { choosing: readonly string[]; refuse: Refuse },
): void {
  const isSet = choosing.some((name) => variables[name])
  const uncommented = text.replace(/#.*/g, '')
  // If one is set, only a line that begins with another one counts as a mention: such a line may be
  // empty, but must not be lost. Elsewhere in a line, the name is part of a value.
  const mentioned = choosing.find((name) =>
    isSet
      ? new RegExp(`^\\s*(?:export\\s+)?["']?${name}\\b`, 'm').test(uncommented) &&
        !Object.hasOwn(variables, name)
      : new RegExp(`\\b${name}\\b`).test(uncommented),
  )
  if (mentioned === undefined) return
  throw refuse(
    `it mentions ${mentioned} but sets no value for it`,
    `Write it on a line of its own (${mentioned}=…)`,
  )
}
