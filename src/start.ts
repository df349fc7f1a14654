import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { constants, Script } from 'node:vm'
import envPaths from 'env-paths'
import type { main } from './cli.js'

/** The file of the program, with a hash of its content in it; put in by the build. */
declare const PROGRAM: string

/**
 * Starts the program from its bundle with V8's code cache: what an earlier run compiled need not be
 * compiled again, which halves the time until the first statement. The cache is made after the
 * first run of each command, and it is never a reason to fail.
 *
 * Node has this built in from 22 (`module.enableCompileCache()`); this is for 20 too.
 */
export async function start(): Promise<void> {
  const file = join(__dirname, PROGRAM)
  const cacheFile = cacheFileFor(process.argv[2])
  const cachedData = cacheFile && readOwn(cacheFile)
  const script = new Script(Module.wrap(readFileSync(file, 'latin1')), {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const program = evaluate(script, file) as { main: typeof main }
  process.exitCode = await program.main(process.argv.slice(2), process)
  // The answer is out. A signal that comes now must not make a confirmed booking look rolled back.
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  const isFresh = cachedData !== undefined && script.cachedDataRejected === false
  if (cacheFile && !isFresh && process.exitCode === 0) write(cacheFile, script.createCachedData())
}

function evaluate(script: Script, file: string): unknown {
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  return module.exports
}

/**
 * One cache for each command: what `book` compiles is not what `show` does. V8 itself checks the
 * source by its length only, so the bundle's hash is in the name, and Node's version beside it.
 */
function cacheFileFor(command: string | undefined): string | undefined {
  if (command === undefined || !/^[a-z]{2,20}$/.test(command)) return undefined
  const { cache } = envPaths('tickets', { suffix: '' })
  return join(cache, `${PROGRAM}-${process.version}-${process.arch}-${command}`)
}

/** Code is only ever taken from a file of our own: root with another's HOME must not run theirs. */
function readOwn(file: string): Buffer | undefined {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const isOwn = fstatSync(descriptor).uid === process.geteuid?.()
      return isOwn ? readFileSync(descriptor) : undefined
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

/** In one step, as fifty first runs may do it at once; read-only or full, it is done without. */
function write(file: string, data: Buffer): void {
  const draft = `${file}.${process.pid}`
  try {
    makeDirectory(dirname(file))
    writeFileSync(draft, data, { mode: 0o600 })
    renameSync(draft, file)
  } catch {
    // Then the next run compiles again.
  }
}

/** With the directory for all caches around it, if need be; a home that is not there is not made. */
function makeDirectory(directory: string): void {
  statSync(dirname(dirname(directory)))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}
