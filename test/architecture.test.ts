import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const project = fileURLToPath(new URL('..', import.meta.url))
const document = await readFile(join(project, 'docs/architecture.md'), 'utf8')

/** Each folder of src with the folders that its files may import, according to the drawing. */
const arrows = new Map(
  [...document.matchAll(/^(\w[\w.]*) +→ ?(.*)$/gm)].map(([, from, to]) => [
    from!,
    new Set(to!.split(' ').filter(Boolean)),
  ]),
)

const imports = await importsBetweenFolders()

describe('the arrows in docs/architecture.md', () => {
  test('start at every folder of src and at no other', async () => {
    const entries = await readdir(join(project, 'src'), { withFileTypes: true })
    const folders = entries.map(({ name }) => name)
    // It contains scripts that run before the program is built, and import none of it.
    expect([...arrows.keys(), 'build'].toSorted()).toEqual(folders.toSorted())
  })

  test('are all the imports that exist', () => {
    const others = imports.filter(({ from, to }) => !arrows.get(from)?.has(to))
    expect(others.map(({ file, path }) => `${file} imports ${path}`)).toEqual([])
  })

  test('are imports that exist', () => {
    const real = new Set(imports.map(({ from, to }) => `${from} → ${to}`))
    const drawn = [...arrows].flatMap(([from, to]) => [...to].map((one) => `${from} → ${one}`))
    expect(drawn.filter((arrow) => !real.has(arrow))).toEqual([])
  })

  test('form no cycle', () => {
    const rank = (folder: string, path: string[] = []): number => {
      expect(path).not.toContain(folder)
      return Math.max(0, ...[...arrows.get(folder)!].map((to) => 1 + rank(to, [...path, folder])))
    }
    expect([...arrows.keys()].map((folder) => rank(folder))).toContain(0)
  })
})

/** The imports between folders of src, including types and dynamic imports. */
async function importsBetweenFolders() {
  const files = await readdir(join(project, 'src'), { recursive: true })
  const found = await Promise.all(
    files
      .filter((file) => /\.ts$/.test(file))
      .map(async (file) => {
        const text = await readFile(join(project, 'src', file), 'utf8')
        const paths = text.matchAll(/(?:\bfrom|\bimport) ?\(?\s*'(\.[^']+)'/g)
        return Array.from(paths, ([, path]) => ({
          file: join('src', file),
          path: path!,
          from: folderOf(file),
          to: folderOf(join(file, '..', path!)),
        }))
      }),
  )
  // The imports that lead out of src are the migrations and package.json.
  return found.flat().filter(({ from, to }) => to !== '..' && to !== from)
}

function folderOf(path: string): string {
  return path.split('/')[0]!.replace(/\.js$/, '.ts')
}
