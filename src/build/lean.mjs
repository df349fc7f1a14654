import { createRequire } from 'node:module'

/**
 * Lets the program load what it uses, when it uses it: at a start, each module costs, and of what
 * the libraries load at once, a booking needs little. What is listed here is loaded at first touch.
 */
export const lean = {
  name: 'lean',
  setup(build) {
    leaveOut(build)
    delayBuiltins(build)
    delayFiles(build)
  },
}

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
  // Its default export is the global, but looking through all of that costs.
  [/^node:process$/, /env-paths/, 'export default process'],
]

function leaveOut({ onResolve, onLoad }) {
  for (const [index, [filter, importer]] of LEFT_OUT.entries()) {
    onResolve({ filter }, (args) =>
      importer.test(args.importer) ? { path: String(index), namespace: 'left-out' } : undefined,
    )
  }
  onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path][2] }))
}

const LATE_BUILTINS =
  /^(node:)?(assert|async_hooks|child_process|crypto|dns|fs\/promises|readline|timers\/promises|tls|tty)$/

/** Modules of Node whose properties, each by itself, load the module when they are first looked at. */
function delayBuiltins({ onResolve, onLoad }) {
  const require = createRequire(import.meta.url)
  onResolve({ filter: LATE_BUILTINS }, ({ path, namespace }) =>
    namespace === 'late-builtin'
      ? { path, external: true }
      : { path: path.replace('node:', ''), namespace: 'late-builtin' },
  )
  onLoad({ filter: /.*/, namespace: 'late-builtin' }, ({ path }) => {
    const load = `require('node:${path}')`
    const names = JSON.stringify(Object.keys(require(path)))
    const late = `for (const name of ${names}) {
      Object.defineProperty(exports, name, { enumerable: true, get: () => ${load}[name] })
    }`
    // `assert` is a function itself.
    const isFunction = typeof require(path) === 'function'
    const contents = isFunction ? `module.exports = require('late').late(() => ${load})` : late
    return { contents, resolveDir: '/' }
  })
}

/** Files of libraries that export one thing, or the things that are named. */
const LATE_FILES = {
  'knex/lib/migrations/migrate/Migrator.js': ['Migrator'],
  'knex/lib/migrations/seed/Seeder.js': [],
  'knex/lib/knex-builder/FunctionHelper.js': [],
  'knex/lib/execution/batch-insert.js': [],
  'knex/lib/schema/builder.js': [],
  'knex/lib/schema/compiler.js': [],
  'knex/lib/schema/tablebuilder.js': [],
  'knex/lib/schema/tablecompiler.js': [],
  'knex/lib/schema/columnbuilder.js': [],
  'knex/lib/schema/columncompiler.js': [],
  'knex/lib/schema/viewbuilder.js': [],
  'knex/lib/schema/viewcompiler.js': [],
  'knex/lib/dialects/postgres/schema/pg-columncompiler.js': [],
  'knex/lib/dialects/postgres/schema/pg-compiler.js': [],
  'knex/lib/dialects/postgres/schema/pg-tablecompiler.js': [],
  'knex/lib/dialects/postgres/schema/pg-viewbuilder.js': [],
  'knex/lib/dialects/postgres/schema/pg-viewcompiler.js': [],
  'pg/lib/crypto/sasl.js': [],
  'pg/lib/crypto/utils.js': [],
}

function delayFiles({ onResolve, onLoad, resolve }) {
  const lateName = (path) => Object.keys(LATE_FILES).find((name) => path.endsWith(`/${name}`))
  onResolve({ filter: /^\./ }, async ({ path, pluginData, kind, importer, resolveDir }) => {
    if (kind !== 'require-call' || pluginData === 'resolved') return undefined
    const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' })
    return lateName(found.path) ? { path: found.path, namespace: 'late-file' } : found
  })
  onLoad({ filter: /.*/, namespace: 'late-file' }, ({ path }) => {
    const load = `require(${JSON.stringify(path)})`
    const names = LATE_FILES[lateName(path)]
    const late = names.map((name) => `exports.${name} = late(() => ${load}.${name})`)
    const contents = names.length > 0 ? late.join('\n') : `module.exports = late(() => ${load})`
    return { contents: `const { late } = require('late')\n${contents}`, resolveDir: '/' }
  })
  onResolve({ filter: /^late$/ }, ({ path }) => ({ path, namespace: 'late' }))
  onLoad({ filter: /.*/, namespace: 'late' }, () => ({ contents: LATE }))
}

/** Stands for a class or an object until it is used. */
const LATE = `exports.late = (load) => {
  let loaded
  const real = () => (loaded ??= load())
  return new Proxy(function () {}, {
    get: (_, name) => Reflect.get(real(), name),
    set: (_, name, value) => Reflect.set(real(), name, value),
    has: (_, name) => Reflect.has(real(), name),
    apply: (_, self, args) => Reflect.apply(real(), self, args),
    construct: (_, args, target) => Reflect.construct(real(), args, target),
  })
}`
