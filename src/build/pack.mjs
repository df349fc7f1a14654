import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, transform } from 'esbuild'

/**
 * Packs esbuild's chunks into scripts in dist and returns the names of their files, in the order in
 * which they are needed. `scripts` has for each its name and modules: it gets what these need at
 * once and no earlier one has. What none of them needs, and most bookings never load, is the rest.
 *
 * They are scripts, as V8's code cache is only to be had for those. Each evaluates to a function
 * that takes `require` and gives its chunks by name; `start.ts` loads them.
 */
export async function packScripts({ outputFiles, metafile: { outputs } }, scripts) {
  const packed = new Set()
  const take = (path) => {
    if (packed.has(path)) return []
    packed.add(path)
    const needed = outputs[path].imports.filter((it) => it.kind === 'import-statement')
    return [path, ...needed.flatMap((it) => (outputs[it.path] ? take(it.path) : []))]
  }
  const chunkOf = (path) => {
    const name = basename(path)
    const { text } = outputFiles.find((file) => basename(file.path) === name)
    return { name, text, exports: outputs[path].exports }
  }
  const paths = Object.keys(outputs)
  await mkdir('dist', { recursive: true })
  const files = []
  for (const [name, modules] of Object.entries(scripts)) {
    const entries = paths.filter((path) => modules.includes(outputs[path].entryPoint))
    files.push(await write(name, await inOneScope(entries.flatMap(take).map(chunkOf), name)))
  }
  const rest = paths.filter((path) => !packed.has(path)).map(chunkOf)
  return [...files, await write('rest', await Promise.all(rest.map(asScript)))]
}

/**
 * The chunks as one, since each for itself has to copy what it exports, and to look up, again and
 * again, what it imports. By their own names they are still there for the rest.
 */
async function inOneScope(chunks, script) {
  const { outputFiles } = await build({
    ...format,
    stdin: { contents: chunks.map(exported).join('\n') },
    bundle: true,
    write: false,
    plugins: [takingFrom(chunks)],
  })
  return [
    `"./${script}-scope"(module,exports){${outputFiles[0].text}}`,
    ...chunks.map(
      ({ name }) =>
        `"./${name}"(module){module.exports=require("./${script}-scope")["./${name}"]()}`,
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

/** In ASCII, as `start.ts` reads it: esbuild leaves what stands in a regular expression as it is. */
async function write(kind, chunks) {
  const text = `(require,scriptFile,scriptClock)=>({${chunks.join(',\n')}})`
  const script = text.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const hash = createHash('sha256').update(script).digest('hex').slice(0, 12)
  const file = `tickets-${kind}-${hash}.cjs`
  await writeFile(join('dist', file), script)
  return file
}
