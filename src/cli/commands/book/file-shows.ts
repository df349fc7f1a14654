import type { Tickets } from '../../../client/api.js'
import type { FileRow } from '../../../client/booking-file.js'
import { hasCode, TicketsError } from '../../../shared/errors.js'

/** The most names whose ids are kept. */
const MOST_NAMES = 10_000

/**
 * The rows with the ids of their shows instead of the names: each name is looked up once, among the
 * shows of `date` if there is one. If a name means no show, or several, its rows get that error;
 * errors of the database are thrown.
 */
export async function* withShowIds(
  tickets: Tickets,
  batches: AsyncIterable<readonly FileRow[]>,
  date: string | undefined,
): AsyncGenerator<FileRow[]> {
  const ids = new Map<string, string | TicketsError>()
  for await (const rows of batches) {
    if (ids.size > MOST_NAMES) ids.clear()
    const unknown = new Set(
      rows.flatMap(({ parsed }) =>
        parsed instanceof TicketsError || ids.has(parsed.show) ? [] : [parsed.show],
      ),
    )
    // A batch is booked only when all its shows are known, so the rows of one show keep their order
    // whichever of its names they use.
    await Promise.all(
      Array.from(unknown, async (name) => void ids.set(name, await showId(tickets, name, date))),
    )
    yield rows.map((row) => withId(row, ids))
  }
}

function withId(row: FileRow, ids: Map<string, string | TicketsError>): FileRow {
  if (row.parsed instanceof TicketsError) return row
  const id = ids.get(row.parsed.show)!
  return { ...row, parsed: typeof id === 'string' ? { ...row.parsed, show: id } : id }
}

async function showId(
  tickets: Tickets,
  name: string,
  date: string | undefined,
): Promise<string | TicketsError> {
  try {
    return (await tickets.findShow(name, { date })).id
  } catch (error) {
    if (hasCode(error, 'SHOW_NOT_FOUND', 'AMBIGUOUS_ID')) return error
    throw error
  }
}
