import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { type Io, type OutputChoice, openOutput } from '../../src/terminal/io.js'

const root = new URL('../..', import.meta.url)
const defaults: OutputChoice = { json: false, quiet: false, input: true, color: true }

function open(
  terminals: { stdin?: boolean; stdout?: boolean; stderr?: boolean },
  env: Io['env'] = {},
  choice: Partial<OutputChoice> = {},
) {
  const stream = (isTTY = false) => Object.assign(new PassThrough(), { isTTY })
  const io = {
    stdin: stream(terminals.stdin),
    stdout: stream(terminals.stdout),
    stderr: stream(terminals.stderr),
    env,
  } as unknown as Io
  return openOutput(io, { ...defaults, ...choice })
}

/** Runs a program with its own output in a separate process. */
function run(body: string) {
  const code = `
    const { openOutput } = await import('./src/terminal/io.ts')
    const { writeList } = await import('./src/terminal/render/list.ts')
    const { stdin, stdout, stderr, env } = process
    const choice = ${JSON.stringify(defaults)}
    const output = openOutput({ stdin, stdout, stderr, env }, choice)
    ${body}`
  return execa('node', ['--import', 'tsx', '--input-type=module', '-e', code], {
    cwd: root,
    reject: false,
    buffer: { stdout: false, stderr: true },
  })
}

describe('an output', () => {
  const person = { stdin: true, stdout: true, stderr: true }

  test.each([
    ['a person at a terminal', person, {}, {}, true],
    ['a person who pipes the output', { stdin: true, stderr: true }, {}, {}, true],
    ['no terminal to type on', { stdout: true, stderr: true }, {}, {}, false],
    ['no terminal to ask on', { stdin: true, stdout: true }, {}, {}, false],
    ['--json', person, {}, { json: true }, false],
    ['--no-input', person, {}, { input: false }, false],
    ['CI', person, { CI: 'true' }, {}, false],
    ['CI=false', person, { CI: 'false' }, {}, true],
    ['CI=0', person, { CI: '0' }, {}, true],
    ['an empty CI', person, { CI: '' }, {}, true],
  ])('may prompt? %s', (_, terminals, env, choice, canPrompt) => {
    expect(open(terminals, env, choice).canPrompt).toBe(canPrompt)
  })

  test.each([
    ['a terminal', { stdout: true }, {}, {}, true],
    ['a pipe', {}, {}, {}, false],
    ['--no-color', { stdout: true }, { FORCE_COLOR: '1' }, { color: false }, false],
    ['NO_COLOR', { stdout: true }, { NO_COLOR: '1' }, {}, false],
    ['an empty NO_COLOR', { stdout: true }, { NO_COLOR: '' }, {}, true],
    ['TERM=dumb', { stdout: true }, { TERM: 'dumb' }, {}, false],
    ['FORCE_COLOR in a pipe', {}, { FORCE_COLOR: '1' }, {}, true],
    ['FORCE_COLOR=0', { stdout: true }, { FORCE_COLOR: '0' }, {}, false],
    ['FORCE_COLOR with NO_COLOR', {}, { FORCE_COLOR: '1', NO_COLOR: '1' }, {}, true],
  ])('has colour? %s', (_, terminals, env, choice, color) => {
    expect(open(terminals, env, choice).style.color).toBe(color)
  })

  test('decides about colour separately for each stream', () => {
    const output = open({ stderr: true })
    expect([output.style.color, output.errorStyle.color]).toEqual([false, true])
  })

  test.each([
    [{ COLUMNS: '40' }, 40],
    [{ COLUMNS: 'wide' }, 80],
    [{}, 80],
  ])('with %j is %i columns wide', (env, columns) => {
    expect(open({}, env).style.columns).toBe(columns)
  })

  test.each([
    [{}, true],
    [{ LANG: 'en_GB.UTF-8' }, true],
    [{ LANG: 'en_GB.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C' }, false],
    [{ LC_CTYPE: 'C' }, false],
    [{ LANG: 'en_GB.UTF-8', LC_CTYPE: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'en_GB.UTF-8' }, true],
    [{ LC_CTYPE: 'C', LC_ALL: 'en_GB.UTF-8' }, true],
    [{ LC_CTYPE: 'en_GB.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: '', LC_ALL: '' }, false],
    [{ LANG: 'C.utf8', TERM: 'dumb' }, false],
  ])('with %j draws beyond ASCII: %s', (env, unicode) => {
    expect(open({}, env).style.unicode).toBe(unicode)
  })

  test('suppresses hints with --quiet, but never problems', () => {
    const output = open({}, {}, { quiet: true, json: true })
    output.hint('by the way')
    output.problem('on fire')
    expect(output.io.stderr.read()?.toString()).toBe('on fire\n')
  })
})

describe('a reader that closes the pipe', () => {
  test('ends an endless list quietly with status 0, and its rows are closed', async () => {
    const running = run(`
      async function* rows() {
        try { for (let n = 1; ; n += 1) yield { n } } finally { output.problem('closed') }
      }
      await writeList(output, { columns: [], format: 'ndjson', toJson: (row) => row }, rows())
      output.problem(String(output.isGone))`)
    running.stdout.once('data', () => running.stdout.destroy())
    const { exitCode, stderr } = await running
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'closed\ntrue' })
  })

  test('of stderr does not affect the answer on stdout', async () => {
    const running = run(`
      for (let n = 0; n < 20_000; n += 1) output.problem('noise '.repeat(20))
      await new Promise(setImmediate)
      output.problem('more noise')
      await output.document({ ok: true })`)
    running.stderr.once('data', () => running.stderr.destroy())
    let answer = ''
    running.stdout.on('data', (data) => {
      answer += data
    })
    const { exitCode } = await running
    expect({ exitCode, answer }).toEqual({ exitCode: 0, answer: '{"ok":true}\n' })
  })

  test.runIf(process.platform === 'linux')(
    'is not confused with a full disk, which is reported',
    async () => {
      const code = `
      const { openOutput } = await import('./src/terminal/io.ts')
      const { stdin, stdout, stderr, env } = process
      const output = openOutput({ stdin, stdout, stderr, env }, {})
      await output.document({}).catch((error) => output.problem(error.code))`
      const command = 'exec node --import tsx --input-type=module -e "$0" > /dev/full'
      const { exitCode, stderr } = await execa('sh', ['-c', command, code], {
        cwd: root,
        reject: false,
      })
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'ENOSPC' })
    },
  )
})

test('the modules that every command loads import neither colours nor tables nor prompts', () => {
  const names = [
    'shared/safe-text',
    'terminal/io',
    'terminal/render/list',
    'terminal/prompts/seat-answer',
  ]
  const { metafile } = buildSync({
    entryPoints: names.map((name) => `src/${name}.ts`),
    absWorkingDir: fileURLToPath(root),
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    outdir: 'out',
    write: false,
    metafile: true,
  })
  const loaded = new Set(names.map((name) => `out/${name}.js`))
  // The set grows during the loop: the imports of each module are added to it.
  for (const path of loaded) {
    for (const { kind, path: next } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement') loaded.add(next)
    }
  }
  expect([...loaded].filter((path) => !path.startsWith('out/'))).toEqual([])
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toContainEqual(
    expect.objectContaining({ path: 'cli-table3', external: true }),
  )
})
