import type { Tickets } from '../../../client/api.js'
import type { FileRow, RowRequest } from '../../../client/booking-file.js'
import { invalidInput, TicketsError } from '../../../shared/errors.js'
import type { RowResult } from './file-report.js'

/** Limits of one transaction, which keeps the shows locked and all rows in memory. */
const MOST_ROWS = 100_000
const MOST_WEIGHT = 50_000_000

/**
 * Books all rows in one transaction, or none: then each row has an error, its own or that of the
 * first row that could not be booked. Throws INVALID_INPUT for more than 100,000 rows, or
 * 50 million seats and characters in them.
 */
export async function* bookRowsTogether(
  tickets: Tickets,
  batches: AsyncIterable<readonly FileRow[]>,
  signal: AbortSignal,
): AsyncGenerator<RowResult[]> {
  const rows = await readAll(batches)
  if (signal.aborted || rows.length === 0) return
  const errors = new Map(
    [...rows.entries()].flatMap(([i, { parsed }]) =>
      parsed instanceof TicketsError ? [[i, parsed] as const] : [],
    ),
  )
  if (errors.size > 0) return yield refuseAll(rows, errors)
  const requests = rows.map(({ parsed }) => {
    const { show, request } = parsed as RowRequest
    return { showId: show, request }
  })
  const end = await tickets.bookAllOrNothing(requests)
  if ('refused' in end) return yield refuseAll(rows, end.refused)
  yield end.booked.map((outcome, i) => ({ ...positionOf(rows[i]!), outcome }))
}

async function readAll(batches: AsyncIterable<readonly FileRow[]>): Promise<FileRow[]> {
  const rows: FileRow[] = []
  let weight = 0
  for await (const batch of batches) {
    for (const row of batch) {
      rows.push(row)
      if (!(row.parsed instanceof TicketsError)) weight += row.parsed.weight
    }
    if (rows.length > MOST_ROWS || weight > MOST_WEIGHT) throw tooMuch()
  }
  return rows
}

function refuseAll(
  rows: readonly FileRow[],
  errors: ReadonlyMap<number, TicketsError>,
): RowResult[] {
  const first = Math.min(...errors.keys())
  const { code } = errors.get(first)!
  const message = `Line ${rows[first]!.line} could not be booked, so with --atomic no line was.`
  return rows.map((row, i) => {
    const error = errors.get(i)
    return error
      ? { ...positionOf(row), outcome: error }
      : { ...positionOf(row), outcome: new TicketsError(code, message), isInnocent: true }
  })
}

function positionOf({ line, end }: FileRow) {
  return { line, end }
}

function tooMuch(): TicketsError {
  return invalidInput(
    'The file is too large for one transaction: --atomic takes at most 100,000 rows, with 50 million seats and characters. Nothing was booked.',
  )
}
