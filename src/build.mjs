// How src becomes dist: the program as one script that starts fast, the library as modules.
import { readdir, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const common = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  bundle: true,
  platform: 'node',
  target: 'node20.17',
  outdir: 'dist',
}

/** Commander loads child_process for a feature that is not used here: 4% of a whole booking. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/node_modules/commander/')
        ? { path: 'child_process', namespace: 'lazy' }
        : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: `exports.spawn = (...args) => require('node:child_process').spawn(...args)`,
    }))
  },
}

/** CommonJS: V8's code cache is only to be had for scripts. */
const scripts = { ...common, format: 'cjs', minifyWhitespace: true, minifySyntax: true }

const { metafile } = await build({
  ...scripts,
  entryPoints: ['src/cli.ts'],
  entryNames: 'tickets-[hash]',
  legalComments: 'linked',
  metafile: true,
  outExtension: { '.js': '.cjs' },
  external: [
    // The server's: loaded by `tickets serve` alone, so that no other command carries them.
    '@fastify/*',
    'ajv',
    'fastify',
    'prom-client',
    // Drivers of other databases, and of features that are not used: knex and pg load them on demand.
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
  define: {
    'import.meta.url': 'importMetaUrl',
    // pg asks whether it runs on Cloudflare; the mere mention of this global makes Node load all of
    // its fetch, a sixth of a whole booking.
    Response: 'undefined',
  },
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  plugins: [lazyChildProcess],
})
const program = Object.keys(metafile.outputs).find((file) => file.endsWith('.cjs'))

await build({
  ...scripts,
  entryPoints: ['src/start.ts'],
  outExtension: { '.js': '.cjs' },
  define: { PROGRAM: JSON.stringify(basename(program)) },
})
await build({
  ...common,
  entryPoints: ['src/index.ts'],
  format: 'esm',
  packages: 'external',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
})

// Last, not first: a program that is running while it is built anew still finds its file.
const dist = new URL('../dist/', import.meta.url)
for (const file of await readdir(dist)) {
  if (/^tickets-/.test(file) && !file.startsWith(basename(program))) await rm(new URL(file, dist))
}
