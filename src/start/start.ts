import { join } from 'node:path'
import type { main } from '../cli/main.js'
import { hasAnyDaemon } from '../daemon/any-daemon.js'
import type { DaemonTry } from '../daemon/try-daemon.js'
import { listenForSignals } from '../shared/interruption.js'
import { CodeCache } from './code-cache.js'

/** The name of the file with the program, put in by the build. It contains a hash of the content. */
declare const PROGRAM: string

/**
 * Runs the command line of this process: in the daemon if one is open and accepts it, otherwise
 * here. Node compiles this file at every start, so it contains only what loads the rest of the
 * program.
 */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2)
  const interruption = listenForSignals()
  const mayTryDaemon = argv[0] === 'book' && hasAnyDaemon()
  const tried = mayTryDaemon ? await tryDaemon(interruption.signal) : {}
  const cache = new CodeCache(argv[0])
  const exitCode =
    tried.exitCode ??
    (await loadProgram(PROGRAM, cache).main(argv, process, {
      signal: interruption.signal,
      // The daemon must run the same build; the name has a hash of it.
      program: PROGRAM,
      ...tried.environment,
    }))
  process.exitCode = exitCode === 130 ? interruption.exitCode : exitCode
  // The result is out. A signal that comes now must not make a confirmed booking look rolled back.
  interruption.stopListening()
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  if (exitCode === 0) cache.keep()
}

/** In a separate script, as most users have no daemon. */
async function tryDaemon(signal: AbortSignal): Promise<DaemonTry> {
  const daemon = await import('../daemon/try-daemon.js')
  return daemon.tryDaemon(PROGRAM, signal)
}

/**
 * Loads the program from its script, and the other scripts when it requires them. The build wraps
 * each script in a function with the parameters of the call here; its last one, `Response`, stays
 * undefined.
 */
function loadProgram(name: string, cache: CodeCache): { main: typeof main } {
  const modules = new Map<string, { exports: object }>()
  const load = (path: string): unknown => {
    if (!path.startsWith('./')) return lateRequire(path)
    const known = modules.get(path)
    if (known) return known.exports
    const module = { exports: {} }
    modules.set(path, module)
    const file = join(__dirname, path)
    cache.compile(file).runInThisContext()(module, module.exports, load, file, clock)
    return module.exports
  }
  return load(`./${name}`) as { main: typeof main }
}

/**
 * Loads the built-in modules that are slow to load at their first use: the libraries name them at
 * the top of their files, and a booking uses none of them.
 */
function lateRequire(name: string): unknown {
  const isSlow =
    /^(node:)?(assert|child_process|crypto|dns|fs\/promises|module|timers\/promises|tls)$/.test(
      name,
    )
  if (!isSlow) return require(name)
  return new Proxy(() => {}, {
    get: (_, key) => require(name)[key],
    apply: (_, _self, args) => require(name)(...args),
  })
}

/** Takes the place of `performance`, whose mere mention makes Node load a module. */
const clock = {
  now() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1000 + nanoseconds / 1e6
  },
}
