import { namesOf } from '../booking/booking.js'
import { formatReference } from '../booking/references.js'
import type { Database } from '../database/knex-pool.js'
import { inPages } from '../database/pages.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { MAX_SEATS, seatLabel } from '../house/seats.js'
import { type HouseUntil, readHouses } from '../shows/houses-over-time.js'
import { seatsByLabel } from '../shows/move-to-plan.js'

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
  /**
   * 'confirmed', 'held', 'failed', 'cancelled', 'moved', 'reduced', 'edited', 'checked in', …;
   * 'renumbered' if another plan of the show has other numbers for the same seats.
   */
  action: string
  /** The operator that the client named; not verified. */
  operator: string | null
  command: string | null
  /** The columns as they were. `seats` have the numbers of that time, and `seat_labels` their labels. */
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  /** The login at the server that made the change; null for events recorded before 0009. */
  login: string | null
}

/**
 * Selects the history of one booking, of a show with all its bookings, or of one seat of a show by
 * its present number.
 */
export type HistoryOf = { booking: string } | { show: string; seat?: number }

/** Yields the events in order, in constant memory. The ids must be whole. */
export async function* listHistory(db: Database, of: HistoryOf): AsyncGenerator<HistoryEvent> {
  const sources = await sourcesOf(db, of)
  const read = ({ id } = { id: 0 }, size: number) => {
    // Each source has its own index; the query merges them page by page.
    const pages = sources.map(
      ([where]) => `(select * from history where ${where} and id > ? order by id limit ${size})`,
    )
    return withRetry(db, () =>
      query<HistoryRow>(
        db.knex,
        `select h.id::float8 as id, h.at, h.show_id, h.booking_id, b.reference, h.action,
                h.operator, h.command, h.before, h.after, h.login
         from (${pages.join(' union all ')}) as h left join bookings b on b.id = h.booking_id
         order by h.id limit ${size}`,
        sources.flatMap(([, values]) => [...values, id]),
      ),
    )
  }
  for await (const rows of inPages(read)) {
    // After the page, so that they include a change of plan that is on it.
    const houses = await housesOf(db, rows)
    for (const row of rows) yield toEvent(row, houses)
  }
}

type Facts = Record<string, unknown>

interface HistoryRow
  extends Pick<HistoryEvent, 'id' | 'at' | 'action' | 'operator' | 'command' | 'login'> {
  show_id: string
  booking_id: string | null
  reference: string | null
  before: Facts | null
  after: Facts | null
}

type Source = [where: string, values: unknown[]]

/**
 * An event belongs to the show that it leads to; a move to another show also belongs to the show it
 * leaves.
 */
async function sourcesOf(db: Database, of: HistoryOf): Promise<Source[]> {
  if ('booking' in of) return [['booking_id = ?::uuid', [of.booking]]]
  const { show, seat } = of
  const [ofSeat, values] = seat === undefined ? ['true', []] : await seatCondition(db, show, seat)
  return [
    [`show_id = ?::uuid and ${ofSeat}`, [show, ...values]],
    [`${LEFT_SHOW} and before ->> 'show_id' = ? and ${ofSeat}`, [show.toLowerCase(), ...values]],
  ]
}

/** Must match the condition of the index word for word. */
const LEFT_SHOW = `before ->> 'show_id' <> show_id::text`

/**
 * Matches a seat of this show, by the number that it had at the time; ignores the seats before a
 * move from, or after a move to, another show.
 */
async function seatCondition(db: Database, show: string, seat: number): Promise<Source> {
  const houses = await withRetry(db, () => readHouses(db.knex, show))
  const label = seatLabel(seat, houses.at(-1)!.layout)
  const numbers = houses.map(({ layout }, index) => {
    if (index === houses.length - 1) return seat
    // A house without a plan may have been larger before.
    const largest = layout.plan ? layout : { ...layout, totalSeats: MAX_SEATS }
    return seatsByLabel(largest)(label)
  })
  const has = (facts: string) =>
    `(${facts} -> 'seats' @> ?::jsonb and coalesce(${facts} ->> 'show_id', show_id::text) = ?)`
  // A seat that a house did not have is 0, which no event has.
  const fact = (number = 0) => [`[${number}]`, show.toLowerCase()]
  const conditions = houses.map(
    () => `id > ?::float8 and id <= ?::float8 and (${has('before')}
      or case action when 'renumbered' then ${has('after')} else ${has('after')} end)`,
  )
  const values = houses.flatMap(({ until }, i) => {
    // `after` of 'renumbered' has the number in the next house.
    const [now, next] = [fact(numbers[i]), fact(numbers[Math.min(i + 1, houses.length - 1)])]
    return [houses[i - 1]?.until ?? 0, until, ...now, ...next, ...now]
  })
  return [`(${conditions.join(' or ')})`, values]
}

/** The houses of the shows that events name seats of, by the id of the show. */
async function housesOf(
  db: Database,
  rows: readonly HistoryRow[],
): Promise<Map<string, HouseUntil[]>> {
  const houses = new Map<string, HouseUntil[]>()
  const facts = rows.flatMap((row) => [row.before, row.after].map((one) => showOf(row, one)))
  for (const show of new Set(facts)) {
    houses.set(show, await withRetry(db, () => readHouses(db.knex, show)))
  }
  return houses
}

/** The id of the show that facts of an event are about. */
function showOf({ show_id }: HistoryRow, facts: Facts | null): string {
  return typeof facts?.show_id === 'string' ? facts.show_id : show_id
}

function toEvent(row: HistoryRow, houses: Map<string, HouseUntil[]>): HistoryEvent {
  const { id, at, reference, action, operator, command, login } = row
  const labelled = (facts: Facts | null, isAfter: boolean): Facts | null => {
    if (!Array.isArray(facts?.seats)) return facts
    const ofShow = houses.get(showOf(row, facts))!
    const now = ofShow.findIndex(({ until }) => id <= until)
    const next = isAfter && action === 'renumbered' ? ofShow[now + 1] : undefined
    const layout = (next ?? ofShow[now])?.layout ?? NUMBERS_ONLY
    const former = (facts.former_seats ?? []) as string[]
    return { ...facts, seat_labels: namesOf(facts.seats, layout, former).seatLabels }
  }
  return {
    id,
    at,
    showId: row.show_id,
    bookingId: row.booking_id,
    reference: reference && formatReference(reference),
    action,
    operator,
    command,
    before: labelled(row.before, false),
    after: labelled(row.after, true),
    login,
  }
}

/** For the seats of a show that was deleted. */
const NUMBERS_ONLY = { totalSeats: 0, seatsPerRow: null }
