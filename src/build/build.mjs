// How src becomes dist: the program as two scripts that start fast, the library as modules.
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { lateRequire } from './late-require.mjs'
import { stubs } from './stubs.mjs'

const common = {
  absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
  bundle: true,
  platform: 'node',
  target: 'node20.17',
  outdir: 'dist',
}

const script = {
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  // A real `import()` would start Node's loader of modules, and fails in a script from a code cache.
  supported: { 'dynamic-import': false },
  // The same functions, but each lodash file loads a dozen others.
  alias: { lodash: 'es-toolkit/compat' },
  plugins: [stubs],
}
const prologue = `"use strict";require=(${lateRequire})(require);`

const { metafile } = await build({
  ...script,
  entryPoints: [{ in: 'src/cli/main.ts', out: 'tickets' }],
  // V8 checks the source of cached code by its length only, so the name has a hash of the content.
  entryNames: '[name]-[hash]',
  metafile: true,
  sourcemap: 'external',
  sourcesContent: false,
  // The mere mention of these two globals makes Node load its modules for measuring, and for HTTP
  // requests: a sixth of a whole booking. pg looks for `Response` to see whether it is on Cloudflare.
  banner: { js: `(function(module,require,__filename,performance,Response){${prologue}` },
  footer: { js: '})' },
  define: { 'import.meta.url': '__filename' },
  external: [
    // Only `tickets serve` loads these, so the bundle leaves them out.
    '@fastify/*',
    'ajv',
    'fastify',
    'prom-client',
    // Other commands than `book` load these, so that every booking has less code to read.
    ...[
      'cli-progress',
      'cli-table3',
      'csv-stringify',
      'proper-lockfile',
      'temporal-polyfill',
      'uqr',
    ],
    // Knex and pg name these for features that the program does not use.
    'pg-native',
    'pg-query-stream',
  ],
})
const isProgram = ([, output]) => output.entryPoint !== undefined
const program = basename(Object.entries(metafile.outputs).find(isProgram)[0])
const dist = new URL('../../dist/', import.meta.url)
if (/[^\0-\x7f]/.test(await readFile(new URL(program, dist), 'utf8'))) {
  throw new Error('Write \\u escapes in regular expressions: the program is read as ASCII.')
}

await build({
  ...script,
  entryPoints: ['src/start/start.ts'],
  banner: { js: prologue },
  define: { PROGRAM: JSON.stringify(program) },
})

await build({
  ...common,
  entryPoints: ['src/index.ts'],
  format: 'esm',
  packages: 'external',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
})

// Last, so that a command that starts during the build still finds the old script.
for (const file of await readdir(dist)) {
  const isOld = file.startsWith('tickets-') && !file.startsWith(program)
  if (isOld) await rm(new URL(file, dist))
}
