import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { csvPlan, readCsvPlan } from './csv.js'
import type { PlanFault, PlanReading } from './plan-reading.js'
import { readPlanText, writePlanText } from './plan-text.js'
import { pretixPlan, readPretixPlan } from './pretix.js'
import type { PlanOutline, SeatPlan } from './seat-plan.js'

export type PlanFormat = 'text' | 'json' | 'csv'

/** In bytes; more than 100,000 seats take in JSON. */
export const LONGEST_FILE = 32_000_000

/**
 * Reads the file of a plan: its text, pretix's JSON or CSV. The end of the file's name says which,
 * or else the content.
 */
export function readPlanFile(bytes: Uint8Array, name: string): PlanReading {
  if (bytes.length > LONGEST_FILE) return wrong({ message: 'A file of a plan has at most 32 MB.' })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return wrong({ message: 'The file is no UTF-8 text. Save it as UTF-8.' })
  }
  return { text: readPlanText, json: readJson, csv: readCsvPlan }[formatOf(name, text)](text)
}

/** A plan as the text of a file. `readPlanFile` reads the same plan from it. */
export function formatPlan(plan: SeatPlan, format: PlanFormat): string {
  if (format === 'text') return writePlanText(outlineOf(plan))
  return format === 'csv' ? csvPlan(plan) : `${JSON.stringify(pretixPlan(plan))}\n`
}

/** The outline that a plan was made of. */
export function outlineOf({ name, stage, sections, rows }: SeatPlan): PlanOutline {
  const outlines = sections.map(({ name: section, firstRow, lastRow }) => ({
    name: section,
    rows: rows.slice(firstRow, lastRow + 1).map(({ label, items }) => ({ label, items })),
  }))
  return { name, stage, sections: outlines }
}

function formatOf(name: string, text: string): PlanFormat {
  const [, extension] = /\.(json|csv)$/i.exec(name) ?? []
  if (extension) return extension.toLowerCase() as PlanFormat
  if (/^\s*[{[]/.test(text)) return 'json'
  // The text of a plan has no such separators in its first line, but perhaps in its name.
  const [first = ''] = /\S.*/.exec(text) ?? []
  return /^"?(sep=|\w+"?[,;\t])/i.test(first) ? 'csv' : 'text'
}

function readJson(text: string): PlanReading {
  try {
    return readPretixPlan(JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return wrong(...syntaxFaults(text))
  }
}

/** With lines and columns, which `JSON.parse` gives for some mistakes only. */
function syntaxFaults(text: string): PlanFault[] {
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: true })
  const faults = new Map<number, PlanFault>()
  let [line, start] = [1, 0]
  for (const { error, offset } of errors) {
    for (let end = text.indexOf('\n', start); end >= 0 && end < offset; ) {
      line += 1
      start = end + 1
      end = text.indexOf('\n', start)
    }
    const words = printParseErrorCode(error).replaceAll(/\B[A-Z]/g, (letter) => ` ${letter}`)
    const message = `The file is no valid JSON here: ${words.toLowerCase()}.`
    // One mistake is reported again where it leaves something else missing.
    if (!faults.has(offset)) faults.set(offset, { line, column: offset - start + 1, message })
  }
  return [...faults.values()]
}

function wrong(...faults: PlanFault[]): PlanReading {
  return { outline: undefined, faults, notices: [] }
}
