import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A server in a separate process. */
export interface HttpServer {
  url: string
  child: ChildProcess
}

/** Runs `work` on a server that prints where it listens, and stops the server. */
export async function withHttpServer<T>(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  work: (server: HttpServer) => Promise<T>,
): Promise<T> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    return await work({ url: await firstLine(child), child })
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A server exited ${code}.`)
  })
  const [line] = await Promise.race([once(lines, 'line') as Promise<[string]>, ended])
  ended.catch(() => {})
  return line
}
