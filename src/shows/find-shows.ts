import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { TicketsError } from '../shared/errors.js'
import { isId } from '../shared/ids.js'
import { quote } from '../shared/quote.js'
import { formatStartTime } from '../shared/time/format-time.js'
import { datesOf, isOnDate, parseShowDate, type ShowDate } from '../shared/time/show-dates.js'
import { withPlans } from './plans.js'
import { listShows, type Show, type ShowRow, selectShows, toShow } from './shows.js'

/** Chooses among several shows of the same name. */
export interface FindOptions {
  /** The day '2031-03-01' or the minute '2031-03-01 19:30', in each show's own time zone. */
  date?: string | undefined
}

/** The maximum number of shows to read. */
const MOST = 1000
/** How many shows an error names. */
const NAMED = 10

/**
 * Finds the one show that `name` means: an id, the beginning of an id (at least 4 characters), or a
 * name. Names are compared as canonical texts (see `canonicalText`); without an exact match, case
 * is ignored. `date` chooses among several. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, and INVALID_INPUT
 * for an invalid date.
 */
export async function findShow(
  db: Database,
  name: string,
  { date }: FindOptions = {},
): Promise<Show> {
  const on = date === undefined ? undefined : parseShowDate(date)
  const shows = await showsMeant(db, name, on, on ? MOST : NAMED + 1)
  const [show] = shows
  if (show === undefined) throw await notFound(db, name, on)
  if (shows.length > 1) throw ambiguous(name, shows)
  return show
}

/**
 * Finds all shows that `name` means: first upcoming shows, the next one first, then past ones, the
 * latest first; at most 1000. Throws INVALID_INPUT for an invalid date.
 */
export async function findShows(
  db: Database,
  name: string,
  { date }: FindOptions = {},
): Promise<Show[]> {
  return showsMeant(db, name, date === undefined ? undefined : parseShowDate(date), MOST)
}

/**
 * A whole id takes precedence over a name, and an exact name over one in another case. The beginning
 * of an id does not: a show's name may look like one, as "ABBA" or "1984" does.
 */
async function showsMeant(
  db: Database,
  name: string,
  on: ShowDate | undefined,
  limit: number,
): Promise<Show[]> {
  if (name.includes('\0')) return []
  const { knex } = db
  const range = idRange(name)
  const byId = range && knex('shows').select('id', as(knex, MATCH.id)).whereBetween('id', range)
  const isWhole = isId(name)
  if (byId && isWhole) {
    const shows = await nearest(db, byId, on, limit)
    if (shows.length > 0) return shows
  }
  const match = `case when canonical_text(name) = canonical_text(?) then ${MATCH.name} else ${MATCH.fold} end`
  const byName = knex('shows')
    .select('id', as(knex, match, name))
    // Must match the expression of the index on names word for word.
    .whereRaw('folded_text(name) collate "C" = folded_text(?)', [name])
  return nearest(db, byId && !isWhole ? byName.unionAll(byId) : byName, on, limit)
}

/** How a show matches a text, the surest first: its name, the beginning of its id, in another case. */
const MATCH = { name: 1, id: 2, fold: 3 }

function as(knex: Knex, match: string | number, ...values: string[]): Knex.Raw {
  return knex.raw(`${match} as match`, values)
}

/** Returns the first of these shows in the order of `findShows`. */
async function nearest(
  db: Database,
  meant: Knex.QueryBuilder,
  on: ShowDate | undefined,
  limit: number,
): Promise<Show[]> {
  const each = db.knex.select('id').min('match as match').from(meant.as('matches')).groupBy('id')
  const rows = await withRetry(db, async () => {
    const shows = selectShows(db.knex)
      // Materialized, so that PostgreSQL does not scan the index of that order to find them.
      .withMaterialized('meant', each)
      .select<(ShowRow & { match: number })[]>('match')
      .join('meant', 'meant.id', 'shows.id')
      .orderByRaw(
        `match = ${MATCH.fold}, start_time <= now(), abs(extract(epoch from start_time - now())), shows.id`,
      )
      .limit(limit)
    if (on !== undefined) shows.whereBetween('start_time', [on.earliest, on.latest])
    return withPlans(db.knex, await shows)
  })
  const found = rows
    .map((row) => ({ show: toShow(row), match: row.match }))
    .filter(({ show }) => on === undefined || isOnDate(show, on))
  const isNamed = found.some(({ match }) => match === MATCH.name)
  return found.filter(({ match }) => !(isNamed && match === MATCH.fold)).map(({ show }) => show)
}

const ID_SHAPE = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'

/** The range of ids that begin with `prefix`, for the primary key's index. */
function idRange(prefix: string): [string, string] | undefined {
  const isPrefix =
    prefix.length >= 4 &&
    prefix.length <= ID_SHAPE.length &&
    [...prefix].every((char, i) => (ID_SHAPE[i] === '-' ? char === '-' : /[0-9a-f]/i.test(char)))
  if (!isPrefix) return undefined
  const rest = ID_SHAPE.slice(prefix.length)
  return [prefix + rest.replaceAll('x', '0'), prefix + rest.replaceAll('x', 'f')]
}

async function notFound(
  db: Database,
  name: string,
  on: ShowDate | undefined,
): Promise<TicketsError> {
  const others = on === undefined ? [] : await showsMeant(db, name, undefined, NAMED + 1)
  if (others.length > 0) {
    return new TicketsError(
      'SHOW_NOT_FOUND',
      `${quote(name)} is not on ${quote(on!.text)}. It is on ${listed(others.map(timeOf))}.`,
    )
  }
  const meant = await namesLike(db, name)
  const help = meant === '' ? '`tickets show list` shows them all.' : `Did you mean ${meant}?`
  return new TicketsError('SHOW_NOT_FOUND', `There is no show ${quote(name)}. ${help}`)
}

/** The quoted names of shows with words that begin like these; empty if there are none. */
async function namesLike(db: Database, name: string): Promise<string> {
  if (!/\p{L}/u.test(name) || name.length > 200) return ''
  const names = new Set<string>()
  for await (const show of listShows(db, { search: name, limit: 3 })) names.add(quote(show.name))
  return [...names].join(' or ')
}

/** Includes the times, because the shows of a series share a name. */
function ambiguous(name: string, shows: Show[]): TicketsError {
  const begun = idRange(name) ? shows.filter(({ id }) => id.startsWith(name.toLowerCase())) : []
  const dates = datesOf(shows)
  const choices = shows.map((show, at) => {
    const time = timeOf(show)
    if (begun.length === 0) return dates[at] === undefined ? `${show.id} (${time})` : time
    return `${show.id} (${quote(show.name)}, ${time})`
  })
  const date = dates.find((each) => each !== undefined)
  const way =
    begun.length === shows.length
      ? 'Give more of the id.'
      : begun.length > 0 || date === undefined
        ? 'Give the id of one.'
        : `Choose one by its date, such as --date ${date}.`
  return new TicketsError(
    'AMBIGUOUS_ID',
    `${quote(name)} means more than one show: ${listed(choices)}. ${way}`,
  )
}

function timeOf({ startTime, timeZone }: Show): string {
  return formatStartTime(startTime, timeZone)
}

function listed(texts: string[]): string {
  return [...texts.slice(0, NAMED), ...(texts.length > NAMED ? ['…'] : [])].join(', ')
}
