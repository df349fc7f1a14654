import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { invalidInput, TicketsError } from '../../shared/errors.js'

// A backup is a gzip of lines. The first is the header, as JSON. The rows of each table follow as
// JSON objects, after a line that names the table and its columns. The last line has the number of
// rows of each table: without it, or with another number, the backup is refused. gzip itself has a
// checksum and a length.

/** The tables in a backup, each after those that it refers to. Triggers fill the others. */
export const TABLES = ['plans', 'shows', 'bookings', 'admissions', 'history', 'api_tokens'] as const

/** The number of rows in each table. */
export type RowCounts = Partial<Record<string, number>>

export interface BackupHeader {
  format: 'tickets backup'
  version: 1
  /** The version of the program that made it, and of its server. */
  program: string
  server: string
  taken_at: string
  /** The migrations of its schema, oldest first. */
  migrations: string[]
}

export interface TableLine {
  table: string
  columns: string[]
}

export interface EndLine {
  end: RowCounts
}

/** A row has none of these as its first column. */
export function isRow(line: string): boolean {
  return !line.startsWith('{"table":') && !line.startsWith('{"end":')
}

/** A line for the header, a table or the end. */
export function lineOf(value: BackupHeader | TableLine | EndLine): string {
  return `${JSON.stringify(value)}\n`
}

/** Parses such a line. Throws INVALID_INPUT if it is none. */
export function parseLine<T extends BackupHeader | TableLine | EndLine>(line: string): T {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw damaged(error)
  }
}

/** Parses the first line. Throws INVALID_INPUT if it is not a header that this program can read. */
export function parseHeader(line: string | undefined): BackupHeader {
  const header = parseLine<BackupHeader>(line ?? '')
  if (header.format !== 'tickets backup' || !Array.isArray(header.migrations)) throw damaged()
  if (header.version === 1) return header
  throw new TicketsError(
    'SCHEMA_TOO_NEW',
    'The backup was made by a newer version of tickets. Nothing was restored. Upgrade tickets.',
  )
}

/** The longest line is a row of the history with two whole houses of 100,000 seats: 2 MB. */
const LONGEST_LINE = 16_000_000

/** Splits a backup into lines. Throws INVALID_INPUT if the last line has no end. */
export async function* backupLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf('\n') + 1
    if (bytes.length - end > LONGEST_LINE) throw damaged()
    if (end > 0) yield* bytes.toString('utf8', 0, end - 1).split('\n')
    rest = bytes.subarray(end)
  }
  if (rest.length > 0) throw damaged()
}

type Chunks = AsyncIterable<Uint8Array>

/** Calls `consume` with a packed backup. */
export function pack<T>(chunks: Chunks, consume: (packed: Chunks) => Promise<T>): Promise<T> {
  return through(createGzip(), chunks, consume)
}

/** Calls `consume` with an unpacked backup. Throws INVALID_INPUT if it is not a whole gzip. */
export async function unpack<T>(
  packed: Chunks,
  consume: (chunks: Chunks) => Promise<T>,
): Promise<T> {
  try {
    return await through(createGunzip(), packed, consume)
  } catch (error) {
    const isOfZlib = String((error as NodeJS.ErrnoException).code).startsWith('Z_')
    throw isOfZlib ? damaged(error) : error
  }
}

async function through<T>(
  transform: Transform,
  chunks: Chunks,
  consume: (chunks: Chunks) => Promise<T>,
): Promise<T> {
  let failure: unknown
  const consumeOnce = (changed: Chunks) =>
    consume(changed).catch((error) => {
      failure = error
      throw error
    })
  return pipeline(chunks, transform, consumeOnce).catch((error) => {
    // If `consume` fails first, the pipeline says only that it was aborted.
    throw failure ?? error
  })
}

export function damaged(cause?: unknown): TicketsError {
  return invalidInput(
    'This is not a whole backup of tickets: it is cut short, damaged, or another kind of file. Nothing was restored.',
    { cause },
  )
}
