import { dirname, join } from 'node:path'

/**
 * What the libraries load at every start and a booking never uses: the path of the import, and what
 * stands in its place.
 */
const STUBS = [
  // The program passes Knex the class of its dialect, the settings as an object, and functions that
  // log. Its migrations are in the bundle, and it has no seeds.
  [/\/knex\/lib\/dialects$/, 'exports.getDialectByNameOrAlias = () => {}'],
  [/\/knex\/lib\/.*\/parse-connection$/, ''],
  [/\/knex\/lib\/.*\bdebug$/, 'module.exports = () => () => {}'],
  [/\/knex\/lib\/colorette$/, ''],
  [/\/knex\/lib\/.*\/(MigrationGenerator|Seeder|batch-insert)$/, 'module.exports = class {}'],
  [/\/knex\/lib\/.*\/fs-migrations$/, 'exports.FsMigrations = class {}'],
  // Knex has its own pool, and passes no connection string either.
  [/\/pg\/lib\/(pg-pool|pg-connection-string)$/, 'module.exports = class {}'],
  // The program opens no editor. The one of inquirer has all encodings of text.
  [/\/@inquirer\/editor$/, ''],
  // Only a password needs these functions. Their file loads all of Node's cryptography.
  [
    /\/pg\/lib\/crypto\/utils$/,
    "module.exports = new Proxy({}, { get: (_, name) => require('pg/lib/crypto/utils.js')[name] })",
  ],
]

/** A plugin of Rolldown. */
export const stubs = {
  name: 'stubs',
  resolveId(path, importer = '') {
    const index = STUBS.findIndex(([pattern]) => pattern.test(join(dirname(importer), path)))
    return index < 0 ? undefined : `\0stub-${index}.cjs`
  },
  load(id) {
    const index = /^\0stub-(\d+)/.exec(id)?.[1]
    return index && { code: STUBS[index][1], moduleType: 'js' }
  },
}
