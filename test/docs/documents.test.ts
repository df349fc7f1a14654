import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documents, project, runExamples } from '../support/documents.js'
import { blocksOf, titlesIn } from '../support/examples.js'

const readme = await readFile(join(project, 'README.md'), 'utf8')

describe.each(await documents())('%s', (document) => {
  it('shows examples that answer as it says, one after the other', {
    timeout: 180_000,
  }, async () => {
    expect(await runExamples(document)).toBe('')
  })

  it('names tests that are there', async () => {
    const { text, linked } = await read(document)
    for (const [, title, file] of text.matchAll(/\["([^"]+)"\]\(([^)]*\btest\/[^)]+)\)/g)) {
      const titles = await titlesIn(await linked(file!))
      expect(
        titles.some((one) => one.includes(title!)),
        `${file}: ${title}`,
      ).toBe(true)
    }
  })

  it('links functions to the files that have them, and to nothing that is missing', async () => {
    const { text, linked } = await read(document)
    for (const [, name, file] of text.matchAll(/\[`(\w+)`\]\(([^)]*\bsrc\/[^)]+)\)/g)) {
      const functions = (await linked(file!)).match(/\bfunction \w+/g)
      expect(functions, file).toContain(`function ${name}`)
    }
    for (const [, file] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      expect((await linked(file!)).length, file).toBeGreaterThan(0)
    }
  })
})

it('takes nothing for a test but what is run as one', async () => {
  const source = `
    it('alone', () => {})
    describe('a group', () => test("in it", { timeout: 1 }, () => {}))
    it.each([['x']])('of a table: %s', () => {})
    test(\`in backticks\`, () => {})
    // it('in a comment', () => {})
    /* test('in another comment', () => {}) */
    const text = 'in a text'
    it.skip('skipped', () => {})
    test.todo('to be written')`
  expect(await titlesIn(source)).toEqual([
    ...['alone', 'a group', 'in it', 'of a table: %s', 'in backticks'],
  ])
})

describe('the README', () => {
  it('names a test for each of more than 15 guarantees', () => {
    expect([...readme.matchAll(/\["[^"]+"\]\(test\/[^)]+\)/g)].length).toBeGreaterThan(15)
  })

  it('sets up with command lines that CI runs on a clean checkout', async () => {
    const ci = await readFile(join(project, '.ci/run'), 'utf8')
    const lines = blocksOf(readme)
      .filter(({ language }) => language === 'sh')
      .map(({ text }) => text.trim())
    expect(lines).toEqual(['npm ci && npx tickets demo', 'npm ci && npm test'])
    for (const command of lines.flatMap((line) => line.split(' && '))) {
      expect(ci).toContain(`'${command}' ${command}`)
    }
  })
})

/** A document, and a way to the files that its links name. */
async function read(document: string) {
  const path = join(project, document)
  return {
    text: await readFile(path, 'utf8'),
    linked: (link: string) => readFile(join(dirname(path), link), 'utf8'),
  }
}
