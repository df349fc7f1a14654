import { join } from 'node:path'

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
  // Knex has a pool of its own, and passes no connection string either.
  [/\/pg\/lib\/(pg-pool|pg-connection-string)$/, 'module.exports = class {}'],
  // The program has suggestions of its own.
  [/\/commander\/lib\/suggestSimilar$/, ''],
  // Only a password needs these functions. Their file loads all of Node's cryptography.
  [
    /\/pg\/lib\/crypto\/utils$/,
    `for (const name of ['postgresMd5PasswordHash', 'randomBytes', 'deriveKey', 'sha256', 'hashByName', 'hmacSha256'])
       exports[name] = (...args) => require('pg/lib/crypto/utils.js')[name](...args)`,
  ],
]

/** An esbuild plugin. */
export const stubs = {
  name: 'stubs',
  setup({ onResolve, onLoad, initialOptions }) {
    onResolve({ filter: /./ }, ({ path, resolveDir }) => {
      const index = STUBS.findIndex(([pattern]) => pattern.test(join(resolveDir, path)))
      return index < 0 ? undefined : { path: String(index), namespace: 'stub' }
    })
    onLoad({ filter: /./, namespace: 'stub' }, ({ path }) => ({
      contents: STUBS[path][1],
      resolveDir: initialOptions.absWorkingDir,
    }))
  },
}
