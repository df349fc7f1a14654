import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { freePort } from '../support/own-server.js'
import { blocksOf, type Example, examplesOf, Names, titlesIn } from '../support/readme.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(join(project, 'README.md'), 'utf8')
const blocks = blocksOf(readme)

describe('every example', () => {
  let db: TestDatabase
  let directory: string
  beforeAll(async () => {
    db = await cloneDatabase({ empty: true })
    directory = await mkdtemp(join(tmpdir(), 'tickets-readme-'))
    // Root's server runs as another user, who must get through.
    await chmod(directory, 0o755)
    await Promise.all(['bin', 'node_modules'].map((name) => mkdir(join(directory, name))))
    await symlink(program, join(directory, 'bin/tickets'))
    await symlink(project, join(directory, 'node_modules/tickets'))
    for (const { file, text } of blocks) if (file) await writeFile(join(directory, file), text)
  })
  afterAll(async () => {
    await tickets(['db', 'stop'], { env: { TICKETS_DATA_DIR: join(directory, 'data') } })
    await db.drop()
    await rm(directory, { recursive: true, force: true })
  })

  it('answers as the README says, one after the other', { timeout: 180_000 }, async () => {
    const port = await freePort()
    const here = (text: string) =>
      text
        .replaceAll(/(localhost|127\.0\.0\.1):3000/g, `$1:${port}`)
        .replace(/^tickets serve/, `tickets serve --port ${port}`)
        .replace('postgres://me@localhost:5432/tickets', `'${db.url}'`)
    const shell = await openShell()
    const names = new Names()
    const wrong: string[] = []
    for (const { command, answer } of blocks
      .filter(isConsole)
      .flatMap(({ text }) => examplesOf(text))) {
      const { output, status } = await shell.run(names.inCommand(here(command)))
      if (names.match(answer.map(here), output) && status === 0) continue
      wrong.push(`$ ${command}\n${output.join('\n')}\n(exit ${status})`)
    }
    await shell.end()
    expect(wrong.join('\n\n')).toBe('')
  })

  /** One shell for all of them, as a reader would have. */
  async function openShell() {
    const shell = execa('bash', ['--noprofile', '--norc'], {
      cwd: directory,
      extendEnv: false,
      reject: false,
      buffer: false,
      env: {
        PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
        HOME: directory,
        LANG: 'C.UTF-8',
        TZ: 'UTC',
        TICKETS_DATA_DIR: join(directory, 'data'),
      },
    })
    const chunks = shell.stdout.setEncoding('utf8')[Symbol.asyncIterator]()
    const run = async (command: string) => {
      shell.stdin.write(`${inShell(command)}\nprintf '\\036%d\\036' $?\n`)
      let text = ''
      while (!/\u001e\d+\u001e$/.test(text)) {
        const { value, done } = await chunks.next()
        if (done) throw new Error(`The shell ended: ${text}`)
        text += value
      }
      const [output, status] = text.split('\u001e')
      return { output: linesOf(output!), status: Number(status) }
    }
    // Before the first example, so that none of them has to tell that it makes the server.
    await run('exec 2>&1; tickets db start')
    return {
      run,
      async end() {
        shell.stdin.end('kill $(jobs -p) 2>/dev/null\n')
        await shell
      },
    }
  }
})

describe('the README', () => {
  it('names tests that are there', async () => {
    const claims = [...readme.matchAll(/\["([^"]+)"\]\((test\/[^)]+)\)/g)]
    expect(claims.length).toBeGreaterThan(15)
    for (const [, title, file] of claims) {
      const titles = await titlesIn(await readFile(join(project, file!), 'utf8'))
      expect(
        titles.some((one) => one.includes(title!)),
        `${file}: ${title}`,
      ).toBe(true)
    }
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

  it('links functions to the files that have them, and to nothing that is missing', async () => {
    for (const [, name, file] of readme.matchAll(/\[`(\w+)`\]\((src\/[^)]+)\)/g)) {
      const text = await readFile(join(project, file!), 'utf8')
      expect(text.match(/\bfunction \w+/g), file).toContain(`function ${name}`)
    }
    for (const [, file] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect((await readFile(join(project, file!))).length, file).toBeGreaterThan(0)
    }
  })

  it('sets up with command lines that CI runs on a clean checkout', async () => {
    const ci = await readFile(join(project, '.ci/run'), 'utf8')
    const lines = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim())
    expect(lines).toEqual(['npm ci && npx tickets demo', 'npm ci && npm test'])
    for (const command of lines.flatMap((line) => line.split(' && '))) {
      expect(ci).toContain(`'${command}' ${command}`)
    }
  })
})

const isConsole = ({ language }: { language: string }) => language === 'console'

/** What goes on in the background has started once it has said something. */
function inShell(command: Example['command']): string {
  if (!command.endsWith(' &')) return `{ ${command}\n} </dev/null`
  const started = '[ -s background.log ] || ! kill -0 $!'
  return `${command.slice(0, -2)} > background.log 2>&1 </dev/null &
    until ${started}; do sleep 0.02; done; cat background.log`
}

function linesOf(output: string): string[] {
  return output === '' ? [] : output.replace(/\n$/, '').split('\n')
}
