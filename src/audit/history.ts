import { formatReference } from '../booking/references.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/** One thing that happened: what, when, who, from which command, and the facts before and after. */
export interface HistoryEvent {
  /** Ascending in the order in which the events were written. */
  id: number
  at: Date
  showId: string
  bookingId: string | null
  /** The booking's, for people. */
  reference: string | null
  /** 'confirmed', 'held', 'failed', 'cancelled', 'moved', 'reduced', 'edited', 'checked in', … */
  action: string
  /** What the client gave as its operator: any name. */
  operator: string | null
  command: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  /** The login at the server that made the change; null for events recorded before 0009. */
  login: string | null
}

/** Whose history: of one booking, of a show with all its bookings, or of one seat of a show. */
export type HistoryOf = { booking: string } | { show: string; seat?: number }

const PAGE_SIZE = 1000

/** The events in the order in which they happened, in constant memory. The ids must be resolved. */
export async function* listHistory(db: Database, of: HistoryOf): AsyncGenerator<HistoryEvent> {
  const sources = sourcesOf(of)
  // Each source has its own index; together they are merged page by page.
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

/** An event belongs to the show that it led to; a move away belongs to the show that it left, too. */
function sourcesOf(of: HistoryOf): Source[] {
  if ('booking' in of) return [['booking_id = ?::uuid', [of.booking]]]
  const { show, seat } = of
  const [ofSeat, values] = seat === undefined ? ['', []] : seatCondition(show, seat)
  return [
    [`show_id = ?::uuid ${ofSeat}`, [show, ...values]],
    [`${LEFT_SHOW} and before ->> 'show_id' = ? ${ofSeat}`, [show.toLowerCase(), ...values]],
  ]
}

/** What the index for it says, word for word. */
const LEFT_SHOW = `before ->> 'show_id' <> show_id::text`

/** Seats of this show: those before a move from elsewhere, or after one to elsewhere, are not. */
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
