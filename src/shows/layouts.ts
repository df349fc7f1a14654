import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import type { SeatLayout } from '../house/seats.js'
import { LAYOUT_COLUMNS, layoutOf, withPlan } from './plans.js'
import { showNotFound } from './shows.js'

/**
 * A cached layout may lack seats that were added since, or be that of an earlier plan. A request is
 * checked against the layout under the lock again.
 */
const known = new WeakMap<Knex, Map<string, SeatLayout>>()
const MOST_KNOWN = 10_000

/** Returns a show's cached layout, if any; costs no round trip. */
export function knownLayout(db: Database, showId: string): SeatLayout | undefined {
  return known.get(db.knex)?.get(showId)
}

/** Reads a show's layout from the database. Throws SHOW_NOT_FOUND. */
export async function readLayout(db: Database, showId: string): Promise<SeatLayout> {
  const show = await withRetry(db, async () => {
    const row = await db
      .knex('shows')
      .where({ id: showId })
      .first(...LAYOUT_COLUMNS)
    return row && withPlan(db.knex, row)
  })
  if (show === undefined) throw showNotFound(showId)
  const layout = layoutOf(show)
  keepLayout(db, showId, layout)
  return layout
}

/** Caches a show's layout. */
export function keepLayout(db: Database, showId: string, layout: SeatLayout): void {
  const layouts = known.get(db.knex) ?? new Map<string, SeatLayout>()
  if (layouts.size >= MOST_KNOWN) layouts.clear()
  known.set(db.knex, layouts.set(showId, layout))
}
