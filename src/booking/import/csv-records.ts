import { TicketsError } from '../../shared/errors.js'
import type { Line } from './lines.js'

/** A record of CSV: its fields, or INVALID_INPUT. A quoted field may go on over several lines. */
export interface CsvRecord {
  /** The line that it begins on. */
  line: number
  /** Bytes of the file up to and with this record. */
  end: number
  fields: string[] | TicketsError
}

/** What stands between the fields of a record. */
export type Separator = ',' | ';' | '\t'

/** A quote that is still open after so many lines was never meant to be one. */
const MOST_LINES = 50

/**
 * Puts lines together to records (RFC 4180). An error costs its own line only: what a stray quote
 * swallowed is read again from the next line on. That, and true line numbers, are what a stream of
 * `csv-parse` cannot give; its parser for single records costs more than booking one.
 */
export class CsvReader {
  readonly #separator: Separator
  #open: Line[] = []
  #isQuoteOpen = false

  constructor(separator: Separator) {
    this.#separator = separator
  }

  /** The records that end with this line. Empty lines are none. */
  push(line: Line): CsvRecord[] {
    if (line.text instanceof TicketsError) return [...this.#giveUp(), broken(line, line.text)]
    if (this.#open.length === 0) {
      if (line.text.trim() === '') return []
      // Nearly every line is a record by itself.
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

  /** The records that only the end of the file ends. */
  end(): CsvRecord[] {
    return this.#giveUp()
  }

  #giveUp(): CsvRecord[] {
    const records: CsvRecord[] = []
    while (this.#open.length > 0) records.push(...this.#retry())
    return records
  }

  /** The first open line is at fault; those after it get another chance. */
  #retry(): CsvRecord[] {
    const [first, ...rest] = this.#open
    this.#open = []
    this.#isQuoteOpen = false
    return [broken(first!, strayQuote()), ...rest.flatMap((line) => this.push(line))]
  }
}

/** The separator of a header: the one that makes the most columns of it; else the `likely` one. */
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

/** White space around a field is not part of it; quoted, it is. Undefined where quotes are wrong. */
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
  // A tab is no white space around a field here, but the end of an empty one.
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
  return new TicketsError(
    'INVALID_INPUT',
    'A quotation mark is wrong: a quoted field begins and ends with one, and "" is one inside it.',
  )
}
