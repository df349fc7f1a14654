import { invalidInput, TicketsError } from './errors.js'
import type { Line } from './lines.js'

/** A CSV record: its fields, or INVALID_INPUT. A quoted field may span several lines. */
export interface CsvRecord {
  /** The line on which it begins. */
  line: number
  /** The size of the file up to and including this record, in bytes. */
  end: number
  fields: string[] | TicketsError
}

/** The separator between the fields of a record. */
export type Separator = ',' | ';' | '\t'

/** A quote that is still open after this many lines is a mistake. */
const MOST_LINES = 50

/**
 * Joins lines to records (RFC 4180). An error costs only its own line: the lines inside a stray
 * quote are parsed again. A stream of `csv-parse` offers neither this nor correct line numbers, and
 * its parser for single records costs more than booking one.
 */
export class CsvReader {
  readonly #separator: Separator
  #open: Line[] = []
  #isQuoteOpen = false

  constructor(separator: Separator) {
    this.#separator = separator
  }

  /** Returns the records that end with this line. Ignores empty lines. */
  push(line: Line): CsvRecord[] {
    if (line.text instanceof TicketsError) return [...this.#giveUp(), broken(line, line.text)]
    if (this.#open.length === 0) {
      if (line.text.trim() === '') return []
      // Nearly every line is a whole record.
      if (!line.text.includes('"')) return [plainRecord(line, this.#separator)]
    }
    this.#open.push(line)
    if (hasOddQuotes(line.text)) this.#isQuoteOpen = !this.#isQuoteOpen
    if (this.#isQuoteOpen) return this.#open.length < MOST_LINES ? [] : this.#retry()
    const fields = fieldsOf(this.#open.map(({ text }) => text).join('\n'), this.#separator)
    if (fields === undefined) return this.#retry()
    const record = { line: this.#open[0]!.number, end: line.end, fields }
    this.#open = []
    return [record]
  }

  /** Returns the records that end with the file. */
  end(): CsvRecord[] {
    return this.#giveUp()
  }

  #giveUp(): CsvRecord[] {
    const records: CsvRecord[] = []
    while (this.#open.length > 0) records.push(...this.#retry())
    return records
  }

  /** Reports the first open line as invalid, and parses the lines after it again. */
  #retry(): CsvRecord[] {
    const [first, ...rest] = this.#open
    this.#open = []
    this.#isQuoteOpen = false
    return [broken(first!, strayQuote()), ...rest.flatMap((line) => this.push(line))]
  }
}

/** Returns the separator that a line such as `sep=;` names; spreadsheets write it before the header. */
export function namedSeparator(line: string): Separator | undefined {
  return /^\s*"?sep=([,;\t])"?\s*$/i.exec(line)?.[1] as Separator | undefined
}

/** Returns the separator that splits a header into the most columns, by default `likely`. */
export function separatorOf(header: string, likely: Separator): Separator {
  let best = likely
  for (const separator of SEPARATORS) {
    if (countFields(header, separator) > countFields(header, best)) best = separator
  }
  return best
}

function countFields(record: string, separator: Separator): number {
  return fieldsOf(record, separator)?.length ?? 0
}

const SEPARATORS: readonly Separator[] = [',', ';', '\t']

/**
 * Ignores white space around a field, but not inside quotes. Returns undefined for invalid quotes.
 */
function fieldsOf(record: string, separator: Separator): string[] | undefined {
  if (!record.includes('"')) return plainFieldsOf(record, separator)
  const fields: string[] = []
  const pattern = FIELDS[separator]
  pattern.lastIndex = 0
  for (;;) {
    const [, quoted, plain, end] = pattern.exec(record) ?? []
    if (end === undefined) return undefined
    fields.push(quoted === undefined ? plain!.trim() : quoted.replaceAll('""', '"'))
    if (end === '') return fields
  }
}

function plainFieldsOf(record: string, separator: Separator): string[] {
  return record.split(separator).map((field) => field.trim())
}

const FIELDS: Record<Separator, RegExp> = {
  ',': /(?:\s*"([^"]*(?:""[^"]*)*)"\s*|([^",]*))(,|$)/y,
  ';': /(?:\s*"([^"]*(?:""[^"]*)*)"\s*|([^";]*))(;|$)/y,
  // Here a tab is not white space around a field, but the end of an empty one.
  '\t': /(?:[^\S\t]*"([^"]*(?:""[^"]*)*)"[^\S\t]*|([^"\t]*))(\t|$)/y,
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOdd = !isOdd
  return isOdd
}

function plainRecord({ number, end, text }: Line, separator: Separator): CsvRecord {
  return { line: number, end, fields: plainFieldsOf(text as string, separator) }
}

function broken(line: Line, error: TicketsError): CsvRecord {
  return { line: line.number, end: line.end, fields: error }
}

function strayQuote(): TicketsError {
  return invalidInput(
    'A quotation mark is out of place: a quoted field begins and ends with one; write "" for one inside it.',
  )
}
