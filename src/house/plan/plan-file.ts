import { safeJson } from '../../shared/safe-text.js'
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
  if (bytes.length > LONGEST_FILE)
    return wrong({ message: 'A file of a plan has at most 32 MB: check that this one is a plan.' })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const message = 'This byte is not UTF-8, so the file was not checked. Save it as UTF-8.'
    return wrong({ ...endOf(beforeBadByte(bytes)), message })
  }
  return { text: readPlanText, json: readJson, csv: readCsvPlan }[formatOf(name, text)](text)
}

/** A plan as the text of a file. `readPlanFile` reads the same plan from it. */
export function formatPlan(plan: SeatPlan, format: PlanFormat): string {
  if (format === 'text') return writePlanText(outlineOf(plan))
  return format === 'csv' ? csvPlan(plan) : `${safeJson(pretixPlan(plan))}\n`
}

/** The outline that a plan was made of. */
export function outlineOf({ name, stage, sections, rows }: SeatPlan): PlanOutline {
  const outlines = sections.map(({ name: section, firstRow, lastRow }) => ({
    name: section,
    rows: rows.slice(firstRow, lastRow + 1).map(({ label, seats }) => ({ label, seats })),
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
    // After it, any other mistake would be a guess.
    const message =
      'The JSON is not valid from this point: correct it here. The rest of the file was not checked.'
    return wrong({ ...endOf(text.slice(0, firstMistake(text))), message })
  }
}

/** The line and the column after a text. */
function endOf(text: string): Pick<PlanFault, 'line' | 'column'> {
  const lines = text.split(/\r\n|\r|\n/)
  return { line: lines.length, column: lines.at(-1)!.length + 1 }
}

/** The text before the first byte that is not UTF-8. */
function beforeBadByte(bytes: Uint8Array): string {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const valid = new TextEncoder().encode(decoded)
  const end = valid.findIndex((byte, index) => byte !== bytes[index])
  // As a stream, which leaves out the first bytes of a character that never ends.
  return new TextDecoder().decode(bytes.subarray(0, end), { stream: true })
}

const SPACE = /[ \t\n\r]*/y
const TOKEN =
  /[{}[\],:]|"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const VALUE = /^[{["\-\dtfn]/
const KEY = /^"/
const KEY_OR_END = /^["}]/
const NOTHING = /(?!)/

/**
 * The index at which a text stops being JSON. `JSON.parse` gives it for some mistakes only, and
 * parsers that do recover from mistakes take minutes for a megabyte of them.
 */
function firstMistake(text: string): number {
  const open: string[] = []
  let expected = VALUE
  for (let at = 0; ; at = TOKEN.lastIndex) {
    SPACE.lastIndex = at
    SPACE.test(text)
    TOKEN.lastIndex = SPACE.lastIndex
    const [token] = TOKEN.exec(text) ?? []
    if (token === undefined || !expected.test(token)) return SPACE.lastIndex
    if (token === '{' || token === '[') {
      open.push(token)
      expected = token === '{' ? KEY_OR_END : /^[\]{["\-\dtfn]/
    } else if (token === ',') expected = open.at(-1) === '{' ? KEY : VALUE
    else if (token === ':') expected = VALUE
    else if (token[0] === '"' && (expected === KEY || expected === KEY_OR_END)) expected = /^:/
    else {
      if (token === '}' || token === ']') open.pop()
      expected = open.length === 0 ? NOTHING : open.at(-1) === '{' ? /^[,}]/ : /^[,\]]/
    }
  }
}

function wrong(fault: PlanFault): PlanReading {
  return { outline: undefined, faults: [fault], notices: [] }
}
