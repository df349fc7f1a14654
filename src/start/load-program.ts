import { join } from 'node:path'
import type { main } from '../cli/main.js'
import type { CodeCache } from './code-cache.js'

/**
 * Loads the program from its script, and the other scripts when it requires them. The build wraps
 * each script in a function with the parameters of the call here; its last one, `Response`, stays
 * undefined.
 */
export function loadProgram(name: string, cache: CodeCache): { main: typeof main } {
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
