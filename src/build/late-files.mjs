import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Files that no booking runs are kept out of the script that books; what stands for them there
 * loads them when it is used. Each exports one thing, or the things that are named: functions,
 * classes, and objects that are only looked into.
 */
export const lateFiles = { name: 'late-files', setup }

const LIBRARIES = {
  'commander/lib/help.js': ['Help', 'stripColor'],
  'commander/lib/suggestSimilar.js': ['suggestSimilar'],
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
  'pg/lib/native/index.js': [],
  'pg-connection-string/index.js': ['parse'],
  'pgpass/lib/index.js': [],
}

/** The same, but in the script that books: it runs them where there is a password. */
const AT_LOGIN = { 'pg/lib/crypto/utils.js': [] }

const OWN = {
  'src/cli/commands/booking/command.ts': ['addBookingCommands'],
  'src/booking/all-or-nothing.ts': ['bookAllOrNothing'],
  'src/booking/list-bookings.ts': [
    'listBookings',
    'bookingsWithIds',
    'suggestBookings',
    'viewBooking',
  ],
  'src/audit/history.ts': ['listHistory'],
  'src/booking/lifecycle/cancel.ts': ['cancelBooking'],
  'src/booking/lifecycle/check-in.ts': ['checkIn'],
  'src/booking/lifecycle/confirm.ts': ['confirmBooking'],
  'src/booking/lifecycle/move.ts': ['moveBooking'],
  'src/load/confirmed-check.ts': ['findLostBookings'],
  'src/shows/recent-sales.ts': ['recentSales'],
  'src/booking/dry-run.ts': ['DryRun'],
  'src/booking/search-bookings.ts': ['searchBookings'],
  'src/shows/edit-show.ts': ['cancelShow', 'copyShow', 'editShow', 'previewCancellation'],
  'src/shows/show-dates.ts': ['datesOf', 'isOnDate', 'parseShowDate'],
  'src/shows/show-report.ts': ['reportOnShow'],
  'src/shows/show-words.ts': ['selectFirstWithWords'],
  'src/audit/verify.ts': ['verifyShows'],
  'src/shows/watch-show.ts': ['watchShow'],
  'src/shows/word-search.ts': ['selectIdsWithWords', 'wordCondition', 'wordsOf'],
  'src/database/settings/dot-env.ts': ['readDotEnv'],
  'src/database/grants.ts': ['grantBoxOffice'],
  'src/database/sql-trace.ts': ['traceQueries'],
  'src/cli/help-commands.ts': ['addHelpCommands'],
  'src/cli/help-topics.ts': ['helpTopics'],
  'src/cli/commands/serve/command.ts': ['addDbCommands', 'addServerCommands'],
  'src/cli/commands/show/command.ts': ['addShowCommands'],
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** By the file's path: how the stand-in gets at its exports, and which of them there are. */
const files = new Map([
  ...Object.entries(LIBRARIES).map(([name, things]) =>
    fileOf(`node_modules/${name}`, { things, isLibrary: true }),
  ),
  ...Object.entries(AT_LOGIN).map(([name, things]) =>
    fileOf(`node_modules/${name}`, { things, isLibrary: true, isHere: true }),
  ),
  ...Object.entries(OWN).map(([name, things]) => fileOf(name, { things })),
  ...readdirSync(join(root, 'migrations')).map((name) =>
    fileOf(`migrations/${name}`, { things: ['up', 'down'] }),
  ),
])

function fileOf(name, file) {
  return [join(root, name), { name, ...file }]
}

/** The entry point that has them all, to be built beside the program's own. */
export const LATE_ENTRY = { in: 'late-files', out: 'late-files' }
const LATE_CHUNK = './late-files.js'

function setup({ onResolve, onLoad, resolve }) {
  onResolve({ filter: /^late-files$/ }, ({ path }) => ({ path, namespace: 'late-entry' }))
  onLoad({ filter: /./, namespace: 'late-entry' }, () => ({
    contents: [...files.values()].map(exportOf).join('\n'),
    resolveDir: root,
  }))
  onResolve({ filter: /./ }, async (args) => {
    const { path, kind, namespace, pluginData } = args
    if (path === LATE_CHUNK) return { path, external: true }
    if (pluginData === 'resolved' || namespace.startsWith('late-')) return undefined
    if (kind !== 'require-call' && kind !== 'import-statement') return undefined
    const { importer, resolveDir } = args
    const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' })
    return files.has(found.path) ? { path: found.path, namespace: 'late-file' } : found
  })
  onLoad({ filter: /./, namespace: 'late-file' }, ({ path }) => ({
    contents: standIn(path, files.get(path)),
    resolveDir: dirname(path),
  }))
  onResolve({ filter: /^late$/ }, ({ path }) => ({ path, namespace: 'late' }))
  onLoad({ filter: /./, namespace: 'late' }, () => ({ contents: LATE }))
}

/** A library's file is run only when it is asked for; one of our own does nothing when it is run. */
function exportOf({ name, isLibrary, isHere }, i) {
  const file = JSON.stringify(`./${name}`)
  if (isHere) return ''
  if (!isLibrary) return `export * as ${file} from ${file}`
  return `const load${i} = () => require(${file})\nexport { load${i} as ${file} }`
}

function standIn(path, { name, things, isLibrary, isHere }) {
  const late = (expression) => `late(() => ${expression})`
  const exported = `require('${LATE_CHUNK}')[${JSON.stringify(`./${name}`)}]`
  const loaded = isHere
    ? `require(${JSON.stringify(path)})`
    : isLibrary
      ? `${exported}()`
      : exported
  const lines = things.map((thing) =>
    isLibrary
      ? `exports.${thing} = ${late(`${loaded}.${thing}`)}`
      : `export const ${thing} = ${late(`${loaded}.${thing}`)}`,
  )
  const all = things.length > 0 ? lines : [`module.exports = ${late(loaded)}`]
  return [`const { late } = require('late')`, ...all].join('\n')
}

/** Stands for a function, a class or an object until it is used. */
const LATE = `
class Late {
  constructor(load) {
    this.load = load
  }
  real() {
    return (this.loaded ??= this.load())
  }
  get(_, name) {
    return Reflect.get(this.real(), name)
  }
  set(_, name, value) {
    return Reflect.set(this.real(), name, value)
  }
  has(_, name) {
    return Reflect.has(this.real(), name)
  }
  apply(_, self, args) {
    return Reflect.apply(this.real(), self, args)
  }
  construct(_, args, target) {
    return Reflect.construct(this.real(), args, target)
  }
}
exports.late = (load) => new Proxy(function () {}, new Late(load))`
