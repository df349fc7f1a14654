import type { Knex } from 'knex'
import type { SeatLayout } from '../house/seats.js'
import { LAYOUT_COLUMNS, layoutOf, withPlan } from './plans.js'
import { showNotFound } from './shows.js'

/**
 * A cached layout may lack seats that were added since, or be that of an earlier plan. A request is
 * checked against the layout under the lock again.
 */
const known = new WeakMap<object, Map<string, SeatLayout>>()
const MOST_KNOWN = 10_000

/** Returns a show's cached layout, if any; costs no round trip. */
export function knownLayout(knex: Knex, showId: string): SeatLayout | undefined {
  return known.get(databaseOf(knex))?.get(showId)
}

/** Reads a show's layout from the database. Throws SHOW_NOT_FOUND. */
export async function readLayout(knex: Knex, showId: string): Promise<SeatLayout> {
  const row = await knex('shows')
    .where({ id: showId })
    .first(...LAYOUT_COLUMNS)
  if (row === undefined) throw showNotFound(showId)
  const layout = layoutOf(await withPlan(knex, row))
  keepLayout(knex, showId, layout)
  return layout
}

/** Caches a show's layout. */
export function keepLayout(knex: Knex, showId: string, layout: SeatLayout): void {
  const layouts = known.get(databaseOf(knex)) ?? new Map<string, SeatLayout>()
  if (layouts.size >= MOST_KNOWN) layouts.clear()
  known.set(databaseOf(knex), layouts.set(showId, layout))
}

/** What a pool and its transactions have in common. */
function databaseOf(knex: Knex): object {
  return knex.client.config
}
