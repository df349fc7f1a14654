import type { HistoryOf } from '../audit/history.js'
import { viewBooking } from '../booking/list-bookings.js'
import type { Database } from '../database/knex-pool.js'
import { findShow } from '../shows/find-shows.js'

/**
 * Resolves a show's name, or a part of its id, to the whole id; see `findShow`. Accepts a whole id
 * without checking that the show exists; the operation that uses it does. Throws SHOW_NOT_FOUND,
 * AMBIGUOUS_ID.
 */
export async function showIdOf(db: Database, show: string): Promise<string> {
  // In lower case, as the database writes ids, because they are compared as texts.
  return FULL_ID.test(show) ? show.toLowerCase() : (await findShow(db, show)).id
}

/** Like `showIdOf`; undefined if no show is named. */
export async function optionalShowIdOf(
  db: Database,
  show: string | undefined,
): Promise<string | undefined> {
  return show === undefined ? undefined : showIdOf(db, show)
}

/** Resolves the ids of a history's show or booking, which must exist. */
export async function historyIdsOf(db: Database, of: HistoryOf): Promise<HistoryOf> {
  if ('booking' in of) return { booking: (await viewBooking(db, of.booking)).id }
  return { ...of, show: (await findShow(db, of.show)).id }
}

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
