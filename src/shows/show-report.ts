import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { query } from '../database/sql.js'
import { inSnapshot } from '../database/transaction.js'
import { rowsOf } from '../house/rows.js'
import { findShow } from './find-shows.js'
import { bookedOf, readHouse } from './locked-house.js'
import { layoutOf } from './plans.js'
import { IS_LIVE_HOLD, type Show } from './shows.js'

/** Seats by state; `sold + held + house + free` always equals `total`. */
export interface SeatCounts {
  total: number
  sold: number
  /** Held by holds that expire. */
  held: number
  /** House seats: held by holds that do not expire. */
  house: number
  free: number
}

/** Seats sold and returned; returned seats are not subtracted from sold ones. */
export interface Sales {
  sold: number
  returned: number
}

/** A report on a show: its seats, and its sales by hour and operator, from its history. */
export interface ShowReport {
  show: Show
  capacity: SeatCounts
  /** By section; undefined if the house has none. */
  sections?: ({ section: string } & SeatCounts)[] | undefined
  /** By row, from the stage, section by section; null if the house has no rows. */
  rows: ({ row: string; section?: string } & SeatCounts)[] | null
  /** The hours, in the show's time zone, in which seats were sold or returned, in order. */
  hours: ({ hour: Date } & Sales)[]
  /**
   * The operators who sold or returned seats, by seats sold, the most first; null: no operator was
   * named.
   */
  operators: ({ operator: string | null } & Sales)[]
}

/** Reports on one show; the counts come from one snapshot. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
export async function reportOnShow(db: Database, name: string): Promise<ShowReport> {
  const show = await findShow(db, name)
  return inSnapshot(db, async (trx) => ({
    show,
    ...(await readSeatCounts(trx, show)),
    hours: await salesBy<{ hour: Date }>(trx, show, {
      key: `${HOUR} as hour`,
      values: [show.timeZone],
      order: 'hour',
    }),
    operators: await salesBy<{ operator: string | null }>(trx, show, {
      key: 'operator',
      order: 'sold desc, operator collate people',
    }),
  }))
}

async function readSeatCounts(trx: Knex.Transaction, { id }: Show) {
  const house = (await readHouse(trx, id))!
  const kept = await query<{ seat: number; is_house: boolean }>(
    trx,
    `select unnest(seats) as seat, held_until is null as is_house
     from bookings where held_in = ? and ${IS_LIVE_HOLD}`,
    [id],
  )
  const states = new Map<number, State>(
    kept.map(({ seat, is_house }) => [seat, is_house ? 'house' : 'held']),
  )
  for (const seat of bookedOf(house)) states.set(seat, 'sold')
  const { total_seats: total, seats_per_row: perRow, plan } = house
  const capacity = countStates(states, 1, total)
  if (perRow === null && plan === null) return { capacity, rows: null }
  const { count, at, sections } = rowsOf(layoutOf(house))
  const rows = Array.from({ length: count }, (_, index) => {
    const { section, label, first, last } = at(index)
    return {
      row: label,
      ...(plan?.hasSections && { section: sections[section]!.name }),
      ...countStates(states, first, last),
    }
  })
  if (!plan?.hasSections) return { capacity, rows }
  const bySection = sections.map(({ name, first, last }) => ({
    section: name,
    ...countStates(states, first, last),
  }))
  return { capacity, sections: bySection, rows }
}

type State = 'sold' | 'held' | 'house'

function countStates(states: ReadonlyMap<number, State>, first: number, last: number): SeatCounts {
  const total = last - first + 1
  const counts = { total, sold: 0, held: 0, house: 0, free: 0 }
  for (let seat = first; seat <= last; seat++) counts[states.get(seat) ?? 'free'] += 1
  return counts
}

const HOUR = `date_trunc('hour', at, ?)`

/**
 * Sums the seats sold and returned by `key`: each event may raise or lower the number of this
 * show's seats that are sold to a booking.
 */
function salesBy<Key>(
  trx: Knex.Transaction,
  { id }: Show,
  { key, values = [], order }: { key: string; values?: unknown[]; order: string },
): Promise<(Key & Sales)[]> {
  const sold = (facts: string) =>
    `case when ${facts} ->> 'status' = 'CONFIRMED' and ${facts} ->> 'show_id' = ?
     then jsonb_array_length(${facts} -> 'seats') else 0 end`
  return query<Key & Sales>(
    trx,
    `select ${key},
            sum(greatest(change, 0))::int as sold, sum(greatest(-change, 0))::int as returned
     from (
       select at, operator, ${sold('after')} - ${sold('before')} as change
       from history
       where show_id = ?::uuid and booking_id is not null
          or before ->> 'show_id' = ? and before ->> 'show_id' <> show_id::text
     ) as events
     where change <> 0
     group by 1 order by ${order}`,
    [...values, id, id, id, id],
  )
}
