import { writeSync } from 'node:fs'
import { isReaderGone } from '../terminal/reader-gone.js'
import type { Answer } from './protocol.js'

/**
 * Prints an answer where its order was typed; the exit code. The booking stands, so where stdout
 * takes nothing, its document goes to stderr, and the exit code stays what it is.
 */
export async function deliver({ exitCode, stdout, stderr }: Answer): Promise<number> {
  complain(stderr)
  try {
    await print('stdout', stdout)
  } catch (error) {
    if (!isReaderGone(error)) {
      complain(`${stdout}The answer could not be written to stdout: ${(error as Error).message}.\n`)
    }
  }
  return exitCode
}

/** Where stderr fails, nobody is left to be told. */
function complain(text: string): void {
  void print('stderr', text).catch(() => {})
}

/** So much goes into an empty pipe without waiting for its reader: POSIX' PIPE_BUF on Linux. */
const SHORT = 4096

/** What is short goes straight to the descriptor: Node's streams would have to be loaded for it. */
async function print(name: 'stdout' | 'stderr', text: string): Promise<void> {
  let rest = Buffer.from(text)
  if (rest.length <= SHORT) rest = rest.subarray(writeAtOnce(name === 'stdout' ? 1 : 2, rest))
  if (rest.length === 0) return
  const stream = process[name]
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject)
    stream.write(rest, (error) => (error ? reject(error) : resolve()))
  })
}

/** How many bytes went; none where one would have to wait. */
function writeAtOnce(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw error
  }
}
