import { invalidInput } from '../shared/errors.js'
import type { Output } from '../terminal/io.js'
import { type ListFormat, type ListOptions, writeList } from '../terminal/render/list.js'
import { parseCount } from './context.js'

/** The options of every command that lists. */
export interface ListingOptions {
  limit?: string
  all?: boolean
  output?: ListFormat
}

/** How many lines a terminal shows without --all: more would scroll away. */
export const PAGE_LENGTH = 50

export interface Listing<Row> extends Omit<ListOptions<Row>, 'format'> {
  /** The rows, at most `limit` of them; undefined: all. */
  rows(limit: number | undefined): AsyncIterable<Row>
  /** The hint when a terminal shows only `count` rows: which they are, and how to see more. */
  more(count: number): string
}

/**
 * Lists to stdout: all rows for programs, and one page for people unless they ask for more. Throws
 * INVALID_INPUT for options that cannot be used together.
 */
export async function writePagedList<Row>(
  output: Output,
  options: ListingOptions,
  { rows, more, ...list }: Listing<Row>,
): Promise<void> {
  checkFormat(output, options)
  if (options.all && options.limit !== undefined) {
    throw invalidInput('--all and --limit cannot be used together.')
  }
  const isCut = isForPeople(output, options) && !options.all && options.limit === undefined
  const limit =
    options.limit === undefined
      ? isCut
        ? PAGE_LENGTH
        : undefined
      : parseCount('--limit', options.limit)
  const count = await writeList(output, { ...list, format: options.output }, rows(limit))
  if (isCut && count === PAGE_LENGTH) output.hint(more(PAGE_LENGTH))
}

/** Whether the list is a table on a terminal, which begins with the rows that people look for. */
export function isForPeople(output: Output, { output: format }: Pick<ListingOptions, 'output'>) {
  return output.isTerminal && !output.json && (format ?? 'table') === 'table'
}

/** Throws INVALID_INPUT for --json with another format. */
export function checkFormat(output: Output, { output: format }: Pick<ListingOptions, 'output'>) {
  if (!output.json || (format ?? 'json') === 'json') return
  throw invalidInput(`--json and --output ${format} cannot be used together.`)
}
