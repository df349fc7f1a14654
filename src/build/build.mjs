// How src becomes dist: the program as scripts that start fast, the library as modules.
import { readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { stubs } from './stubs.mjs'

const common = (define) => ({
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  platform: 'node',
  transform: { target: 'node20.17', define },
})
const script = {
  dir: 'dist',
  format: 'cjs',
  // A real `import()` would start Node's loader of modules, and fails in a script from a code cache.
  dynamicImportInCjs: false,
  minify: { compress: true, mangle: true, codegen: { asciiOnly: true } },
}

// What is imported late becomes a separate script, so that a command reads only what it runs.
const { output } = await build({
  ...common({ 'import.meta.url': '__filename' }),
  input: 'src/cli/main.ts',
  // `tickets serve` loads the first, and the second is optional; Knex and pg name the others, for
  // features that are not used.
  external: [
    /^(@fastify\/.*|ajv|fastify|prom-client)$/,
    'net-keepalive',
    'pg-native',
    'pg-query-stream',
  ],
  // The same functions, but each lodash file loads a dozen others.
  resolve: { alias: { lodash: 'es-toolkit/compat' } },
  plugins: [stubs],
  checks: { ineffectiveDynamicImport: false },
  preserveEntrySignatures: 'allow-extension',
  output: {
    ...script,
    codeSplitting: {
      // All that a booking loads is one script.
      groups: [{ name: 'book', test: /^\0rolldown|\/(main|book\/book|embedded\/embedded)\.ts$/ }],
    },
    // V8 checks the source of cached code by its length only, so the name has a hash of the content.
    entryFileNames: 'tickets-[hash].cjs',
    chunkFileNames: 'tickets-[name]-[hash].cjs',
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
    // The mere mention of the last two makes Node load its modules for measuring, and for HTTP
    // requests: a sixth of a whole booking. pg looks for `Response` to see whether it is on Cloudflare.
    postBanner: '(function(module,exports,require,__filename,performance,Response){"use strict";',
    postFooter: '})',
  },
})
const program = output.find((file) => file.isEntry).fileName
if (output.some(({ code }) => /[^\0-\x7f]/.test(code))) {
  throw new Error('Write \\u escapes in tagged templates: the program is read as ASCII.')
}

await build({
  ...common({ PROGRAM: JSON.stringify(program) }),
  input: 'src/start/start.ts',
  preserveEntrySignatures: 'allow-extension',
  output: {
    ...script,
    entryFileNames: 'start.cjs',
    // What is imported late: try-daemon.ts.
    chunkFileNames: '[name].cjs',
    postBanner: '"use strict";',
  },
})

const library = await build({
  ...common({}),
  input: 'src/index.ts',
  external: /^[^./]/,
  output: { dir: 'dist', chunkFileNames: 'chunks/[name]-[hash].js' },
})

// Last, so that a command that starts during the build still finds the old files.
const dist = new URL('../../dist/', import.meta.url)
const made = new Set([...output, ...library.output].map((file) => file.fileName))
for (const file of await readdir(dist, { recursive: true })) {
  if (/^(tickets-|chunks\/)/.test(file) && !made.has(file)) await rm(new URL(file, dist))
}
