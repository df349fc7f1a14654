import { writeSync } from 'node:fs'
import { isReaderGone } from '../terminal/reader-gone.js'
import type { Answer } from './protocol.js'

/** Prints an answer where its order was typed; the exit code. */
export async function deliver({ exitCode, stdout, stderr }: Answer): Promise<number> {
  const complain = (text: string) => print(2, text).catch(() => {})
  await complain(stderr)
  try {
    await print(1, stdout)
  } catch (error) {
    if (!isReaderGone(error)) {
      await complain(`The answer could not be written: ${(error as Error).message}.\n`)
      return 1
    }
  }
  return exitCode
}

/** How long a pipe that is full, and does not wait by itself, is given to be read from. */
const FULL_MS = 5

/** To the descriptor, as Node's streams would have to be loaded for it. */
async function print(descriptor: number, text: string): Promise<void> {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await new Promise((resolve) => setTimeout(resolve, FULL_MS))
    }
  }
}
