import { readdir } from 'node:fs/promises'
import type { PlanFault, PlanReading } from '../house/plan/plan-reading.js'
import { SeatPlan } from '../house/plan/seat-plan.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { safeText } from '../shared/safe-text.js'
import type { Context } from './context.js'
import { openSource } from './files.js'

type FileReader = Pick<Context, 'output' | 'signal'>

/** Reads a plan in any format from a file, or from stdin for '-'. Throws INVALID_INPUT. */
export async function readPlan({ output, signal }: FileReader, file: string): Promise<PlanReading> {
  const { LONGEST_FILE, readPlanFile } = await import('../house/plan/plan-file.js')
  const { chunks } = await openSource(file, output.io, signal)
  const read: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    read.push(chunk)
    length += chunk.length
    // `readPlanFile` refuses it for its length.
    if (length > LONGEST_FILE) break
  }
  if (signal.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted.')
  return readPlanFile(Buffer.concat(read), file)
}

/**
 * Reads the plan in a file, and prints what it had to leave out. Throws INVALID_INPUT with the first
 * mistake.
 */
export async function validPlan(context: FileReader, file: string): Promise<SeatPlan> {
  const { outline, faults, notices } = await readPlan(context, file)
  if (outline === undefined) {
    const [first, ...others] = faults
    const sum = others.length === 1 ? 'is 1 more mistake' : `are ${others.length} more mistakes`
    const more = others.length === 0 ? '' : ` There ${sum}.`
    throw invalidInput(
      `${faultLine(file, first!)}${more} \`tickets plan check\` reports every mistake.`,
    )
  }
  for (const notice of notices) context.output.hint(safeText(notice))
  return new SeatPlan(outline)
}

/** The text of the plan in a file of any format, as `validPlan` reads it. */
export async function planTextOf(context: FileReader, file: string): Promise<string> {
  const { formatPlan } = await import('../house/plan/plan-file.js')
  return formatPlan(await validPlan(context, file), 'text')
}

/** The name of a file for people: 'globe.plan', or 'stdin'. */
export function nameOfFile(file: string): string {
  return file === '-' ? 'stdin' : safeText(file)
}

/** 'globe.plan:3:5: …', as compilers write it. */
export function faultLine(file: string, { line, column, path, message }: PlanFault): string {
  const position = [nameOfFile(file), line, column, path]
  return `${position.filter((part) => part !== undefined && part !== '').join(':')}: ${safeText(message)}`
}

/** The files of the working directory whose names end like those of plans. */
export async function plansInDirectory(): Promise<string[]> {
  const entries = await readdir('.', { withFileTypes: true }).catch(() => [])
  return entries
    .flatMap((entry) => (entry.name.endsWith('.plan') && !entry.isDirectory() ? [entry.name] : []))
    .sort()
}
