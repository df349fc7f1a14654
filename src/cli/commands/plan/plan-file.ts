import { LONGEST_FILE, readPlanFile } from '../../../house/plan/plan-file.js'
import type { PlanFault, PlanReading } from '../../../house/plan/plan-reading.js'
import { TicketsError } from '../../../shared/errors.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context } from '../../context.js'
import { openSource } from '../../file-source.js'

/** Reads a plan from a file, or from stdin for '-'. Throws INVALID_INPUT for what cannot be read. */
export async function readPlan({ output, signal }: Context, file: string): Promise<PlanReading> {
  const { chunks } = await openSource(file, output.io, signal)
  const read: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    read.push(chunk)
    length += chunk.length
    // The reader refuses it by its length; the rest need not be read.
    if (length > LONGEST_FILE) break
  }
  if (signal.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted.')
  return readPlanFile(Buffer.concat(read), file)
}

/** The name of a file for people: 'globe.plan', or 'stdin'. */
export function nameOf(file: string): string {
  return file === '-' ? 'stdin' : safeText(file)
}

/** 'globe.plan:3:5: …', as compilers write it. */
export function faultLine(file: string, { line, column, path, message }: PlanFault): string {
  const place = [nameOf(file), line, column, path].filter(
    (part) => part !== undefined && part !== '',
  )
  return `${place.join(':')}: ${safeText(message)}`
}
