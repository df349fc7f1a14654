import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Account } from './account.js'
import { codeOf, ownDatabase, unreachable } from './failures.js'

/** Nothing of the caller's: PGDATA, PGPORT and locales would change what the programs do. */
export const environment = { LC_ALL: 'C' }

/** Runs one of PostgreSQL's programs to its end; the output is what it wrote on both streams. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { account: Account; input: string; signal: AbortSignal },
): Promise<{ code: number | null; output: string }> {
  // The working directory may be closed to the server's user, so not the caller's.
  const { account, input, signal } = options
  const child = spawn(program, args, { cwd: '/', env: environment, signal, ...account.ids })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // It may end without reading: its exit code tells.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const closed = once(child, 'close').catch((error) => {
    throw cannotRun(program, error)
  })
  return { code: (await closed)[0], output }
}

/** Waits until the operating system has started the program, or says in a sentence why it cannot. */
export async function spawned(child: ChildProcess): Promise<void> {
  await once(child, 'spawn').catch((error) => {
    throw cannotRun(child.spawnfile, error)
  })
}

function cannotRun(program: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'ABORT_ERR') return error
  if (code === 'EPERM' || code === 'EINVAL') {
    return unreachable(
      `PostgreSQL refuses to run as root, and here root may not run it as another user (${code}). ${ownDatabase}`,
      error,
    )
  }
  // The file is there: ENOENT means its loader is not, as on systems without glibc.
  return unreachable(`This system cannot run ${program} (${code}). ${ownDatabase}`, error)
}
