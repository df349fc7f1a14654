// Bundles a script, as far as bundling alone brings it.
// Arguments: the script's file, and the bundle's.
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
  // Drivers of other databases, and of features that the script does not use.
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
