import type { HistoryOf } from '../audit/history.js'
import { viewBooking } from '../booking/list-bookings.js'
import type { Database } from '../database/knex-pool.js'
import { findShow } from '../shows/find-shows.js'

/**
 * The whole id of the show that a name means; see `findShow`. A whole id is taken at its word:
 * whether the show exists is found out when it is used. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID.
 */
export async function showIdOf(db: Database, show: string): Promise<string> {
  // In lower case, as the database writes it: ids are compared.
  return FULL_ID.test(show) ? show.toLowerCase() : (await findShow(db, show)).id
}

/** The same where no show need be named. */
export async function optionalShowIdOf(
  db: Database,
  show: string | undefined,
): Promise<string | undefined> {
  return show === undefined ? undefined : showIdOf(db, show)
}

/** The same for whatever has a history; here the show and the booking must exist. */
export async function historyIdsOf(db: Database, of: HistoryOf): Promise<HistoryOf> {
  if ('booking' in of) return { booking: (await viewBooking(db, of.booking)).id }
  return { ...of, show: (await findShow(db, of.show)).id }
}

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
