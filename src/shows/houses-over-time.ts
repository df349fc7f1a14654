import type { Knex } from 'knex'
import { query } from '../database/sql.js'
import type { SeatLayout } from '../house/seats.js'
import { type LayoutRow, layoutOf, withPlans } from './plans.js'

/** A house that a show has, or had until its plan changed; events of that time have its numbers. */
export interface HouseUntil {
  layout: SeatLayout
  /** The id of the event that ended it; Infinity for the present house. */
  until: number
}

/**
 * Reads the houses that a show has had, the present one last: another plan may number its seats
 * differently. Empty if the show does not exist. A house whose plan was dropped by a rollback is
 * read without it, so its seats are labelled by number.
 */
export async function readHouses(knex: Knex, showId: string): Promise<HouseUntil[]> {
  const rows = await query<LayoutRow & { until: number }>(
    knex,
    `select h.until, h.total_seats, h.seats_per_row, h.plan_id
     from shows s, lateral (
       select id::float8 as until, (before ->> 'total_seats')::int as total_seats,
              (before ->> 'seats_per_row')::int as seats_per_row,
              (select id from plans where id = before ->> 'plan_id') as plan_id
       from history
       where show_id = s.id and booking_id is null and before is not null and after is not null
         and before ->> 'plan_id' is distinct from after ->> 'plan_id'
       union all
       select 'infinity', s.total_seats, s.seats_per_row, s.plan_id
     ) as h
     where s.id = ?::uuid
     order by h.until`,
    [showId],
  )
  return (await withPlans(knex, rows)).map((row) => ({ layout: layoutOf(row), until: row.until }))
}
