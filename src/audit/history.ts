import { formatReference } from '../booking/references.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/**
 * One event: what happened, when, who did it with which command, and the facts before and after.
 */
export interface HistoryEvent {
  /** Ascending, in the order in which the events were written. */
  id: number
  at: Date
  showId: string
  bookingId: string | null
  /** The booking's reference, for people. */
  reference: string | null
  /** 'confirmed', 'held', 'failed', 'cancelled', 'moved', 'reduced', 'edited', 'checked in', … */
  action: string
  /** The operator that the client named; not verified. */
  operator: string | null
  command: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  /** The login at the server that made the change; null for events recorded before 0009. */
  login: string | null
}

/**
 * Selects the history of one booking, of a show with all its bookings, or of one seat of a show.
 */
export type HistoryOf = { booking: string } | { show: string; seat?: number }

const PAGE_SIZE = 1000

/** Yields the events in order, in constant memory. The ids must be whole. */
export async function* listHistory(db: Database, of: HistoryOf): AsyncGenerator<HistoryEvent> {
  const sources = sourcesOf(of)
  // Each source has its own index; the query merges them page by page.
  const pages = sources.map(
    ([where]) => `(select * from history where ${where} and id > ? order by id limit ${PAGE_SIZE})`,
  )
  let after = 0
  for (;;) {
    const rows = await withRetry(db, () =>
      query<HistoryRow>(
        db.knex,
        `select h.id::float8 as id, h.at, h.show_id, h.booking_id, b.reference, h.action,
                h.operator, h.command, h.before, h.after, h.login
         from (${pages.join(' union all ')}) as h left join bookings b on b.id = h.booking_id
         order by h.id limit ${PAGE_SIZE}`,
        sources.flatMap(([, values]) => [...values, after]),
      ),
    )
    for (const row of rows) yield toEvent(row)
    if (rows.length < PAGE_SIZE) return
    after = rows.at(-1)!.id
  }
}

interface HistoryRow
  extends Pick<HistoryEvent, 'id' | 'at' | 'action' | 'operator' | 'command' | 'login'> {
  show_id: string
  booking_id: string | null
  reference: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

type Source = [where: string, values: unknown[]]

/**
 * An event belongs to the show that it leads to; a move to another show also belongs to the show it
 * leaves.
 */
function sourcesOf(of: HistoryOf): Source[] {
  if ('booking' in of) return [['booking_id = ?::uuid', [of.booking]]]
  const { show, seat } = of
  const [ofSeat, values] = seat === undefined ? ['', []] : seatCondition(show, seat)
  return [
    [`show_id = ?::uuid ${ofSeat}`, [show, ...values]],
    [`${LEFT_SHOW} and before ->> 'show_id' = ? ${ofSeat}`, [show.toLowerCase(), ...values]],
  ]
}

/** Must match the condition of the index word for word. */
const LEFT_SHOW = `before ->> 'show_id' <> show_id::text`

/**
 * Matches a seat of this show only: ignores the seats before a move from, or after a move to,
 * another show.
 */
function seatCondition(show: string, seat: number): Source {
  const has = (facts: string) =>
    `(${facts} -> 'seats' @> ?::jsonb and coalesce(${facts} ->> 'show_id', show_id::text) = ?)`
  const values = [`[${seat}]`, show.toLowerCase()]
  return [`and (${has('before')} or ${has('after')})`, [...values, ...values]]
}

function toEvent(row: HistoryRow): HistoryEvent {
  const { id, at, reference, action, operator, command, before, after, login } = row
  return {
    id,
    at,
    showId: row.show_id,
    bookingId: row.booking_id,
    reference: reference && formatReference(reference),
    action,
    operator,
    command,
    before,
    after,
    login,
  }
}
