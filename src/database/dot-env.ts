import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { TicketsError } from '../core/errors.js'
import { visible } from '../core/quote.js'
import { hazardOf, isTrusted } from '../own-directory.js'
import type { Variables } from './settings.js'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** More symbolic links than this lead nowhere. */
const MOST_LINKS = 40

/**
 * The variables of the `.env` file at this path. Undefined where a directory has that name: some
 * people keep a virtual environment there.
 *
 * Throws DB_MISSING for a file that another user could have written, and for one that cannot be
 * read. To pass such a file over would send the bookings to another database than the one that its
 * writer means.
 */
export function readDotEnv(path: string): Variables | undefined {
  const refuse: Refuse = (reason, remedy, cause) =>
    new TicketsError(
      'DB_MISSING',
      `${visible(path)} cannot say which database to use: ${reason}. ${remedy ? `${remedy}, or name` : 'Name'} the database with --db or DATABASE_URL; "embedded" is the embedded server.`,
      { cause },
    )
  try {
    if (statSync(path).isDirectory()) return undefined
    return parseEnv(readTrusted(path, refuse).toString('utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof TicketsError || code === undefined) throw error
    if (code === 'ENOENT') throw refuse('what it links to is not there', 'Remove it', error)
    throw refuse(`it cannot be read (${code})`, 'Make it readable', error)
  }
}

/** Makes the error: why the file is of no use, and what to do about it if it is the user's own. */
type Refuse = (reason: string, remedy?: string, cause?: unknown) => TicketsError

/**
 * The content of a regular file that only this user and root could have put there. Throws what
 * `refuse` makes, and the system's errors.
 */
function readTrusted(path: string, refuse: Refuse): Buffer {
  // Neither waits for the writer of a pipe, nor follows a link that was put there a moment ago.
  const descriptor = openSync(followLinks(path, refuse), O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    requireOwnFile(fstatSync(descriptor), refuse)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Where the symbolic links lead; each must be this user's or root's, and in a closed directory. */
function followLinks(path: string, refuse: Refuse): string {
  let at = path
  for (let links = 0; links < MOST_LINKS; links++) {
    const directory = dirname(at)
    const stats = statSync(directory)
    const hazard = hazardOf(stats)
    if (hazard) throw refuse(`the directory ${visible(directory)} ${hazard}`, remedyFor(stats))
    const found = lstatSync(at)
    if (!found.isSymbolicLink()) {
      // Before it is opened: to open a device may be enough to set it off.
      requireOwnFile(found, refuse)
      return at
    }
    if (!isTrusted(found.uid)) throw refuse(`the link ${visible(at)} ${hazardOf(found)}`)
    at = resolve(directory, readlinkSync(at))
  }
  throw refuse('its symbolic links lead in a circle', 'Remove it')
}

function requireOwnFile(stats: Stats, refuse: Refuse): void {
  if (!stats.isFile()) throw refuse('it is not a regular file', 'Remove it')
  const hazard = hazardOf(stats)
  if (hazard) throw refuse(`it ${hazard}`, remedyFor(stats))
}

/** What helps where the owner is right, and the mode is not. */
function remedyFor({ uid }: Stats): string | undefined {
  return isTrusted(uid) ? 'Take that right from them (chmod go-w)' : undefined
}
