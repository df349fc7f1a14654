import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, transform } from 'esbuild'

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

  const chunks = outputFiles.map(({ path, text }) => {
    const name = basename(path)
    return { name, text, exports: outputs[join('dist', name)].exports }
  })
  const isFirst = ({ name }) => neededFirst.has(name)
  const rest = chunks.filter((chunk) => !isFirst(chunk))
  await mkdir('dist', { recursive: true })
  return [
    await write('book', await inOneScope(chunks.filter(isFirst))),
    await write('rest', await Promise.all(rest.map(asScript))),
  ]
}

/**
 * The chunks as one, since each for itself has to copy what it exports, and to look up, again and
 * again, what it imports. By their own names they are still there for the rest.
 */
async function inOneScope(chunks) {
  const { outputFiles } = await build({
    ...format,
    stdin: { contents: chunks.map(exported).join('\n') },
    bundle: true,
    write: false,
    plugins: [takingFrom(chunks)],
  })
  return [
    `"./book.js"(module,exports){${outputFiles[0].text}}`,
    ...chunks.map(
      ({ name }) => `"./${name}"(module){module.exports=require("./book.js")["./${name}"]()}`,
    ),
  ]
}

/** What a chunk exports, as an object that is made only when it is asked for. */
function exported({ name, exports }, i) {
  const imports = exports.map((it, j) => `${it} as it${i}_${j}`)
  const getters = exports.map((it, j) => `get ${it}() { return it${i}_${j} }`)
  return `
    import { ${imports.join(', ')} } from "./${name}"
    const load${i} = () => ({ ${getters.join(', ')} })
    export { load${i} as "./${name}" }`
}

function takingFrom(chunks) {
  const texts = new Map(chunks.map(({ name, text }) => [`./${name}`, text]))
  return {
    name: 'chunks',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === 'import-statement' && texts.has(path)
          ? { path, namespace: 'chunk' }
          : { path, external: true },
      )
      onLoad({ filter: /./, namespace: 'chunk' }, ({ path }) => ({ contents: texts.get(path) }))
    },
  }
}

async function asScript({ name, text }) {
  const { code } = await transform(text, format)
  return `"./${name}"(module,exports){${code}}`
}

const format = {
  format: 'cjs',
  platform: 'node',
  target: 'node20.17',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'inline',
  // What is loaded late is a chunk too, or has no need of an `import`.
  supported: { 'dynamic-import': false },
}

async function write(kind, chunks) {
  const script = `(require,scriptFile,scriptClock)=>({${chunks.join(',\n')}})`
  const hash = createHash('sha256').update(script).digest('hex').slice(0, 12)
  const file = `tickets-${kind}-${hash}.cjs`
  await writeFile(join('dist', file), script)
  return file
}
