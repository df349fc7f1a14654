import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A separate process that does what is measured, so that its memory is measured alone. */
export interface Worker {
  /** Returns the answer of the worker's command, and throws what it threw. */
  ask<Answer>(command: string, args?: unknown): Promise<Answer>
  peakMb(): Promise<number>
}

export interface WorkerFile {
  file: string
  args: readonly string[]
  /** Default: the environment of this process. */
  env?: NodeJS.ProcessEnv
}

/** Runs `work` with workers, each a file of this directory, and ends them. */
export async function withWorkers<Name extends string, T>(
  files: Record<Name, WorkerFile>,
  work: (workers: Record<Name, Worker>) => Promise<T>,
): Promise<T> {
  const names = Object.keys(files) as Name[]
  const children = names.map((name) => start(files[name]))
  try {
    const workers = names.map((name, i) => [name, workerOf(children[i]!)])
    return await work(Object.fromEntries(workers))
  } finally {
    await Promise.all(children.map(end))
  }
}

function start({ file, args, env = process.env }: WorkerFile): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  // Without tsx: the built library is measured.
  return fork(path, args, { execArgv: [], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

function workerOf(child: ChildProcess): Worker {
  const ask = async <Answer>(command: string, args: unknown = {}): Promise<Answer> => {
    const listening = new AbortController()
    const { signal } = listening
    const answered = Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => [{ error: `A worker exited ${code}.` }]),
    ])
    child.send({ command, args })
    const [{ answer, error }] = await answered.finally(() => listening.abort())
    if (error !== undefined) throw new Error(`${command}: ${error}`)
    return answer
  }
  return { ask, peakMb: async () => (await ask<number>('peak')) / 1e6 }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
