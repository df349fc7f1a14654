import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { program, tickets } from './cli.js'
import { cloneDatabase, type TestDatabase } from './database.js'
import { copyServer } from './embedded-process.js'
import { filesOf, Names, stepsOf } from './examples.js'
import { freePort } from './own-server.js'

export const project = fileURLToPath(new URL('../..', import.meta.url))

/** README.md and every Markdown file below docs/, as paths within the project. */
export async function documents(): Promise<string[]> {
  const files = await readdir(join(project, 'docs'), { recursive: true })
  const pages = files.filter((file) => file.endsWith('.md')).map((file) => join('docs', file))
  return ['README.md', ...pages.sort()]
}

/**
 * Runs the examples of a document from top to bottom, in one shell and one directory, which
 * contains the files that the document shows. The shell has its own PostgreSQL and `tickets`. Port
 * 3000 and the server that the document calls `me@localhost:5432` are replaced by free ones.
 *
 * Returns, as text, the examples whose output differs from the document; '' if there are none.
 * `model` is the data directory of a new embedded server that is stopped: copying it takes less
 * time than creating one.
 */
export async function runExamples(document: string, model: string): Promise<string> {
  const markdown = await readFile(join(project, document), 'utf8')
  const steps = stepsOf(markdown)
  if (steps.length === 0) return ''
  return withReader(markdown, model, async ({ shell, db, port }) => {
    const here = (text: string) =>
      text
        .replaceAll(/(localhost|127\.0\.0\.1):3000/g, `$1:${port}`)
        .replace(/^tickets serve/, `tickets serve --port ${port}`)
        .replace(SERVER, `'${db.url}'`)
    const names = new Names()
    const wrong: string[] = []
    for (const { command, answer } of steps) {
      const { output, status } = await shell.run(names.inCommand(here(command)))
      if (names.match(answer.map(here), output) && status === 0) continue
      wrong.push(`$ ${command}\n${output.join('\n')}\n(exit ${status})`)
    }
    return wrong.join('\n\n')
  })
}

/** The name of the reader's server in the documents. */
const SERVER = 'postgres://me@localhost:5432/tickets'

interface Reader {
  shell: Awaited<ReturnType<typeof openShell>>
  /** An empty database on a server other than the embedded one. */
  db: TestDatabase
  port: number
}

/** Runs `work` as a reader who has installed the package in a new directory. */
async function withReader<T>(
  markdown: string,
  model: string,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  const db = await cloneDatabase({ empty: true })
  const directory = await mkdtemp(join(tmpdir(), 'tickets-reader-'))
  try {
    // If root runs the tests, the server runs as another user, who must be able to enter the
    // directory.
    await chmod(directory, 0o755)
    await copyServer(model, join(directory, 'data'))
    await Promise.all(['bin', 'node_modules'].map((name) => mkdir(join(directory, name))))
    await symlink(program, join(directory, 'bin/tickets'))
    await symlink(project, join(directory, 'node_modules/tickets-box-office'))
    for (const [file, text] of filesOf(markdown)) {
      await writeFile(join(directory, file), text.replaceAll(SERVER, db.url))
    }
    const shell = await openShell(directory)
    try {
      return await work({ shell, db, port: await freePort() })
    } finally {
      await shell.end()
    }
  } finally {
    await tickets(['db', 'stop'], { env: { TICKETS_DATA_DIR: join(directory, 'data') } })
    await db.drop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** One shell for all examples of a document, as its reader would use. */
async function openShell(directory: string) {
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
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
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
  // Start the server before the first example, so that no example prints that it does.
  await run('exec 2>&1; tickets db start')
  return {
    run,
    async end() {
      shell.stdin.end('kill $(jobs -p) 2>/dev/null\n')
      await shell
    },
  }
}

/** A command in the background counts as started once it has written something. */
function inShell(command: string): string {
  if (!command.endsWith(' &')) return `{ ${command}\n} </dev/null`
  const started = '[ -s background.log ] || ! kill -0 $!'
  return `${command.slice(0, -2)} > background.log 2>&1 </dev/null &
    until ${started}; do sleep 0.02; done; cat background.log`
}

function linesOf(output: string): string[] {
  return output === '' ? [] : output.replace(/\n$/, '').split('\n')
}
