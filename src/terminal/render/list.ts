import { safeCell, safeJson, safeText } from '../../shared/safe-text.js'
import type { Output } from '../io.js'
import type { Column } from './table.js'

export type ListFormat = 'table' | 'json' | 'ndjson' | 'csv'

export interface ListOptions<Row> {
  /** Default: JSON under `--json`, a table on a terminal, otherwise tab-separated without a head. */
  format?: ListFormat | undefined
  columns: Column<Row>[]
  toJson(row: Row): unknown
  /** The section of a row: in a table, its title is on a line before its first row. */
  sectionOf?(row: Row): string | undefined
  /** The hint for people when the list is empty. */
  ifEmpty?: string
}

/**
 * Writes the rows to stdout in one of the formats as they arrive, so memory does not grow with the
 * list. If the reader of stdout goes away, the iterator is closed and the list ends quietly.
 * Returns the number of rows.
 */
export async function writeList<Row>(
  output: Output,
  options: ListOptions<Row>,
  rows: AsyncIterable<Row>,
): Promise<number> {
  const format = options.format ?? defaultFormat(output)
  let count = 0
  const counted = mapRows(rows, (row) => {
    count += 1
    return row
  })
  const pages = await writers[format](output, options as ListOptions<unknown>, counted)
  for await (const text of pages) {
    await output.write(text)
    if (output.isGone) return count
  }
  if (count === 0 && options.ifEmpty !== undefined) output.hint(options.ifEmpty)
  return count
}

type Text = AsyncIterable<string>
type Writer = (
  output: Output,
  options: ListOptions<unknown>,
  rows: AsyncIterable<unknown>,
) => Text | Promise<Text>

const writers: Record<ListFormat | 'tabs', Writer> = {
  json: (_output, { toJson }, rows) => jsonArray(toJson, rows),
  ndjson: (_output, { toJson }, rows) =>
    chunked(mapRows(rows, (row) => `${safeJson(toJson(row))}\n`)),
  tabs: (_output, { columns }, rows) =>
    chunked(mapRows(rows, (row) => tabLine(columns.map((column) => programText(column, row))))),
  csv: csvLines,
  table: async (output, { columns, sectionOf }, rows) => {
    const { drawTable } = await import('./table.js')
    const shown = columns.filter(({ isData }) => !isData)
    return drawTable(output.style, shown, rows, sectionOf)
  },
}

function defaultFormat(output: Output): ListFormat | 'tabs' {
  if (output.json) return 'json'
  return output.isTerminal ? 'table' : 'tabs'
}

async function* mapRows<Row, To>(rows: AsyncIterable<Row>, map: (row: Row) => To) {
  for await (const row of rows) yield map(row)
}

// Written in larger pieces: a system call for every row would cost more than the row. If the first
// rows fail, stdout is still empty, and the error is the only document there.
const chunkLength = 64 * 1024

async function* chunked(texts: Text): AsyncGenerator<string> {
  let chunk = ''
  for await (const text of texts) {
    chunk += text
    if (chunk.length >= chunkLength) {
      yield chunk
      chunk = ''
    }
  }
  yield chunk
}

function jsonArray(toJson: (row: unknown) => unknown, rows: AsyncIterable<unknown>): Text {
  async function* pieces() {
    let before = '['
    for await (const row of rows) {
      yield before + safeJson(toJson(row))
      before = ',\n'
    }
    yield before === '[' ? '[]\n' : ']\n'
  }
  return chunked(pieces())
}

/** Texts as one tab-separated line. Ends with a newline. */
export function tabLine(texts: readonly string[]): string {
  return `${texts.map((text) => safeText(text)).join('\t')}\n`
}

async function csvLines(
  output: Output,
  { columns }: ListOptions<unknown>,
  rows: AsyncIterable<unknown>,
): Promise<Text> {
  const { stringify } = await import('csv-stringify/sync')
  // A file gets the text unchanged; on a terminal, control characters must not take effect.
  const toCell = output.isTerminal ? (text: string) => safeCell(safeText(text)) : safeCell
  async function* lines() {
    yield stringify([columns.map(({ field, title }) => field ?? title)])
    for await (const row of rows) {
      yield stringify([columns.map((column) => toCell(programText(column, row)))])
    }
  }
  return chunked(lines())
}

function programText<Row>(column: Column<Row>, row: Row): string {
  return column.value ? column.value(row) : column.cell(row)
}
