import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { codeOf, ownDatabase, unreachable } from './failures.js'
import type { ServerUsers } from './users.js'

/**
 * Excludes the caller's variables: PGDATA, PGPORT and locales would change what the programs do.
 */
export const environment = { LC_ALL: 'C' }

/** Runs one of PostgreSQL's programs to its end; the output is what it wrote to both streams. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { users: ServerUsers; input: string; signal: AbortSignal },
): Promise<{ code: number | null; output: string }> {
  // The server's user may have no access to the caller's working directory.
  const { users, input, signal } = options
  const child = spawn(program, args, { cwd: '/', env: environment, signal, ...users.server })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // The program may exit without reading its input; its exit code reports that.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const closed = once(child, 'close').catch((error) => {
    throw cannotRun(program, error)
  })
  return { code: (await closed)[0], output }
}

/** Waits until the operating system has started the program. Throws DB_UNREACHABLE if it cannot. */
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
  // The program exists, so ENOENT means that its loader does not, as on systems without glibc.
  return unreachable(`This system cannot run ${program} (${code}). ${ownDatabase}`, error)
}
