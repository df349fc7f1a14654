import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { transform } from 'esbuild'

/**
 * Packs esbuild's chunks into two scripts in dist and returns the names of their files: what the
 * modules of `first` need at once, and the rest, which most bookings never load.
 *
 * They are scripts, as V8's code cache is only to be had for those. Each evaluates to a function
 * that takes `require` and gives its chunks by name; `start.ts` loads them.
 */
export async function packScripts({ outputFiles, metafile: { outputs }, first }) {
  const neededFirst = new Set()
  const add = (path) => {
    if (neededFirst.has(basename(path))) return
    neededFirst.add(basename(path))
    for (const { path: needed, kind } of outputs[path].imports) {
      if (kind === 'import-statement' && outputs[needed]) add(needed)
    }
  }
  for (const path of Object.keys(outputs)) if (first.includes(outputs[path].entryPoint)) add(path)

  const parts = { book: [], rest: [] }
  for (const { path, text } of outputFiles) {
    const name = basename(path)
    const chunk = `${JSON.stringify(`./${name}`)}(module,exports){${await asScript(text)}}`
    parts[neededFirst.has(name) ? 'book' : 'rest'].push(chunk)
  }
  await mkdir('dist', { recursive: true })
  return Promise.all(Object.entries(parts).map(([kind, chunks]) => write(kind, chunks)))
}

async function asScript(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    target: 'node20.17',
    minifySyntax: true,
    minifyWhitespace: true,

    legalComments: 'inline',
    // What is loaded late is a chunk too, or has no need of an `import`.
    supported: { 'dynamic-import': false },
  })
  return code
}

async function write(kind, chunks) {
  const script = `(require,importMetaUrl)=>({${chunks.join(',\n')}})`
  const hash = createHash('sha256').update(script).digest('hex').slice(0, 12)
  const file = `tickets-${kind}-${hash}.cjs`
  await writeFile(join('dist', file), script)
  return file
}
