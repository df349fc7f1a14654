import { chmod, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { tickets } from '../support/cli.js'
import { documents, project, runExamples } from '../support/documents.js'
import { blocksOf, titlesIn } from '../support/examples.js'

const HERE = 'test/docs/documents.test.ts'
const FETCHES =
  '(npx|npm (exec|x|i|install|add)|(pnpm|yarn|bun) (dlx|add)|pnpx|bunx)( -[^ ]+)* tickets([^-a-z]|$)'

const readme = await readFile(join(project, 'README.md'), 'utf8')

/** The data directory of an embedded server that is copied for each document. */
let directory: string
const model = () => join(directory, 'data')
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tickets-documents-'))
  // If root runs the tests, the server runs as another user, who must be able to enter the
  // directory.
  await chmod(directory, 0o755)
  for (const action of ['start', 'stop']) {
    const ran = await tickets(['db', action], { env: { TICKETS_DATA_DIR: model() } })
    expect(ran).toMatchObject({ exitCode: 0 })
  }
})
afterAll(() => rm(directory, { recursive: true }))

describe.each(await documents())('%s', (document) => {
  it('has examples that print what it shows, one after the other', async () => {
    expect(await runExamples(document, model())).toBe('')
  })

  it('names tests that exist', async () => {
    const { text, linked } = await read(document)
    for (const [, title, file] of text.matchAll(/\["([^"]+)"\]\(([^)]*\btest\/[^)]+)\)/g)) {
      const titles = await titlesIn(await linked(file!))
      expect(
        titles.some((one) => one.includes(title!)),
        `${file}: ${title}`,
      ).toBe(true)
    }
  })

  it('links functions to the files that contain them, and no missing files', async () => {
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

it('counts only what is run as a test', async () => {
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

it('names a test for each guarantee', async () => {
  const { text } = await read('docs/guarantees.md')
  const rows = text.match(/^\| (?!guarantee |experiment |---).*$/gm)!
  expect(rows.length).toBeGreaterThan(15)
  expect(rows.filter((row) => !/\["[^"]+"\]\(\.\.\/test\//.test(row))).toEqual([])
})

describe('the README', () => {
  it('gives setup commands that CI runs on a clean checkout', async () => {
    const ci = await readFile(join(project, '.ci/run'), 'utf8')
    const lines = blocksOf(readme)
      .filter(({ language }) => language === 'sh')
      .map(({ text }) => text.trim())
    expect(lines).toEqual(['npm ci && ./bin/tickets.js demo', 'npm ci && npm test'])
    for (const command of lines.flatMap((line) => line.split(' && '))) {
      expect(ci).toContain(`'${command}' ${command}`)
    }
  })
})

describe('the name of the package', () => {
  it('is not `tickets`, which is another program on npm', () => {
    expect(packageJson).toMatchObject({
      name: 'tickets-box-office',
      bin: { tickets: 'bin/tickets.js' },
    })
  })

  it('is used in no file in a command that would fetch that program', async () => {
    const { stdout } = await execa('git', ['grep', '-InE', FETCHES, '--', '.', `:!${HERE}`], {
      cwd: project,
      reject: false,
    })
    expect(stdout).toBe('')
  })

  it('runs by its path and by npm start, and says what to do in a clone that is not built', async () => {
    const clone = await mkdtemp(join(tmpdir(), 'tickets-clone-'))
    await cp(join(project, 'bin'), join(clone, 'bin'), { recursive: true })
    await cp(join(project, 'package.json'), join(clone, 'package.json'))
    const run = async (...[command, ...args]: [string, ...string[]]) => {
      const { stdout, stderr, exitCode } = await execa(command, args, { cwd: clone, reject: false })
      return { stdout, stderr, exitCode }
    }
    const version = ['npm', 'start', '--silent', '--', '--version'] as const
    const unbuilt = { exitCode: 2, stderr: expect.stringMatching(/not built.* `npm ci`/) }
    expect(await run('./bin/tickets.js', '--version')).toMatchObject(unbuilt)
    expect(await run(...version)).toMatchObject(unbuilt)
    await symlink(join(project, 'dist'), join(clone, 'dist'))
    const built = { exitCode: 0, stderr: '', stdout: packageJson.version }
    expect(await run('./bin/tickets.js', '--version')).toEqual(built)
    expect(await run(...version)).toEqual(built)
    await rm(clone, { recursive: true })
  })
})

/** The text of a document, and a function that reads the files that it links. */
async function read(document: string) {
  const path = join(project, document)
  return {
    text: await readFile(path, 'utf8'),
    linked: (link: string) => readFile(join(dirname(path), link), 'utf8'),
  }
}
