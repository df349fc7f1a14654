import { createRequire } from 'node:module'
import { lateFiles } from './late-files.mjs'

/**
 * Lets the program load what it uses, when it uses it: at a start, each module costs, and of what
 * the libraries load at once, a booking needs little.
 */
export const lean = [
  { name: 'left-out', setup: leaveOut },
  { name: 'late-builtins', setup: delayBuiltins },
  { name: 'small-lodash', setup: useSmallLodash },
  lateFiles,
]

/** Replaced by what it comes to here. */
const LEFT_OUT = [
  // Knex is given its dialect, and does not look among all of them.
  [
    /\/dialects$/,
    /knex\/lib\/knex-builder\/internal\//,
    'exports.getDialectByNameOrAlias = () => {}',
  ],
  // Knex' own traces and colours; --debug has others, and its complaints go to the log.
  [/^debug$/, /knex/, 'module.exports = () => () => {}'],
  [/^colorette$/, /knex\/lib\/logger/, 'module.exports = {}'],
  // Knex has a pool of its own.
  [/^pg-pool$/, /pg\/lib\/index/, 'module.exports = class {}'],
  // Their default exports are these, but looking through all of them costs.
  [/^node:os$/, /env-paths/, 'export default require("os")'],
  [/^node:path$/, /env-paths/, 'export default require("path")'],
  [/^node:process$/, /env-paths/, 'export default process'],
]

/** The same functions by a library whose modules are few and short: of lodash, each takes a dozen along. */
function useSmallLodash({ onResolve, resolve }) {
  onResolve({ filter: /^lodash\// }, ({ path, kind, importer, resolveDir }) =>
    resolve(path.replace('lodash', 'es-toolkit/compat'), { kind, importer, resolveDir }),
  )
}

function leaveOut({ onResolve, onLoad }) {
  for (const [index, [filter, importer]] of LEFT_OUT.entries()) {
    onResolve({ filter }, (args) =>
      importer.test(args.importer) ? { path: String(index), namespace: 'left-out' } : undefined,
    )
  }
  onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path][2] }))
}

const LATE_BUILTINS =
  /^(node:)?(assert|async_hooks|child_process|crypto|dns|fs\/promises|readline|timers\/promises|tls|tty|vm)$/

/** Modules of Node that are loaded when one of their things is used, not when they are named. */
function delayBuiltins({ onResolve, onLoad }) {
  const require = createRequire(import.meta.url)
  onResolve({ filter: LATE_BUILTINS }, ({ path, kind, namespace }) => {
    if (namespace.startsWith('late-') || kind === 'dynamic-import') return { path, external: true }
    const name = path.replace('node:', '')
    return { path: name, namespace: kind === 'require-call' ? 'late-whole' : 'late-things' }
  })
  onLoad({ filter: /./, namespace: 'late-whole' }, ({ path }) => ({
    contents: `module.exports = require('late').late(() => require('node:${path}'))`,
    resolveDir: '/',
  }))
  onLoad({ filter: /./, namespace: 'late-things' }, ({ path }) => {
    const load = `require('node:${path}')`
    const things = Object.keys(require(path)).filter((name) => name !== 'default')
    const lines = [
      `const { late } = require('late')`,
      `export default /* @__PURE__ */ late(() => ${load})`,
      // What nobody imports, esbuild leaves out.
      ...things.map((it) => `export const ${it} = /* @__PURE__ */ late(() => ${load}.${it})`),
    ]
    return { contents: lines.join('\n'), resolveDir: '/' }
  })
}
