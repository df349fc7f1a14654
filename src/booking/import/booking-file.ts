import {
  CsvReader,
  type CsvRecord,
  namedSeparator,
  type Separator,
  separatorOf,
} from '../../shared/csv-records.js'
import { invalidInput, TicketsError } from '../../shared/errors.js'
import { type Line, readLines } from '../../shared/lines.js'
import { escapeControls, quote } from '../../shared/quote.js'
import { repeatedField } from '../../shared/repeated-field.js'
import {
  isRowField,
  parseRow,
  ROW_FIELDS,
  type RowField,
  type RowRequest,
  unknownField,
} from './booking-row.js'

export type FileFormat = 'csv' | 'ndjson'

/** A row of a booking file. */
export interface FileRow {
  /** The line of the file on which it begins, from 1; counts the header of CSV. */
  line: number
  /** The size of the file up to and including this row, in bytes. */
  end: number
  parsed: RowRequest | TicketsError
}

export interface FileChoice {
  /** By default, detected from the first character: `{` for NDJSON. */
  format?: FileFormat | undefined
  /** The show of all rows. */
  show?: string | undefined
}

/**
 * Reads the rows of a booking file, a few at a time and in constant memory. An invalid row yields
 * INVALID_INPUT in its place. Throws INVALID_INPUT if the whole file is invalid: no header, an
 * unknown column, a JSON array.
 */
export async function* readBookingFile(
  chunks: AsyncIterable<Uint8Array>,
  choice: FileChoice = {},
): AsyncGenerator<FileRow[]> {
  let reader: RowReader | undefined
  for await (const lines of readLines(chunks)) {
    const rows: FileRow[] = []
    for (const line of lines) {
      if (reader === undefined && isBlank(line)) continue
      reader ??= readerFor(line, choice)
      rows.push(...reader.push(line))
    }
    yield rows
  }
  if (reader) yield reader.end()
  else if (choice.format !== 'ndjson') throw invalidInput(EMPTY)
}

/** Returns the format that the file's name implies, if any. */
export function formatOf(name: string): FileFormat | undefined {
  if (/\.csv$/i.test(name)) return 'csv'
  return /\.(ndjson|jsonl)$/i.test(name) ? 'ndjson' : undefined
}

const EMPTY = `The file is empty. CSV begins with a line that names its columns: ${ROW_FIELDS.join(', ')}.`

interface RowReader {
  push(line: Line): FileRow[]
  end(): FileRow[]
}

function readerFor({ text }: Line, { format, show }: FileChoice): RowReader {
  const first = typeof text === 'string' ? text.trimStart()[0] : undefined
  if (first === '[' && format !== 'csv') {
    throw invalidInput('The file is one JSON array. Write one JSON object on each line.')
  }
  const isNdjson = format === undefined ? first === '{' : format === 'ndjson'
  return isNdjson ? ndjsonRows(show) : new CsvRows(show)
}

function ndjsonRows(show: string | undefined): RowReader {
  return {
    push(line) {
      if (isBlank(line)) return []
      const parsed = orNot(() => parseRow(objectOf(textOf(line)), show))
      return [{ line: line.number, end: line.end, parsed }]
    },
    end: () => [],
  }
}

/**
 * Reads CSV as spreadsheets write it: with any of their separators, and with empty rows and
 * columns.
 */
class CsvRows implements RowReader {
  readonly #show: string | undefined
  #separator: Separator = ','
  #reader: CsvReader | undefined
  #columns: Column[] | undefined

  constructor(show: string | undefined) {
    this.#show = show
  }

  push(line: Line): FileRow[] {
    return this.#rowsOf((this.#reader ?? this.#begin(line))?.push(line) ?? [])
  }

  end(): FileRow[] {
    const rows = this.#rowsOf(this.#reader?.end() ?? [])
    if (!this.#columns) throw invalidInput(EMPTY)
    return rows
  }

  /** Returns undefined for a line before the header: an empty one, or one such as `sep=;`. */
  #begin(line: Line): CsvReader | undefined {
    if (isBlank(line)) return undefined
    if (typeof line.text === 'string') {
      const named = namedSeparator(line.text)
      this.#separator = named ?? separatorOf(line.text, this.#separator)
      if (named !== undefined) return undefined
    }
    this.#reader = new CsvReader(this.#separator)
    return this.#reader
  }

