import type { Database } from '../database/connection.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/** One thing that happened: what, when, who, from which command, and the facts before and after. */
export interface HistoryEvent {
  /** Ascending in the order in which the events were written. */
  id: number
  at: Date
  showId: string
  bookingId: string | null
  /** 'confirmed', 'held', 'failed', 'cancelled', 'moved', 'reduced', 'edited', 'checked in', … */
  action: string
  operator: string | null
  command: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

/** Whose history: of one booking, of a show with all its bookings, or of one seat of a show. */
export type HistoryOf = { booking: string } | { show: string; seat?: number }

const PAGE_SIZE = 1000

/** The events in the order in which they happened, in constant memory. Ids are whole ids. */
export async function* listHistory(db: Database, of: HistoryOf): AsyncGenerator<HistoryEvent> {
  const [where, values] = condition(of)
  let after = 0
  for (;;) {
    const rows = await withRetry(db, () =>
      query<HistoryRow>(
        db.knex,
        `select id::float8 as id, at, show_id, booking_id, action, operator, command, before, after
         from history where ${where} and id > ? order by history.id limit ${PAGE_SIZE}`,
        [...values, after],
      ),
    )
    for (const row of rows) yield toEvent(row)
    if (rows.length < PAGE_SIZE) return
    after = rows.at(-1)!.id
  }
}

interface HistoryRow extends Pick<HistoryEvent, 'id' | 'at' | 'action' | 'operator' | 'command'> {
  show_id: string
  booking_id: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

function condition(of: HistoryOf): [string, unknown[]] {
  if ('booking' in of) return ['booking_id = ?::uuid', [of.booking]]
  if (of.seat === undefined) return ['show_id = ?::uuid', [of.show]]
  const seat = `[${of.seat}]`
  return [
    `show_id = ?::uuid and (before -> 'seats' @> ?::jsonb or after -> 'seats' @> ?::jsonb)`,
    [of.show, seat, seat],
  ]
}

function toEvent(row: HistoryRow): HistoryEvent {
  const { id, at, action, operator, command, before, after } = row
  return {
    id,
    at,
    showId: row.show_id,
    bookingId: row.booking_id,
    action,
    operator,
    command,
    before,
    after,
  }
}
