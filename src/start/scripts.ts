import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import envPaths from 'env-paths'
import { hazardOf, isClosed, makeOwnDirectory } from '../shared/own-directory.js'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** For `performance`, whose mere mention makes Node load all of its module for measuring. */
const clock = {
  now() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1000 + nanoseconds / 1e6
  },
}

type Chunk = (module: { exports: object }, exports: object) => void

/**
 * The chunks of the program, each evaluated once, from scripts that are read when they are needed,
 * with V8's code cache: what an earlier run compiled need not be compiled again, which halves the
 * time until the first statement. The cache is made after the first run of each command, and it is
 * never a reason to fail. Node has this built in from 22 (`module.enableCompileCache()`); this is for
 * 20 too.
 */
export class Scripts {
  readonly #command: string | undefined
  readonly #unread: string[]
  readonly #chunks: Record<string, Chunk> = {}
  readonly #modules: Record<string, { exports: object }> = {}
  readonly #stale: { script: Script; cacheFile: string }[] = []
  /** Whether there was anything to keep caches in, when the first was looked for. */
  #hadDirectory: boolean | undefined

  constructor(files: readonly string[], command: string | undefined) {
    this.#unread = [...files]
    this.#command = command
  }

  /** What a chunk exports, or a module of Node's or of a library that is not packed. */
  readonly require = (name: string): unknown => {
    if (!name.startsWith('./')) return require(name)
    const known = this.#modules[name]
    if (known) return known.exports
    while (!this.#chunks[name]) Object.assign(this.#chunks, this.#read(this.#unread.shift()!))
    const module = { exports: {} }
    this.#modules[name] = module
    this.#chunks[name](module, module.exports)
    return module.exports
  }

  /** For the next run of this command. */
  keepCaches(): void {
    for (const { script, cacheFile } of this.#stale) {
      // A directory that was there and is gone was not removed to be made anew.
      if (this.#hadDirectory && !existsSync(dirname(cacheFile))) return
      write(cacheFile, script.createCachedData())
    }
  }

  #read(name: string): Record<string, Chunk> {
    const file = join(__dirname, name)
    const cacheFile = cacheFileFor(name, this.#command)
    const cachedData = readOwn(cacheFile)
    const script = new Script(readFileSync(file, 'latin1'), {
      filename: file,
      ...(cachedData && { cachedData }),
    })
    this.#hadDirectory ??= cachedData !== undefined || existsSync(dirname(cacheFile))
    const isFresh = cachedData !== undefined && script.cachedDataRejected === false
    if (!isFresh) this.#stale.push({ script, cacheFile })
    return script.runInThisContext()(this.require, file, clock)
  }
}

/**
 * One cache for each command, as what `book` compiles is not what `show` does, and one for all lines
 * that begin otherwise. V8 itself checks the source by its length only, so the script's hash is in
 * the name, and Node's version beside it.
 */
function cacheFileFor(script: string, word: string | undefined): string {
  const command = word !== undefined && /^[a-z]{2,20}$/.test(word) ? word : '-'
  const { cache } = envPaths('tickets', { suffix: '' })
  return join(cache, `${script}-${process.version}-${process.arch}-${command}`)
}

/**
 * Code is taken only from a file that this user made and that no other user can change or replace:
 * root with another user's HOME must not run theirs.
 */
function readOwn(file: string): Buffer | undefined {
  try {
    // Whatever has that name: a pipe would be waited for, and a link leads to another file.
    const descriptor = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    try {
      const stats = fstatSync(descriptor)
      const isOwn = stats.isFile() && stats.uid === process.geteuid?.() && stats.nlink === 1
      const isSafe = isOwn && hazardOf(stats) === undefined && isClosed(dirname(file))
      return isSafe ? readFileSync(descriptor) : undefined
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

/**
 * In one step, as fifty first runs may do it at once; read-only or full, it is done without, and where
 * others may write, too. The draft is a new file: another may have foreseen its name and laid a link.
 */
function write(file: string, data: Buffer): void {
  const draft = `${file}.${process.pid}`
  let descriptor: number
  try {
    makeOwnDirectory(dirname(file))
    if (!isClosed(dirname(file))) return
    descriptor = openSync(draft, 'wx', 0o600)
  } catch {
    // Then the next run compiles again.
    return
  }
  try {
    writeFileSync(descriptor, data)
    // V8 trusts what is in it: after a power failure, nothing else may bear the name.
    fsyncSync(descriptor)
    renameSync(draft, file)
  } catch {
    rmSync(draft, { force: true })
  } finally {
    closeSync(descriptor)
  }
}
