import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'
import envPaths from 'env-paths'
import { hazardOf, isClosed, makeOwnDirectory } from '../shared/own-directory.js'

/**
 * Compiles a script, with the code that V8 compiled in an earlier run of the same command if it is
 * there. `keepCache` stores what V8 has compiled by then, unless it is stored already. Errors of the
 * cache are ignored.
 */
export function compile(file: string, command = ''): { script: Script; keepCache(): void } {
  const directory = envPaths('tickets', { suffix: '' }).cache
  // One for each command, because each compiles other functions.
  const word = /^[a-z]{2,20}$/.test(command) ? command : '-'
  const cache = join(directory, `${basename(file)}-${process.version}-${process.arch}-${word}`)
  const cachedData = readOwnFile(cache)
  // The build writes ASCII, which is read fastest as Latin-1.
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData })
  const isCached = cachedData !== undefined && script.cachedDataRejected === false
  const keepCache = () => {
    try {
      makeOwnDirectory(directory)
      if (!isClosed(directory)) return
      writeInOneStep(cache, script.createCachedData())
      removeOldCaches(directory, file)
    } catch {
      // The next run compiles again.
    }
  }
  return { script, keepCache: isCached ? () => {} : keepCache }
}

/**
 * Reads a file that this user made and that no other user can change or replace: root with another
 * user's HOME must not run that user's code.
 */
function readOwnFile(file: string): Buffer | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  let descriptor: number | undefined
  try {
    // A pipe must not block, and a link must not lead to another file.
    descriptor = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const stats = fstatSync(descriptor)
    const isOwn = stats.isFile() && stats.uid === process.geteuid?.() && stats.nlink === 1
    const isSafe = isOwn && hazardOf(stats) === undefined && isClosed(dirname(file))
    return isSafe ? readFileSync(descriptor) : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Many first runs may write the same file at once. */
function writeInOneStep(file: string, data: Buffer): void {
  const draft = `${file}.${process.pid}`
  // Fails if the name is taken: it may be a link that another user made.
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(descriptor, data)
    // V8 trusts the content, so a power failure must not leave a part of it under the final name.
    fsyncSync(descriptor)
    renameSync(draft, file)
  } catch {
    rmSync(draft, { force: true })
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Removes the caches that other versions wrote before this one was installed. A later one belongs to
 * a version that is still in use, and the two would keep removing each other's caches.
 */
function removeOldCaches(directory: string, script: string): void {
  const installed = statSync(script).mtimeMs
  for (const name of readdirSync(directory)) {
    const isOther = /^tickets-.*\.cjs-/.test(name) && !name.startsWith(basename(script))
    const cache = join(directory, name)
    if (isOther && lstatSync(cache).mtimeMs < installed) rmSync(cache)
  }
}
