import { isReaderGone } from '../terminal/reader-gone.js'
import type { RunResult } from './protocol.js'

/**
 * Prints what a run wrote where its command was typed; returns the exit code. The booking stands, so
 * when stdout takes nothing, its document goes to stderr, and the exit code stays what it is.
 */
export async function printResult({ exitCode, stdout, stderr }: RunResult): Promise<number> {
  await print('stderr', stderr)
  const error = await print('stdout', stdout)
  if (error && !isReaderGone(error)) {
    await print('stderr', `${stdout}The answer could not be written to stdout: ${error.message}.\n`)
  }
  return exitCode
}

/** Resolves with the error of a stream that takes nothing. */
export async function print(name: 'stdout' | 'stderr', text: string): Promise<Error | undefined> {
  if (text === '') return undefined
  return new Promise((resolve) => {
    const stream = process[name].once('error', resolve)
    stream.write(text, (error) => resolve(error ?? undefined))
  })
}
