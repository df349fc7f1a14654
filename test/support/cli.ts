import { fileURLToPath } from 'node:url'
import { execaNode, type Options } from 'execa'

/** The entry point of the built program. */
export const program = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))

/**
 * The environment of a process in the tests: a home that does not exist, and the code cache of the
 * run.
 */
export const bareEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
}

/** The result of a run of the program. */
export interface Ran {
  exitCode: number | undefined
  signal: string | undefined
  stdout: string
  stderr: string
  /** stdout, parsed as one JSON document. */
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the shape.
  json(): any
}

/** Runs the built program in a process with its own environment and nothing on stdin. */
export async function tickets(
  args: readonly string[],
  { db, env = {}, ...options }: Options & { db?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const ran = await execaNode(program, [...args], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { ...bareEnvironment, ...(db && { DATABASE_URL: db }), ...env },
    ...options,
  })
  const stdout = String(ran.stdout ?? '')
  return {
    exitCode: ran.exitCode,
    signal: ran.signal,
    stdout,
    stderr: String(ran.stderr ?? ''),
    json: () => JSON.parse(stdout),
  }
}