  #rowsOf(records: CsvRecord[]): FileRow[] {
    const rows: FileRow[] = []
    for (const { line, end, fields } of records) {
      if (isEmpty(fields)) continue
      const columns = this.#columns
      if (columns) rows.push({ line, end, parsed: orNot(() => this.#parse(columns, fields)) })
      else this.#columns = columnsOf(fields, this.#show)
    }
    return rows
  }

  #parse(columns: Column[], fields: CsvRecord['fields']): RowRequest {
    if (fields instanceof TicketsError) throw fields
    if (fields.length !== columns.length && !isShortened(fields, columns)) {
      throw invalidInput(
        `The header has ${columns.length} columns, this row has ${fields.length}.${this.#quoteHint()}`,
      )
    }
    const values: Record<string, string> = {}
    for (const [i, column] of columns.entries()) {
      const field = fields[i] ?? ''
      if (column !== '') values[column] = field
      else if (field !== '') throw this.#nameless(i + 1, field)
    }
    return parseRow(values, this.#show)
  }

  #nameless(column: number, field: string): TicketsError {
    return invalidInput(
      `Column ${column} has no name in the header, but this row has ${quote(field)} there. Name the column or empty it.${this.#quoteHint()}`,
    )
  }

  /** A row with too many fields usually has unquoted seats with commas. */
  #quoteHint(): string {
    return this.#separator === ',' ? ' Seats such as 1,2 need quotes: "1,2".' : ''
  }
}

/** Empty columns have no name, and their fields are empty. */
type Column = RowField | ''

function isEmpty(fields: CsvRecord['fields']): boolean {
  return !(fields instanceof TicketsError) && fields.every((field) => field === '')
}

/** Spreadsheets omit the empty fields at the end of some rows. */
function isShortened(fields: readonly string[], columns: readonly Column[]): boolean {
  return (
    fields.length < columns.length && columns.slice(fields.length).every((column) => column === '')
  )
}

function columnsOf(header: CsvRecord['fields'], show: string | undefined): Column[] {
  if (header instanceof TicketsError) throw header
  const names = header.map((name) => name.toLowerCase())
  const unknown = names.find((name) => !isColumn(name))
  if (unknown !== undefined) throw wrongColumn(unknown)
  const columns = names.filter(isColumn)
  const double = columns.find((column, i) => column !== '' && columns.indexOf(column) !== i)
  if (double !== undefined) throw invalidInput(`The column ${quote(double)} appears twice.`)
  if (!columns.includes('seats') && !columns.includes('count')) {
    throw invalidInput('The header has neither the column seats nor the column count.')
  }
  if (columns.includes('show') === (show !== undefined)) {
    throw invalidInput(
      show === undefined
        ? 'The header has no column show, and the command line names none. Add one of them.'
        : 'The show is on the command line and in the column show. Name it in one place.',
    )
  }
  return columns
}

function isColumn(name: string): name is Column {
  return name === '' || isRowField(name)
}

/** The error for an unknown name, or for several names joined by another separator. */
function wrongColumn(name: string): TicketsError {
  const separator = /\W/.exec(name.replaceAll(' ', ''))?.[0]
  const isSeveral =
    separator !== undefined && name.split(separator).every((part) => isRowField(part.trim()))
  if (!isSeveral) return unknownField(name)
  return invalidInput(
    `The separator is '${escapeControls(separator)}'. Save the file with ',', ';' or a tab.`,
  )
}

function objectOf(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidInput('The line must be one JSON object, such as {"seats":"1,2"}.')
  }
  const twice = repeatedField(text)
  if (twice) throw twice
  return value as Record<string, unknown>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function orNot<T>(work: () => T): T | TicketsError {
  try {
    return work()
  } catch (error) {
    if (error instanceof TicketsError) return error
    throw error
  }
}

function isBlank({ text }: Line): boolean {
  return typeof text === 'string' && text.trim() === ''
}

function textOf({ text }: Line): string {
  if (text instanceof TicketsError) throw text
  return text
}
