// How src becomes dist: the program as scripts that start fast, the library as modules.
import { readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { LATE_ENTRY } from './late-files.mjs'
import { lean } from './lean.mjs'
import { otherDrivers } from './other-drivers.mjs'
import { packScripts } from './pack.mjs'

const common = {
  absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
  bundle: true,
  platform: 'node',
  target: 'node20.17',
  outdir: 'dist',
}

const { outputFiles, metafile } = await build({
  ...common,
  entryPoints: [{ in: 'src/cli/main.ts', out: 'cli' }, LATE_ENTRY],
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  write: false,
  metafile: true,
  external: [
    // The server's: loaded by `tickets serve` alone, so that no other command carries them.
    '@fastify/*',
    'ajv',
    'fastify',
    'prom-client',
    ...otherDrivers,
  ],
  define: {
    'import.meta.url': 'scriptFile',
    performance: 'scriptClock',
    // pg asks whether it runs on Cloudflare; the mere mention of this global makes Node load all of
    // its fetch, a sixth of a whole booking.
    Response: 'undefined',
  },
  plugins: lean,
})
const scripts = await packScripts(
  { outputFiles, metafile },
  { book: ['src/cli/main.ts', 'src/cli/commands/book/book.ts'] },
)

await build({
  ...common,
  entryPoints: ['src/start/start.ts'],
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  outExtension: { '.js': '.cjs' },
  define: { SCRIPTS: JSON.stringify(scripts) },
  // A real one would start Node's loader of modules.
  supported: { 'dynamic-import': false },
  plugins: lean,
})
await build({
  ...common,
  entryPoints: ['src/index.ts'],
  format: 'esm',
  packages: 'external',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
})

// Last, not first: a program that is running while it is built anew still finds its files.
const dist = new URL('../../dist/', import.meta.url)
for (const file of await readdir(dist)) {
  const isOld = /^tickets-/.test(file) && !scripts.includes(file)
  if (isOld) await rm(new URL(file, dist))
}
