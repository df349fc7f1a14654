// Bundles a script without any other optimization. Arguments: the file of the script, and of the
// bundle.
import { build } from 'esbuild'

const [, , script, bundle] = process.argv
await build({
  entryPoints: [script],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  // Drivers of other databases, and optional modules that the script does not use.
  external: [
    'better-sqlite3',
    'mariadb',
    'mysql',
    'mysql2',
    'oracledb',
    'pg-native',
    'pg-query-stream',
    'sqlite3',
    'tedious',
  ],
})
