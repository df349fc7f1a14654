import { readdir } from 'node:fs/promises'
import { TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import type { Context } from './context.js'
import { openSource } from './file-source.js'

/** The longest text of a plan, in bytes. */
const LONGEST_FILE = 2_000_000

/** Reads the text of a plan from a file, or from stdin for '-'. Throws INVALID_INPUT. */
export async function readPlanFile(
  { output, signal }: Pick<Context, 'output' | 'signal'>,
  file: string,
): Promise<string> {
  const { chunks } = await openSource(file, output.io, signal)
  const read: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > LONGEST_FILE) {
      throw new TicketsError(
        'INVALID_INPUT',
        `${quote(file)} is larger than 2 MB, so it is no plan.`,
      )
    }
    read.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(read))
  } catch {
    throw new TicketsError('INVALID_INPUT', `${quote(file)} is no UTF-8 text. Save it as UTF-8.`)
  }
}

/** The files of the working directory whose names end like those of plans. */
export async function plansInDirectory(): Promise<string[]> {
  const names = await readdir('.').catch(() => [])
  return names.filter((name) => name.endsWith('.plan')).sort()
}
