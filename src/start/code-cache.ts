import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'
import envPaths from 'env-paths'
import { hazardOf, isClosed, makeOwnDirectory } from '../shared/own-directory.js'

/**
 * The code that V8 compiled in earlier runs of the same command. Each command has its own, because
 * each compiles other functions. Errors of the cache are ignored.
 */
export class CodeCache {
  readonly #command: string
  /** The scripts that were compiled without a cache, by the file that it belongs in. */
  readonly #uncached = new Map<string, Script>()

  constructor(command = '') {
    this.#command = /^[a-z]{2,20}$/.test(command) ? command : '-'
  }

  compile(file: string): Script {
    const name = `${basename(file)}-${process.version}-${process.arch}-${this.#command}`
    const cache = join(directory(), name)
    const cachedData = readOwnFile(cache)
    // The build writes ASCII, which is read fastest as Latin-1.
    const script = new Script(fs.readFileSync(file, 'latin1'), { filename: file, cachedData })
    if (script.cachedDataRejected !== false) this.#uncached.set(cache, script)
    return script
  }

  /** Stores what V8 has compiled by now, unless it is stored already. */
  keep(): void {
    if (this.#uncached.size === 0) return
    try {
      makeOwnDirectory(directory())
      if (!isClosed(directory())) return
      for (const [cache, script] of this.#uncached) writeInOneStep(cache, script.createCachedData())
      removeOldCaches()
    } catch {
      // The next run compiles again.
    }
  }
}

const directory = () => envPaths('tickets', { suffix: '' }).cache

/**
 * Reads a file that this user made and that no other user can change or replace: root with another
 * user's HOME must not run that user's code.
 */
function readOwnFile(file: string): Buffer | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants
  let descriptor: number | undefined
  try {
    // A pipe must not block, and a link must not lead to another file.
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const stats = fs.fstatSync(descriptor)
    const isOwn = stats.isFile() && stats.uid === process.geteuid?.() && stats.nlink === 1
    const isSafe = isOwn && hazardOf(stats) === undefined && isClosed(dirname(file))
    return isSafe ? fs.readFileSync(descriptor) : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor)
  }
}

/** Many first runs may write the same file at once. */
function writeInOneStep(file: string, data: Buffer): void {
  const draft = `${file}.${process.pid}`
  // Fails if the name is taken: it may be a link that another user made.
  const descriptor = fs.openSync(draft, 'wx', 0o600)
  try {
    fs.writeFileSync(descriptor, data)
    // V8 trusts the content, so a power failure must not leave a part of it under the final name.
    fs.fsyncSync(descriptor)
    fs.renameSync(draft, file)
  } catch {
    fs.rmSync(draft, { force: true })
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * Removes the caches that other versions wrote before this one was installed. A later one belongs to
 * a version that is still in use, and the two would keep removing each other's caches.
 */
function removeOldCaches(): void {
  const installed = fs.statSync(__filename).mtimeMs
  for (const name of fs.readdirSync(directory())) {
    const script = /^(tickets-.*\.cjs)-/.exec(name)?.[1]
    const cache = join(directory(), name)
    const isOther = script !== undefined && !fs.existsSync(join(__dirname, script))
    if (isOther && fs.lstatSync(cache).mtimeMs < installed) fs.rmSync(cache)
  }
}
